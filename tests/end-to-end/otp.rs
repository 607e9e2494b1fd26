//! One-time-programmable memory: example r3, and single boards of it.

use std::fs;

use waxseal_tests::{Project, repository};

use crate::empty;

/// PKCS#8 of the example's key `line`: everybody knows it. Its seed is 32 bytes of 2.
pub const LINE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC\n\
    -----END PRIVATE KEY-----\n";

/// Example r3 in a folder of its own.
pub fn r3() -> Project {
    let project = empty();
    for name in ["r3.toml", "boards.csv", "keys/release.pub.pem", "keys/line.pub.pem"] {
        project.write(name, fs::read(repository().join("examples/r3").join(name)).unwrap());
    }
    project
}

/// Example r3 with a ledger, and records that leave the addresses to it.
pub fn line() -> Project {
    let project = r3();
    project.write("line.pem", LINE);
    let records = String::from_utf8(project.read("boards.csv")).unwrap();
    let without: Vec<&str> = records.lines().map(|line| line.rsplit_once(',').unwrap().0).collect();
    project.write("boards.csv", without.join("\n") + "\n");
    project.waxseal("ledger init --ledger line.db").exits(0);
    project
}

/// Builds the first stage of [`line`].
pub const BUILD: &str = "otp build r3.toml --records boards.csv --stage identity --key line.pem --ledger line.db \
                     --at 2026-11-19T10:00:00Z --out out";

/// The memory and its lock bytes as a board has them after its data was programmed.
pub fn programmed(project: &Project, board: &str) -> Vec<u8> {
    let mut dump = vec![0xFF; 1024 + 16];
    dump[..64].copy_from_slice(&project.read(&format!("out/identity/{board}/data.bin")));
    dump
}

#[test]
fn the_blocks_and_what_lies_in_them() {
    let project = r3();
    let map = project.waxseal("map r3.toml").exits(0).stdout;
    let page = fs::read_to_string(repository().join("examples/r3/README.md")).unwrap();
    assert!(page.contains(&map), "{map}");
    let json = project.waxseal("map r3.toml --format json").exits(0).json();
    let otp = &json["result"]["otp"];
    assert_eq!((otp["used"].as_u64(), otp["fields"].as_array().map(Vec::len)), (Some(358), Some(8)));
}

/// Bytes beside a field in a unit that is programmed once are not free.
#[test]
fn what_a_unit_spends_is_not_free() {
    let project = crate::otp_golden::PARTS[2].project();
    project.waxseal("map l476.toml").exits(0).says(&[
        "  40-43    0x1FFF_7040  line    line-crc\n",
        "  44-47    0x1FFF_7044          spent: in a unit of 8 bytes with line-crc\n",
        "  50-7F    0x1FFF_7050          free, 48 bytes\n",
    ]);
}

#[test]
fn a_check_says_how_much_is_used() {
    let said = ["note: OTP: 8 fields, 2 stages, 358 of 1024 bytes used", "0 errors, 1 warning", "WX0129"];
    r3().waxseal("check r3.toml").exits(0).says(&said);
}

#[test]
fn flash_and_otp_in_one_map() {
    let project = empty();
    let manifest = repository().join("tests/manifests/good_otp_counter.toml");
    project.write("m.toml", fs::read(manifest).unwrap());
    project.waxseal("map m.toml").exits(0).says(&["security counter", "rollback 40-7F: 64 steps, a byte each"]);
}

/// The boot loader counts in OTP, whatever the power does meanwhile.
#[test]
fn a_counter_in_otp_survives_power_cuts() {
    let project = empty();
    project.write("m.toml", fs::read(repository().join("tests/manifests/good_otp_counter.toml")).unwrap());
    project.waxseal("simulate m.toml --cuts 1").exits(0).says(&["downgrade", "survived"]);
}

/// There is nothing to build or to link in a manifest about OTP alone, and that is said.
#[test]
fn no_image_is_made_of_otp_alone() {
    let project = r3();
    project.waxseal("build r3.toml --key none.pem --out out").exits(1).says(&["no image"]);
    assert_eq!(project.list("out"), [] as [String; 0]);
}

