//! The ledger at the command: what stations write down, and what an auditor reads.

use ::ledger::{Claim, Format, Ledger, Location, Record, Request, State, Take, Who};
use waxseal_tests::{Project, openssl};

use crate::empty;

/// Computed with another program.
const SHA_256_OF_64_5A: &str = "cc7321cce5e4409bd8077d58422e1214969059bbd40b4eeb0de0a642f40f7282";
const AT: &str = "--at 2026-11-19T10:00:00Z --station S1 --operator kim --ledger line.db";

/// A ledger with three boards, issued, each with a serial and an address.
fn three() -> Project {
    let project = empty();
    project.waxseal("ledger init --ledger line.db").exits(0).says(&["line.db.key"]);
    let mut ledger = Ledger::open(&Location::File(project.path("line.db"))).unwrap();
    let take = Take { kind: "eui48".to_owned(), first: 0x5E00_5300, last: 0x5E00_53FF, count: 1 };
    let names = ["A1", "A2", "A3"];
    let request = |name: &str| Request {
        reference: format!("boards.csv/{name}"),
        claims: vec![Claim { kind: "serial".to_owned(), value: name.to_owned() }],
        takes: vec![take.clone()],
    };
    let who = Who { station: "S0".to_owned(), operator: "kim".to_owned(), at: "2026-11-19T09:00:00Z".to_owned() };
    ledger.allocate(&names.map(request), &who, &|place, _| names[place].to_owned()).unwrap();
    let issued = names.map(|name| (name.to_owned(), ::ledger::State::Issued, serde_json::json!({})));
    ledger.record(&issued, &who).unwrap();
    project
}

#[test]
fn a_ledger_is_made_once_and_named() {
    let project = empty();
    project.waxseal("ledger head --ledger line.db").exits(3).says(&["no ledger at line.db", "ledger init"]);
    project.waxseal("ledger init --ledger line.db").exits(0);
    project.waxseal("ledger init --ledger line.db").exits(4).says(&["a ledger at line.db already"]);
    project.waxseal("ledger head --ledger line.db").exits(0).says(&["0 waxseal ledger 1"]);
    project.waxseal("ledger head").exits(2).says(&["which ledger?"]);
    project.waxseal("ledger init --ledger none/line.db").exits(3).says(&["no folder none"]);
    project.write("text.db", "no database, whatever it is called");
    project.waxseal("ledger head --ledger text.db").exits(4).says(&["text.db: the ledger's database"]);
    assert_eq!(project.list(""), ["line.db", "line.db.key", "text.db"]);
}

/// Arguments stand in the list of processes; the environment does not. The server need not be there for that.
#[test]
fn a_password_is_no_argument() {
    let project = empty();
    let run = project.waxseal("ledger head --ledger postgres://kim:secret@localhost:1/line").exits(2);
    run.says(&["a password in an argument", "WAXSEAL_LEDGER"]);
    let mut command = project.command(["ledger", "head"]);
    let run = waxseal_tests::Run::of(command.env("WAXSEAL_LEDGER", "postgres://kim:secret@localhost:1/line")).exits(4);
    let run = run.says(&["postgres://kim@localhost:1/line"]);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("secret"));
}

#[test]
fn what_stations_write_down() {
    let project = three();
    project.write("a1.bin", [0x5A; 64]);
    project.waxseal(&format!("ledger record A1 A2 --state written {AT}")).exits(0).says(&["2 rows"]);
    let late = project.waxseal(&format!("ledger record A1 A3 --state verified {AT}")).exits(1);
    late.says(&["A3 is issued: it cannot become verified"]);
    project.waxseal(&format!("ledger record A1 --state verified --readback a1.bin {AT}")).exits(0);
    project.waxseal(&format!("ledger record A9 --state written {AT}")).exits(1).says(&["knows no board A9"]);
    let json = project.waxseal("ledger board A1 --ledger line.db --format json").exits(0).json();
    let (result, rows) = (&json["result"], json["result"]["rows"].as_array().unwrap());
    assert_eq!((result["state"].as_str(), rows.len()), (Some("verified"), 4));
    let readback = rows[3]["detail"]["readback"].as_str().unwrap();
    assert_eq!(readback, SHA_256_OF_64_5A);
    assert_eq!((rows[3]["at"].as_str(), rows[3]["operator"].as_str()), (Some("2026-11-19T10:00:00Z"), Some("kim")));
    project.waxseal("ledger board A1 --ledger line.db").exits(0).says(&["A1: verified", "boards.csv/A1", "S1  kim"]);
}

