//! The line's ledger where several stations share it: a real PostgreSQL server, at the command.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};

use waxseal_tests::{Project, Run, Server};

use crate::otp::line;

/// Example r3 without the ledger in a file, and records that leave the addresses to the ledger.
fn station() -> Project {
    let project = line();
    for name in ["line.db", "line.db.key"] {
        std::fs::remove_file(project.path(name)).unwrap();
    }
    project
}

const BUILD: &str = "otp build r3.toml --records boards.csv --stage identity --key line.pem --out out \
                     --at 2026-11-19T10:00:00Z --ledger";
const AT: &str = "--at 2026-11-19T11:00:00Z --station S1 --operator kim --ledger";

#[test]
fn a_ledger_on_a_server_is_used_as_one_in_a_file() {
    let mut server = Server::start();
    let project = station();
    let url = server.database();
    project.waxseal(&format!("ledger head --ledger {url}")).exits(3).says(&["there is no ledger at postgres://line@"]);
    project.waxseal(&format!("ledger init --ledger {url} --ledger-key line.key")).exits(0).says(&["line.key"]);
    project.waxseal(&format!("ledger init --ledger {url}")).exits(4).says(&["a ledger at postgres://line@"]);
    let taken = "mac: 256 of 256 left, 00:00:5E:00:53:00 to 00:00:5E:00:53:05 taken now, 250 left";
    project.waxseal(&format!("{BUILD} {url}")).exits(0).says(&["3 boards", taken, "rows 4 to 6"]);
    let blob = project.read("out/identity/WX2511000102/board.otp");
    project.waxseal(&format!("{BUILD} {url}")).exits(0).says(&["none taken now", "knew it all"]);
    assert_eq!(project.read("out/identity/WX2511000102/board.otp"), blob);
    let mut command = project.command(["ledger", "head"]);
    let head = Run::of(command.env("WAXSEAL_LEDGER", &url)).exits(0).stdout;
    project.write("noted.head", head);
    for state in ["written", "verified", "locked"] {
        project.waxseal(&format!("ledger record WX2511000101 --state {state} {AT} {url}")).exits(0);
    }
    let late = project.waxseal(&format!("ledger record WX2511000102 --state locked {AT} {url}")).exits(1);
    late.says(&["WX2511000102 is issued: it cannot become locked"]);
    project.waxseal(&format!("ledger board WX2511000101 --ledger {url}")).exits(0).says(&["WX2511000101: locked"]);
    let verify = format!("ledger verify --head noted.head --ledger {url}");
    project.waxseal(&verify).exits(0).says(&["9 rows, chain ok", "the head of row 6 is in it"]);
    project.waxseal(&format!("ledger export --out line.csv --key line.pem --ledger {url}")).exits(0).says(&["9 rows"]);
    project
        .waxseal("ledger verify --export line.csv --head line.csv.head --signature line.csv.head.sig --public keys/line.pub.pem")
        .exits(0)
        .says(&["9 rows, chain ok", "signed by"]);
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    client.batch_execute("UPDATE event SET operator = 'eve' WHERE number = 7").unwrap();
    project.waxseal(&verify).exits(1).says(&["row 7 was changed"]);
    project.waxseal(&format!("ledger export --out new.csv --ledger {url}")).exits(1).says(&["row 7 was changed"]);
    assert!(!project.path("new.csv").exists());
    drop(client);
    drop(server);
    project.waxseal(&verify).exits(4).says(&["postgres://line@"]);
}

/// Boards of each of two stations that work at once.
const BOARDS: usize = 1100;

/// Two stations at once, with boards of their own, and a third that starts the first one's command a second time: each board
/// once, each address once, none left out.
#[test]
fn stations_at_once() {
    let mut server = Server::start();
    let url = server.database();
    let projects = [station(), station()];
    projects[0].waxseal(&format!("ledger init --ledger {url} --ledger-key line.key")).exits(0);
    for (number, project) in projects.iter().enumerate() {
        project.edit("r3.toml", "00:00:5E:00:53:FF", "00:00:5E:00:FF:FF");
        let rows: String = (0..BOARDS).map(|board| format!("WX{number}{board:06},C,2026-11-20\n")).collect();
        project.write("boards.csv", format!("serial,revision,made\n{rows}"));
    }
    let start = |project: &Project, batch: &str, out: &str| -> Child {
        let line = format!("{} {url} --batch {batch}", BUILD.replace("--out out", &format!("--out {out}")));
        let mut command = project.command(line.split_whitespace());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running = [start(&projects[0], "a", "out"), start(&projects[1], "b", "out"), start(&projects[0], "a", "again")];
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut addresses = BTreeSet::new();
    for (number, project) in projects.iter().enumerate() {
        for board in 0..BOARDS {
            let data = |out: &str| project.read(&format!("{out}/identity/WX{number}{board:06}/data.bin"));
            let found = data("out");
            assert!(addresses.insert(found[0x10..0x16].to_vec()), "{number} {board}: given twice");
            assert!(number == 1 || data("again") == found, "the same command, the same address");
        }
    }
    // Pairs from the range's start on, without a gap.
    let last: [u8; 2] = addresses.last().unwrap()[4..6].try_into().unwrap();
    assert_eq!(
        (addresses.len(), u16::from_be_bytes(last)),
        (2 * BOARDS, 0x5300 + u16::try_from(4 * BOARDS - 2).unwrap())
    );
    let json = projects[0].waxseal(&format!("ledger verify --ledger {url} --format json")).exits(0).json();
    let result = &json["result"];
    let wanted = u64::try_from(2 * BOARDS).unwrap();
    assert_eq!((result["boards"]["issued"].as_u64(), result["values"].as_u64()), (Some(wanted), Some(3 * wanted)));
}