/// What the station programs is not what is sealed: who has the raw data judged is told which file to give.
#[test]
fn no_image_is_judged_by_otp_alone() {
    let project = r3();
    project.waxseal("otp build r3.toml --records boards.csv --stage identity --out out").exits(0);
    let verify = "verify out/identity/WX2511000101/data.bin --manifest r3.toml";
    project.waxseal(verify).exits(2).says(&["r3.toml has no image", "board.otp"]);
}

#[test]
fn binaries_locks_and_a_sheet_for_each_board() {
    let project = r3();
    let run = project.waxseal("otp build r3.toml --records boards.csv --out out").exits(0);
    run.says(&["boards.csv: 3 boards", "no --key: no blob is sealed", "Nothing was written to any board."]);
    for board in ["WX2511000101", "WX2511000102", "WX2511000103"] {
        assert_eq!(project.list(&format!("out/identity/{board}")), ["data.bin", "lock.bin"]);
        let data = project.read(&format!("out/identity/{board}/data.bin"));
        assert_eq!((data.len(), &data[..12]), (64, board.as_bytes()));
        let locks = project.read(&format!("out/identity/{board}/lock.bin"));
        assert_eq!((locks.len(), locks[0], &locks[1..]), (16, 0, &[0xFF; 15][..]));
        assert_eq!(project.read(&format!("out/security/{board}/data.bin")).len(), 64);
        assert_eq!(project.read(&format!("out/security/{board}/lock.bin"))[..2], [0xFF, 0]);
    }
    let sheet = String::from_utf8(project.read("out/identity/sheet.txt")).unwrap();
    let line = "STM32_Programmer_CLI -c port=swd -w WX2511000101/data.bin 0x1FF0F000 -v\n";
    assert!(sheet.contains(line), "{sheet}");
    // Nothing is burnt before somebody was shown what the board has: the check, the data, the lock.
    let place = |text: &str| sheet.find(text).unwrap();
    let places = ["  read ", "  check ", "  data ", "  lock "].map(place);
    assert!(places.is_sorted(), "{sheet}");
    assert!(
        sheet.contains("2. data: only if the check says that it can be programmed\n3. read and check again\n"),
        "{sheet}"
    );
}

#[test]
fn the_same_records_give_the_same_files() {
    let project = r3();
    project.write("line.pem", LINE);
    for out in ["a", "b"] {
        project.waxseal(&format!("otp build r3.toml --records boards.csv --key line.pem --out {out}")).exits(0);
    }
    for file in ["data.bin", "lock.bin", "board.otp"] {
        let read = |out: &str| project.read(&format!("{out}/identity/WX2511000102/{file}"));
        assert_eq!(read("a"), read("b"), "{file}");
    }
    assert_eq!(project.read("a/identity/sheet.txt"), project.read("b/identity/sheet.txt"));
}

#[test]
fn a_board_from_blank_to_locked() {
    let project = r3();
    project.waxseal("otp build r3.toml --records boards.csv --out out").exits(0);
    let plan = "otp plan r3.toml --records boards.csv --stage identity --board WX2511000101 --readback dump.bin";
    project.write("dump.bin", [0xFF; 1040]);
    let run = project.waxseal(plan).exits(0);
    run.says(&["serial        WX2511000101", "to be programmed, for ever: 64 bytes at 0x1FF0_F000", "held back"]);
    let mut dump = programmed(&project, "WX2511000101");
    project.write("dump.bin", &dump);
    project.waxseal(plan).exits(0).says(&["there already", "can be locked, for ever", "the next step is the lock"]);
    dump[1024] = 0;
    project.write("dump.bin", &dump);
    project.waxseal(plan).exits(0).says(&["locked already", "nothing to do"]);
    let json = project.waxseal(&format!("{plan} --format json")).exits(0).json();
    assert_eq!((json["command"].as_str(), json["result"]["done"].as_bool()), (Some("otp"), Some(true)));
    dump[1024] = 0x7F;
    project.write("dump.bin", &dump);
    project.waxseal(plan).exits(1).says(&["0x7F: neither open nor locked"]);
}