/// Nobody is asked without a terminal, and nothing happens without a yes.
#[test]
fn scrapping_is_confirmed() {
    let project = three();
    let asked = project.waxseal(&format!("ledger record A1 --state scrapped {AT}")).exits(2);
    asked.says(&["A1 is issued (row 4)", "for ever", "--yes"]);
    project.waxseal("ledger board A1 --ledger line.db").exits(0).says(&["A1: issued"]);
    project.waxseal(&format!("ledger record A1 --state scrapped --note burnt --yes {AT}")).exits(0);
    project.waxseal("ledger board A1 --ledger line.db").exits(0).says(&["A1: scrapped", "burnt"]);
    let back = project.waxseal(&format!("ledger record A1 --state written {AT}")).exits(1);
    back.says(&["A1 is scrapped", "nothing brings a board back"]);
}

/// A statement of somebody else's.
fn tamper(project: &Project, sql: &str) {
    rusqlite::Connection::open(project.path("line.db")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn rows_that_were_changed_removed_or_cut_off_are_named() {
    for (sql, found) in [
        ("UPDATE event SET operator = 'eve' WHERE number = 2", "row 2 was changed"),
        ("DELETE FROM event WHERE number = 2", "row 2 is missing"),
        ("DELETE FROM event WHERE number > 5", "ends with row 5, and had row 6"),
        ("UPDATE board SET state = 'locked' WHERE name = 'A2'", "what the ledger says of A2 does not follow"),
    ] {
        let project = three();
        let head = project.waxseal("ledger head --ledger line.db").exits(0).stdout;
        project.write("noted.head", head);
        project.waxseal("ledger verify --head noted.head --ledger line.db").exits(0).says(&["6 rows, chain ok"]);
        tamper(&project, sql);
        project
            .waxseal("ledger verify --head noted.head --ledger line.db")
            .exits(1)
            .says(&[found, "write nothing more"]);
        let json = project.waxseal("ledger verify --head noted.head --ledger line.db --format json").exits(1).json();
        assert!(json["failure"]["title"].as_str().unwrap().contains(found), "{json}");
    }
}

#[test]
fn what_was_not_judged_is_said() {
    let project = three();
    let run = project.waxseal("ledger verify --ledger line.db").exits(0);
    run.says(&["6 rows, chain ok", "        3 boards\n", "not judged whether rows were cut off"]);
    project.waxseal("ledger record A1 --state written --ledger line.db").exits(0);
    let run = project.waxseal("ledger verify --ledger line.db").exits(0);
    run.says(&["issued            2 boards\n", "written           1 board\n"]);
    let json = project.waxseal("ledger verify --ledger line.db --format json").exits(0).json();
    assert_eq!((json["result"]["boards"]["issued"].as_u64(), json["result"]["values"].as_u64()), (Some(2), Some(6)));
    assert!(json["result"]["noted"].is_null());
    // What was not asked for alone is not left out in silence.
    project.waxseal("ledger export --out line.csv --ledger line.db").exits(0);
    let both = project.waxseal("ledger verify --export line.csv --ledger line.db").exits(2);
    both.says(&["--export and --ledger", "one of them is judged at a time"]);
    project.waxseal("ledger verify --export line.csv").exits(0).says(&["7 rows, chain ok"]);
}

#[test]
fn an_export_has_a_signed_end_that_openssl_checks() {
    let project = three();
    for name in ["line", "other"] {
        project.waxseal(&format!("key new {name}")).exits(0);
    }
    project
        .waxseal("ledger export --out line.csv --key line.pem --ledger line.db")
        .exits(0)
        .says(&["6 rows", "signed by"]);
    let path = |name: &str| project.path(name).to_str().unwrap().to_owned();
    let (public, signature, head) = (path("line.pub.pem"), path("line.csv.head.sig"), path("line.csv.head"));
    let check = ["pkeyutl", "-verify", "-pubin", "-inkey", &public, "-rawin", "-in", &head, "-sigfile", &signature];
    openssl(&check).exits(0).says(&["Signature Verified Successfully"]);
    let verify = "ledger verify --export line.csv --head line.csv.head --signature line.csv.head.sig --public";
    project.waxseal(&format!("{verify} line.pub.pem")).exits(0).says(&["6 rows, chain ok", "signed by"]);
    project.waxseal(&format!("{verify} other.pub.pem")).exits(1).says(&["is no signature of line.csv.head"]);
    project.edit("line.csv", "S0", "S9");
    project.waxseal(&format!("{verify} line.pub.pem")).exits(1).says(&["line.csv: row 1 was changed"]);
    // The ledger itself has grown: the head is still in it.
    project.waxseal(&format!("ledger record A1 --state written {AT}")).exits(0);
    project
        .waxseal("ledger verify --head line.csv.head --ledger line.db")
        .exits(0)
        .says(&["the head of row 6 is in it"]);
    project.waxseal("ledger export --out line.jsonl --rows json --ledger line.db").exits(0).says(&["not signed"]);
    assert_eq!(String::from_utf8(project.read("line.jsonl")).unwrap().lines().count(), 7);
    assert_eq!(project.list("").iter().filter(|name| name.starts_with("line.jsonl")).count(), 2);
    tamper(&project, "UPDATE event SET operator = 'eve' WHERE number = 2");
    project.waxseal("ledger export --out new.csv --ledger line.db").exits(1).says(&["row 2 was changed"]);
    assert!(project.list("").iter().all(|name| !name.starts_with("new.csv")));
}

/// What a bench without a ledger wrote down, in either form: taken in once, each row; and refused where it does not fit.
#[test]
fn what_was_done_elsewhere() {
    let project = three();
    let who = |at: &str| Who { station: "P1".to_owned(), operator: "lee".to_owned(), at: at.to_owned() };
    let mut record = Record::new();
    let detail = serde_json::json!({ "readback": SHA_256_OF_64_5A });
    for (state, at) in [(State::Written, "2026-11-19T11:00:00Z"), (State::Verified, "2026-11-19T11:01:00Z")] {
        record.add("A2", state, detail.as_object().unwrap(), &who(at)).unwrap();
    }
    project.write("bench.csv", record.write(Format::Csv).unwrap());
    let run = project.waxseal(&format!("ledger import bench.csv {AT}")).exits(0);
    run.says(&["A2  written    2026-11-19T11:00:00Z  P1  lee", "2 rows of bench.csv, 0 known", "2 rows do not say"]);
    project.waxseal("ledger board A2 --ledger line.db").exits(0).says(&["A2: verified", "\"operator\":\"kim\""]);
    record.add("A2", State::Scrapped, &serde_json::Map::new(), &who("2026-11-19T12:00:00Z")).unwrap();
    project.write("bench.json", record.write(Format::Json).unwrap());
    let import = format!("ledger import bench.json {AT}");
    project.waxseal(&import).exits(2).says(&["A2 was scrapped", "for ever", "--yes"]);
    let json = project.waxseal(&format!("{import} --yes --format json")).exits(0).json();
    let result = &json["result"];
    assert_eq!((result["rows"].as_array().map(Vec::len), result["known"].as_u64()), (Some(1), Some(2)));
    project.waxseal("ledger verify --ledger line.db").exits(0).says(&["9 rows, chain ok"]);
    project.edit("bench.csv", "lee", "eve");
    project.waxseal(&import.replace(".json", ".csv")).exits(1).says(&["bench.csv: row 1 was changed"]);
    let late = record.add("A9", State::Written, &serde_json::Map::new(), &who("2026-11-19T12:00:00Z"));
    late.unwrap();
    project.write("bench.json", record.write(Format::Json).unwrap());
    let run = project.waxseal(&format!("{import} --yes")).exits(1);
    run.says(&["row 4 of the record: the ledger knows no board A9", "nothing was taken in"]);
    project.waxseal("ledger export --out line.csv --ledger line.db").exits(0);
    project.waxseal(&import.replace("bench.json", "line.csv")).exits(1).says(&["line.csv: row 1 was changed"]);
    project.waxseal(&import.replace("bench.json", "none.csv")).exits(3);
    project.write("text.csv", "serial,mac\n");
    project.waxseal(&import.replace("bench.json", "text.csv")).exits(1).says(&["text.csv: no rows of a ledger"]);
}
