//! JSON.md has a row for each command that answers with JSON, and the row names each member of its result.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use waxseal_tests::{Project, Run, repository};

use crate::{WAXSEAL, empty, r1b};

/// Command lines of one project, in their order; a `#` separates the command from its arguments.
const IMAGES: &[&str] = &[
    "check # r1b.toml",
    "build # r1b.toml --key keys/release.pem --out out --no-factory",
    "show # r1b.toml",
    "map # r1b.toml",
    "simulate # r1b.toml --seed 7 --scenario install --replay 14:before",
    "verify # out/app.a.bin --manifest r1b.toml --revision B",
    "verify # out/app.a.bin --manifest r1b.toml --revision D",
    "verify # out/app.a.hex --manifest r1b.toml --without revision",
    "verify # out/gateway-1.4.0.release --manifest r1b.toml --revision B",
    "verify # out/layout.bin --manifest r1b.toml",
    "verify # out/app.b.bin --manifest r1b.toml --slot a --revision B",
    "inspect # out/app.a.bin",
    "inspect # out/layout.bin",
    "inspect # trust.bin",
    "compare # out/app.a.bin out/app.b.bin --manifest r1b.toml",
    "plan # --manifest r1b.toml --from out/app.a.bin --to out/app.a.bin",
    "diff # out/app.a.bin out/app.b.bin",
    "preflight # r1b.toml --option-bytes board.txt",
    "flash # out/gateway-1.4.0.release --manifest r1b.toml --revision B --yes --device simulated:STM32F767ZI,nDBANK=0,nDBOOT=1,BOOT_ADD0=0x2000,nWRP=0xFFF,RDP=0@board.bin",
    "unprotect # --device simulated:STM32F746VG,RDP=1@protected.bin --yes",
    "explain # WX0115",
    "new # --part STM32F767ZI --mode nDBANK=0",
    "key new # another",
    "key public # another.pem",
    "key id # another.pem",
    "devices # STM32F767ZI",
    "devices # W25Q128",
    "devices # STM32F767",
    "gen linker # r1b.toml --slot a",
    "gen c-header # r1b.toml",
    "gen rust # r1b.toml",
    "gen option-bytes # r1b.toml",
    "gen trust # r1b.toml -o other.bin",
    "sign export # waits/pending",
    "sign attach # waits/pending app.a.bin.sig app.b.bin.sig layout.bin.sig gateway-1.4.0.release.sig --manifest external.toml",
];

const MEMORY: &[&str] = &[
    "gen mpu # r2.toml --as c",
    "gen otp-c # r3.toml",
    "gen otp-rust # r3.toml",
    "ledger init # --ledger line.db",
    "otp build # r3.toml --records boards.csv --ledger line.db --out out",
    "otp plan # r3.toml --records boards.csv --stage identity --board WX2511000101 --readback blank.bin --ledger line.db",
    "otp show # r3.toml --readback blank.bin",
    "otp diff # r3.toml blank.bin blank.bin",
    "otp place # r3.toml --size 4",
    "otp simulate # r3.toml --records boards.csv",
    "otp burn # r3.toml --records boards.csv --stage identity --board WX2511000101 --confirm WX2511000101 --record record.csv --device simulated:STM32F746VG@board.bin",
    "ledger record # WX2511000101 --state written --ledger line.db",
    "ledger board # WX2511000101 --ledger line.db",
    "ledger boards # --state issued --ledger line.db",
    "ledger head # --ledger line.db",
    "ledger export # --out line.csv --ledger line.db",
    "ledger verify # --ledger line.db",
    "ledger import # record.csv --ledger line.db",
];

fn images() -> Project {
    let project = r1b();
    project.write("board.txt", "nDBANK=0\n");
    project.waxseal("gen trust r1b.toml -o trust.bin").exits(0);
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    project.write("external.toml", manifest.replace("[keys.release]", "[keys.release]\nsigner = \"external\""));
    project.waxseal("build external.toml --out waits --lock waits.lock").exits(0);
    project.waxseal("sign export waits/pending").exits(0);
    for file in ["app.a.bin", "app.b.bin", "layout.bin", "gateway-1.4.0.release"] {
        let sign =
            format!("pkeyutl -sign -rawin -inkey keys/release.pem -in waits/pending/{file}.tosign -out {file}.sig");
        Run::of(Command::new("openssl").current_dir(project.path(".")).args(sign.split(' '))).exits(0);
    }
    project
}

fn memory() -> Project {
    let project = Project::empty(WAXSEAL);
    for (example, name) in [("r3", "r3.toml"), ("r3", "boards.csv"), ("r2", "r2.toml")] {
        project.write(name, fs::read(repository().join("examples").join(example).join(name)).unwrap());
    }
    fs::create_dir(project.path("keys")).unwrap();
    project.waxseal("key new keys/line").exits(0);
    project.waxseal("key new keys/release").exits(0);
    project.write("blank.bin", [0xFF; 1040]);
    project
}

/// The rows of JSON.md by their commands.
fn rows() -> Vec<(Vec<String>, String)> {
    let document = fs::read_to_string(repository().join("crates/waxseal/JSON.md")).unwrap();
    let row = |line: &str| {
        let (commands, members) = line.strip_prefix("| `")?.split_once(" | ")?;
        let commands = commands.split(", ").map(|command| command.trim_matches('`').to_owned()).collect();
        Some((commands, members.to_owned()))
    };
    document.lines().filter_map(row).collect()
}

#[test]
fn each_command_s_result_is_documented() {
    let rows = rows();
    let (images, memory) = (images(), memory());
    let mut tried = BTreeSet::new();
    let mut missing = Vec::new();
    for (project, lines) in [(&images, IMAGES), (&memory, MEMORY)] {
        for line in lines {
            let (command, arguments) = line.split_once(" # ").unwrap();
            let run = project.waxseal(&format!("{command} {arguments} --format json"));
            // A line that says nothing about the result proves nothing.
            if run.exit == Some(2) {
                missing.push(format!("{line}: {}", run.stderr));
                continue;
            }
            let object = run.json();
            let first = command.split(' ').next().unwrap();
            assert_eq!(object["command"], first, "{line}");
            let row = rows.iter().find(|(commands, _)| commands.iter().any(|row| row == command || row == first));
            let Some((_, members)) = row else { panic!("JSON.md has no row for {command}") };
            let Some(result) = object["result"].as_object() else {
                missing.push(format!("{line}: no result: {}", object["failure"]));
                continue;
            };
            let unknown = result.keys().filter(|name| !members.contains(&format!("`{name}`")));
            missing.extend(unknown.map(|name| format!("{line}: {name}")));
            tried.insert(command.replace(' ', "-"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert_eq!(tried, answering());
}

/// The commands that take `--format json` and have no commands below, by their manual pages.
fn answering() -> BTreeSet<String> {
    let project = empty();
    project.waxseal("man man1").exits(0);
    let of_page = |name: String| {
        let page = String::from_utf8(project.read(&format!("man1/{name}"))).unwrap();
        let command = name.strip_prefix("waxseal-")?.strip_suffix(".1")?.to_owned();
        page.contains(r"\-\-format").then_some(command)
    };
    let all: BTreeSet<String> = project.list("man1").into_iter().filter_map(of_page).collect();
    let has_others = |command: &String| all.iter().any(|other| other.starts_with(&format!("{command}-")));
    all.iter().filter(|command| !has_others(command)).cloned().collect()
}