/// Another board's content: refused, with the bits that stand in the way, and whose board it is.
#[test]
fn the_wrong_board_is_told() {
    let project = r3();
    project.waxseal("otp build r3.toml --records boards.csv --out out").exits(0);
    project.write("dump.bin", programmed(&project, "WX2511000101"));
    let plan = "otp plan r3.toml --records boards.csv --stage identity --board WX2511000102 --readback dump.bin";
    project.waxseal(plan).exits(1).says(&[
        "impossible     0x1FF0_F00B  31 -> 32: bit 1 is 0 and cannot become 1",
        "refused: 3 of 6 fields",
        "it has what board WX2511000101 is to have",
    ]);
    project.write("short.bin", [0xFF; 100]);
    let run = project.waxseal(&plan.replace("dump.bin", "short.bin")).exits(1);
    run.says(&["a dump of 100 bytes: the memory has 1024, or 1040 with its lock bytes"]);
    project.waxseal(&plan.replace("WX2511000102", "WX1")).exits(1).says(&["boards.csv has no board WX1"]);
    project.waxseal(&plan.replace("identity", "idenity")).exits(2).says(&["identity, security"]);
}

/// Where a unit is programmed once, its right bytes are refused with the wrong one: it is the wrong one that is shown.
#[test]
fn a_wrong_bit_in_a_unit_is_named() {
    let golden = &crate::otp_golden::PARTS[2];
    let project = golden.project();
    golden.build(&project);
    let data = project.read("out/line/L4-1/data-1FFF7000.bin");
    let plan = |change: &dyn Fn(&mut [u8])| {
        let mut dump = vec![0xFF; 1024];
        dump[..data.len()].copy_from_slice(&data);
        change(&mut dump);
        project.write("dump.bin", dump);
        project.waxseal(
            "otp plan l476.toml --records boards.csv --secrets secrets --stage line --board L4-1 --readback dump.bin",
        )
    };
    let wrong = format!("0x1FFF_7003  {:02X} -> {:02X}", data[3] ^ 1, data[3]);
    let run = plan(&|dump| dump[3] ^= 1).exits(1);
    run.says(&["refused: 1 of ", &wrong, "units of 8 bytes are programmed once, and this one was"]);
    // One bit in a unit that is blank otherwise: it is what stands in the way.
    let run = plan(&|dump| {
        dump.fill(0xFF);
        dump[3] = 0xFE;
    });
    run.exits(1).says(&[&format!("impossible        0x1FFF_7003  FE -> {:02X}", data[3])]);
    // Of a piece that is there in part, only the rest is programmed.
    plan(&|dump| dump[8..].fill(0xFF)).exits(0).says(&[
        "to be programmed, for ever: 8 bytes at 0x1FFF_7008\n  and no more: others of the 16 bytes at 0x1FFF_7000 are there",
    ]);
}

#[test]
fn what_firmware_reads() {
    let project = r3();
    project.waxseal("otp build r3.toml --records boards.csv --out out").exits(0);
    let mut dump = programmed(&project, "WX2511000103");
    dump[0x80..0x83].fill(0);
    project.write("dump.bin", &dump);
    let run = project.waxseal("otp show r3.toml --readback dump.bin").exits(0);
    run.says(&[
        "serial        WX2511000103",
        "made          2026-11-20",
        "rollback      3 of 256 steps",
        "Blank (804)",
    ]);
    project.write("blank.bin", [0xFF; 1024]);
    let run = project.waxseal("otp diff r3.toml blank.bin dump.bin").exits(0);
    run.says(&["revision: Blank (804) -> C1 (4 bytes differ)", "rollback: 0 of 256 steps -> 3 of 256 steps"]);
    // A bit of the serial is lost: the sum is wrong.
    dump[3] &= !0x10;
    project.write("dump.bin", &dump);
    project.waxseal("otp show r3.toml --readback dump.bin").exits(1).says(&["Sum (807)"]);
}

#[test]
fn a_place_for_a_further_field() {
    let project = r3();
    assert_eq!(
        project.waxseal("otp place r3.toml --size 8 --stage identity").exits(0).stdout,
        "at = 0x22   # 0x1FF0_F022\n"
    );
    assert_eq!(project.waxseal("otp place r3.toml --size 64").exits(0).stdout, "at = 0x180   # 0x1FF0_F180\n");
    project.waxseal("otp place r3.toml --size 2000").exits(1).says(&["no room for 2000 bytes"]);
}

