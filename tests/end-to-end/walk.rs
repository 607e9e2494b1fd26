//! A batch on a line, from records to proof, with nothing but the commands of README and of example r3.

use ::ledger::{Format, Record, State, Who};
use serde_json::json;
use waxseal_tests::{Project, Run, openssl};

use crate::otp::line;

const AT: &str = "--at 2026-11-19T11:00:00Z --station S1 --operator kim --ledger line.db";
const BOARDS: [&str; 3] = ["WX2511000101", "WX2511000102", "WX2511000103"];

/// What was read back of a board: its memory, and its lock bytes.
struct Board(Vec<u8>);

impl Board {
    fn blank() -> Self {
        Self(vec![0xFF; 1024 + 16])
    }

    /// What a programming tool does with a file, at an offset of the memory: bits go one way.
    fn program(&mut self, project: &Project, file: &str, at: usize) {
        let bytes = project.read(file);
        self.0.iter_mut().skip(at).zip(bytes).for_each(|(there, byte)| *there &= byte);
    }

    fn plan(&self, project: &Project, name: &str, stage: &str) -> Run {
        project.write("board.bin", &self.0);
        let plan = "otp plan r3.toml --records boards.csv --readback board.bin --ledger line.db";
        project.waxseal(&format!("{plan} --stage {stage} --board {name}"))
    }
}

#[test]
fn a_batch_from_records_to_proof() {
    let project = line();
    let waxseal = |line: &str| project.waxseal(line);
    let build = |stage: &str| {
        let build = "otp build r3.toml --records boards.csv --key line.pem --out out";
        waxseal(&format!("{build} --stage {stage} {AT}"))
    };

    // The first station: files for all boards, whole, and of nobody else.
    build("identity").exits(0).says(&["00:00:5E:00:53:00 to 00:00:5E:00:53:05 taken now", "rows 4 to 6"]);
    let check = "cd out/identity && sha256sum --check --strict --quiet SHA256SUMS";
    Run::of(std::process::Command::new("sh").args(["-c", check]).current_dir(project.path(""))).exits(0);
    for board in BOARDS {
        waxseal(&format!("verify out/identity/{board}/board.otp --manifest r3.toml")).exits(0);
    }
    let head = waxseal("ledger head --ledger line.db").exits(0).stdout;
    project.write("monday.head", head);

    // A board: data, read, check, and only then the lock.
    let mut first = Board::blank();
    first.plan(&project, BOARDS[0], "identity").exits(0).says(&["to be programmed, for ever", "held back"]);
    first.program(&project, "out/identity/WX2511000101/data.bin", 0);
    waxseal(&format!("ledger record {} --state written {AT}", BOARDS[0])).exits(0);
    first.plan(&project, BOARDS[0], "identity").exits(0).says(&["can be locked, for ever"]);
    waxseal(&format!("ledger record {} --state verified --readback board.bin {AT}", BOARDS[0])).exits(0);
    first.program(&project, "out/identity/WX2511000101/lock.bin", 1024);
    first.plan(&project, BOARDS[0], "identity").exits(0).says(&["locked already", "nothing to do"]);
    waxseal(&format!("ledger record {} --state locked --readback board.bin {AT}", BOARDS[0])).exits(0);
    // Its neighbour's files on it are refused, and it is told whose it is.
    first.plan(&project, BOARDS[1], "identity").exits(1).says(&["impossible", "ledger row 9, WX2511000101: locked."]);

    // Another on a bench without the ledger. What it was programmed with is compared with what was issued.
    let json = waxseal(&format!("ledger board {} --ledger line.db --format json", BOARDS[1])).exits(0).json();
    let issued = &json["result"]["rows"][1]["detail"];
    let mut record = Record::new();
    let who = Who { station: "bench".to_owned(), operator: "lee".to_owned(), at: "2026-11-19T12:00:00Z".to_owned() };
    for state in [State::Written, State::Verified, State::Locked] {
        let detail = json!({ "stage": "identity", "layout": issued["layout"], "blob": issued["blob"] });
        record.add(BOARDS[1], state, detail.as_object().unwrap(), &who).unwrap();
    }
    project.write("bench.csv", record.write(Format::Csv).unwrap());
    let json = waxseal(&format!("ledger import bench.csv --format json {AT}")).exits(0).json();
    assert_eq!(json["result"]["compared"].as_u64(), Some(3));
    let mut wrong = Record::new();
    let detail = json!({ "stage": "identity", "blob": issued["blob"] });
    wrong.add(BOARDS[2], State::Written, detail.as_object().unwrap(), &who).unwrap();
    project.write("wrong.csv", wrong.write(Format::Csv).unwrap());
    let refused = waxseal(&format!("ledger import wrong.csv {AT}")).exits(1);
    refused.says(&["WX2511000103: the blob is not what was issued in stage identity", "nothing was taken in"]);

    // What is left to do.
    let left = waxseal("ledger boards --state issued --ledger line.db").exits(0);
    assert_eq!(left.stdout, "WX2511000103  issued  row 6\n");
    waxseal(&format!("ledger record {} --state scrapped --note dropped --yes {AT}", BOARDS[2])).exits(0);
    build("security").exits(1).says(&["WX2511000103 is scrapped"]);
    project.edit("boards.csv", "\nWX2511000103,C1,2026-11-20", "");

    // The second station, on what the first one left.
    build("security").exits(0).says(&["2 boards", "none taken now"]);
    first.program(&project, "out/security/WX2511000101/data.bin", 0x40);
    first.program(&project, "out/security/WX2511000101/lock.bin", 1024);
    first.plan(&project, BOARDS[0], "security").exits(0).says(&["locked already", "nothing to do"]);
    project.write("board.bin", &first.0);
    waxseal("otp show r3.toml --readback board.bin")
        .exits(0)
        .says(&["mac           00:00:5E:00:53:00 00:00:5E:00:53:01"]);

    // The proof, a year later: nothing was changed or cut off since Monday, and openssl says the same without waxseal.
    waxseal("ledger verify --head monday.head --ledger line.db")
        .exits(0)
        .says(&["chain ok", "the head of row 6 is in it"]);
    waxseal("ledger export --out line.csv --key line.pem --ledger line.db").exits(0);
    let path = |name: &str| project.path(name).to_str().unwrap().to_owned();
    let (public, signature, head) = (path("keys/line.pub.pem"), path("line.csv.head.sig"), path("line.csv.head"));
    let check = ["pkeyutl", "-verify", "-pubin", "-inkey", &public, "-rawin", "-in", &head, "-sigfile", &signature];
    openssl(&check).exits(0);
    waxseal(
        "ledger verify --export line.csv --head line.csv.head --signature line.csv.head.sig --public keys/line.pub.pem",
    )
    .exits(0)
    .says(&["chain ok", "signed by"]);
    let story = waxseal("ledger board WX2511000102 --ledger line.db").exits(0);
    story.says(&["WX2511000102: issued", "bench  lee", "\"station\":\"S1\""]);
}
