//! Many boards at once: as files, as one stream, and killed in between.

use std::fs;
use std::process::{Command, Stdio};

use waxseal_tests::{Project, Run};

use crate::otp::{BUILD, LINE, line, r3};
use crate::otp_ledger::address;

/// A batch has more files than a process may have open.
#[cfg(unix)]
#[test]
fn a_batch_of_boards() {
    let project = r3();
    project.edit("r3.toml", "00:00:5E:00:53:FF", "00:00:5E:00:FF:FF");
    let row = |board: u32| {
        let [_, _, high, low] = (0x5300 + 2 * board).to_be_bytes();
        format!("WX{board},C,2026-11-19,00:00:5E:00:{high:02X}:{low:02X}\n")
    };
    let rows: String = (0..100).map(row).collect();
    project.write("batch.csv", format!("serial,revision,made,mac\n{rows}"));
    let waxseal = project.command(["otp"]).get_program().to_owned();
    let line = "ulimit -n 64; exec \"$0\" otp build r3.toml --records batch.csv --out out";
    let run = Run::of(Command::new("sh").args(["-c", line]).arg(waxseal).current_dir(project.path("")));
    run.exits(0).says(&["batch.csv: 100 boards", "404 files"]);
    assert_eq!(project.list("out/identity").len(), 102);
}

/// Runs a program on a file of the project; its standard output.
fn program(project: &Project, program: &str, arguments: &[&str]) -> Run {
    Run::of(Command::new(program).args(arguments).current_dir(project.path("")))
}

/// One stream has what the folder has, and tells by itself whether it is whole.
#[test]
fn a_stream_of_all_boards() {
    let project = r3();
    project.write("line.pem", LINE);
    let build = "otp build r3.toml --records boards.csv --key line.pem";
    project.waxseal(&format!("{build} --out out")).exits(0);
    project
        .waxseal(&format!("{build} --tar all.tar"))
        .exits(0)
        .says(&["22 files", "identity/WX2511000101/data.bin  64"]);
    fs::create_dir(project.path("there")).unwrap();
    let listed = program(&project, "tar", &["--list", "--verbose", "--file", "all.tar"]).exits(0).stdout;
    assert!(listed.lines().all(|line| line.starts_with("-rw-r--r-- 0/0") && line.contains("1970-01-01")), "{listed}");
    assert!(listed.lines().last().unwrap().ends_with(" security/SHA256SUMS"), "{listed}");
    program(&project, "tar", &["--extract", "--file", "all.tar", "--directory", "there"]).exits(0);
    program(&project, "diff", &["--recursive", "out", "there"]).exits(0);
    for stage in ["identity", "security"] {
        let check = format!("cd there/{stage} && sha256sum --check --strict SHA256SUMS");
        let checked = program(&project, "sh", &["-c", &check]).exits(0).stdout;
        assert_eq!(checked.lines().filter(|line| line.ends_with(": OK")).count(), 3 * 3 + 1, "{checked}");
    }
    // The same bytes again, also through a pipe, where what is told goes to the other stream.
    let waxseal = project.command(["otp"]).get_program().to_owned();
    let line = format!("exec \"$0\" {build} --tar - > piped.tar");
    let piped = Command::new("sh").args(["-c", &line]).arg(waxseal).current_dir(project.path("")).output().unwrap();
    assert!(piped.status.success() && String::from_utf8(piped.stderr).unwrap().contains("22 files"));
    assert_eq!(project.read("piped.tar"), project.read("all.tar"));
    // What is refused leaves no file, and a file that was there stays.
    project.edit("boards.csv", "WX2511000102", "WX2511000101");
    project.waxseal(&format!("{build} --tar all.tar")).exits(1);
    assert_eq!(project.read("piped.tar"), project.read("all.tar"));
    project.waxseal(&format!("{build} --tar new.tar")).exits(1);
    assert!(!project.path("new.tar").exists());
    project.waxseal(&format!("{build} --tar new.tar --out out")).exits(2);
    project.waxseal(build).exits(2).says(&["--out <DIR>|--tar <FILE>"]);
}

/// Killed at any time, the same command finishes the work: nothing is lost, nothing is there twice.
/// `WAXSEAL_TEST_KILLS` says how often.
#[test]
fn a_build_that_is_killed_resumes() {
    const BOARDS: usize = 40;
    let kills = std::env::var("WAXSEAL_TEST_KILLS").map_or(20, |text| text.parse::<u64>().unwrap());
    let project = line();
    let rows: String = (0..BOARDS).map(|n| format!("WX26{n:08},C,2026-11-20\n")).collect();
    project.write("boards.csv", format!("serial,revision,made\n{rows}"));
    // Kills are spread over the time that a run takes: one of another project tells.
    let twin = line();
    twin.write("boards.csv", project.read("boards.csv"));
    let start = std::time::Instant::now();
    twin.waxseal(BUILD).exits(0);
    let step = start.elapsed() / 16;
    for kill in 0..kills {
        // Half of them into an empty folder.
        if kill % 2 == 0 {
            let _ = fs::remove_dir_all(project.path("out"));
        }
        let mut command = project.command(BUILD.split_whitespace());
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(step * u32::try_from(kill * 7 % 17).unwrap());
        let _ = child.kill();
        child.wait().unwrap();
        // Complete or absent, board by board, whenever it was killed.
        for n in 0..BOARDS {
            let file = project.path(&format!("out/identity/WX26{n:08}/board.otp"));
            assert!(!file.exists() || fs::metadata(&file).unwrap().len() == 1024 + 64 + 64 + 16, "{n}");
        }
        project.waxseal("ledger verify --ledger line.db").exits(0);
    }
    project.waxseal(BUILD).exits(0).says(&["40 boards"]);
    let mut addresses: Vec<u8> = (0..BOARDS).map(|n| address(&project, &format!("WX26{n:08}"))).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, (0..BOARDS).map(|n| u8::try_from(n * 2).unwrap()).collect::<Vec<_>>());
    let json = project.waxseal("ledger verify --ledger line.db --format json").exits(0).json();
    let result = &json["result"];
    // A name and two addresses each; a row for the allocation and one for the files.
    assert_eq!((result["boards"]["issued"].as_u64(), result["values"].as_u64()), (Some(40), Some(120)));
    let head = project.waxseal("ledger head --ledger line.db").exits(0).stdout;
    assert!(head.starts_with("80 "), "{head}");
}