/// Secrets come from a folder for each board, and only their digest is shown.
#[test]
fn secrets_are_not_shown() {
    let project = empty();
    let manifest = fs::read(repository().join("tests/manifests/good_otp_of_units.toml")).unwrap();
    project.write("m.toml", manifest);
    project.write("boards.csv", "serial,color,address\nA1,red,00:00:5E:00:53:00:00:00\n");
    let build = "otp build m.toml --records boards.csv --out out";
    project.waxseal(build).exits(1).says(&["where is the secret `token`? --secrets DIR"]);
    project.write("secrets/A1/token", b"0123456789abcdef");
    project.waxseal(&format!("{build} --secrets secrets")).exits(0);
    let data = project.read("out/line/A1/data.bin");
    assert_eq!(data[0x30..0x40], *b"0123456789abcdef");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(project.path("out/line/A1/data.bin")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else may read a secret");
    }
    project.write("dump.bin", vec![0xFF; 1024]);
    let plan = "otp plan m.toml --records boards.csv --secrets secrets --board A1 --readback dump.bin";
    let sheet = String::from_utf8(project.read("out/line/sheet.txt")).unwrap();
    assert!(sheet.contains("--board A1 --readback A1.read.bin --secrets secrets\n"), "{sheet}");
    let run = project.waxseal(plan).exits(0).says(&["secret, sha256 "]);
    assert!(!run.stdout.contains("3031") && !run.stdout.contains("0123456789abcdef"), "{}", run.stdout);
}

/// The page of the example shows what the commands say, from the records to a board that was read back: all of them are run.
#[cfg(unix)]
#[test]
fn the_page_is_true() {
    let project = r3();
    project.write("line.pem", LINE);
    let run = crate::readme::runs_as_shown(&repository().join("examples/r3/README.md"), &project);
    assert_eq!(run, 25);
}

/// What the line is told of power cuts: nothing is waste where bits are cleared alone, a torn unit is elsewhere, and a field without
/// redundancy is a finding.
#[test]
fn a_line_with_power_cuts() {
    let project = r3();
    let simulate = "otp simulate r3.toml --records boards.csv --cuts 1";
    let json = project.waxseal(&format!("{simulate} --format json")).exits(0).json()["result"].clone();
    assert_eq!((json["board"].as_str(), json["seed"].as_u64()), (Some("WX2511000101"), Some(1)));
    let rows = json["rows"].as_array().unwrap();
    let titles: Vec<_> = rows.iter().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["identity, data", "identity, lock", "security, data", "security, lock"]);
    for row in rows {
        let count = |kind: &str| row[kind]["runs"].as_u64().unwrap();
        let ends = count("by_hand") + count("waste") + count("weak") + count("unnoticed");
        assert_eq!(row["runs"].as_u64(), Some(row["done"].as_u64().unwrap() + ends));
        assert_eq!((count("waste"), count("unnoticed")), (0, 0), "{row}");
    }
    // Numbers that a ledger will give out are needed for nothing here.
    line().waxseal(simulate).exits(0).says(&["WX2511000101 on STM32F746VG", "0          0\n"]);
    project.waxseal(&format!("{simulate} --board WX9")).exits(1).says(&["boards.csv has no board WX9"]);

    let golden = &crate::otp_golden::PARTS[2];
    let project = golden.project();
    let simulate = "otp simulate l476.toml --records boards.csv --secrets secrets --cuts 3 --board L4-2 --seed 9";
    let run = project.waxseal(simulate).exits(1);
    let run = run.says(&["L4-2 on STM32L476RG", "3 cuts anywhere", "waste: the plan refuses the board"]);
    let run = run.says(&[
        "is waste, even if it reads right",
        "unnoticed: ",
        "`address`",
        "help: complement = true, copies = 3",
    ]);
    assert_eq!(project.waxseal(simulate).exits(1).stdout, run.stdout);
}
