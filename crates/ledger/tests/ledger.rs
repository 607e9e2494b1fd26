//! The same cases on SQLite and on a real PostgreSQL server.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use ledger::{Broken, Claim, Error, Format, Head, Ledger, Location, Record, Request, State, Take, Who};
use serde_json::json;
use waxseal_tests::Server;

/// The first address of the range that RFC 7042 keeps for documentation, and one that ends it early.
const FIRST: u64 = 0x0000_5E00_5300;

fn who() -> Who {
    Who { station: "S1".to_owned(), operator: "kim".to_owned(), at: "2026-11-19T10:00:00Z".to_owned() }
}

fn take(count: u32, size: u64) -> Take {
    Take { kind: "eui48".to_owned(), first: FIRST, last: FIRST + size - 1, count }
}

/// A board with a serial from the records and a pair of addresses.
fn request(reference: &str, serial: &str) -> Request {
    let serial = Claim { kind: "serial".to_owned(), value: serial.to_owned() };
    Request { reference: reference.to_owned(), claims: vec![serial], takes: vec![take(2, 8)] }
}

fn allocate(ledger: &mut Ledger, requests: &[Request]) -> Result<Vec<(String, u64, bool)>, Error> {
    let names: Vec<_> = requests.iter().map(|request| request.claims[0].value.clone()).collect();
    let found = ledger.allocate(requests, &who(), &|place, _| names[place].clone())?;
    Ok(found.into_iter().map(|board| (board.board, board.numbers[0] - FIRST, board.is_new)).collect())
}

fn board(name: &str, number: u64, is_new: bool) -> (String, u64, bool) {
    (name.to_owned(), number, is_new)
}

/// What a statement of somebody else's does to the database.
fn tamper(location: &Location, sql: &str) {
    match location {
        Location::File(path) => rusqlite::Connection::open(path).and_then(|file| file.execute_batch(sql)).expect(sql),
        Location::Url(url) => {
            postgres::Client::connect(url, postgres::NoTls)
                .and_then(|mut client| client.batch_execute(sql))
                .expect(sql);
        }
    }
}

fn broken(location: &Location, noted: Option<&Head>) -> Broken {
    match Ledger::open(location).expect("opened").verify(noted) {
        Err(Error::Broken(broken)) => broken,
        other => panic!("{other:?}"),
    }
}

/// A ledger with board A issued for stage identity, and board B allocated.
fn issued(location: &Location) -> Ledger {
    let mut ledger = Ledger::create(location).expect("made");
    allocate(&mut ledger, &[request("b/1", "A"), request("b/2", "B")]).expect("new");
    let detail = json!({ "stage": "identity", "layout": "33", "data": { "sha256": "11" } });
    ledger.record(&[("A".to_owned(), State::Issued, detail)], &who()).expect("issued");
    ledger
}

/// A row of a record that a bench writes.
fn burnt(record: &mut Record, board: &str, state: State, detail: &serde_json::Value) {
    let who = Who { station: "P1".to_owned(), operator: "lee".to_owned(), at: "2026-11-20T08:00:00Z".to_owned() };
    record.add(board, state, detail.as_object().expect("an object"), &who).expect("a row");
}

type Case = (&'static str, fn(&Location));

const CASES: &[Case] = &[
    ("it is made once", |location| {
        assert!(matches!(Ledger::open(location), Err(Error::Missing(_))));
        Ledger::create(location).expect("made");
        assert!(matches!(Ledger::create(location), Err(Error::Exists(_))));
        let summary = Ledger::open(location).expect("opened").verify(None).expect("whole");
        assert_eq!((summary.head.number, summary.claims), (0, 0));
    }),
    ("a later version's is left alone", |location| {
        Ledger::create(location).expect("made");
        tamper(location, "UPDATE ledger SET version = 99");
        assert!(matches!(Ledger::open(location), Err(Error::Version { found: 99, .. })));
    }),
    ("each number is given once, and the same request gets the same", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        let requests = [request("b/1", "A"), request("b/2", "B")];
        assert_eq!(allocate(&mut ledger, &requests).expect("new"), [board("A", 0, true), board("B", 2, true)]);
        let more = [request("b/2", "B"), request("b/3", "C")];
        assert_eq!(allocate(&mut ledger, &more).expect("one new"), [board("B", 2, false), board("C", 4, true)]);
        assert_eq!(ledger.verify(None).expect("whole").claims, 9);
        assert_eq!(ledger.left(&take(1, 8)).expect("counted"), 2);
        let asked = [request("b/4", "D"), request("b/3", "C")];
        let [None, Some((before, known))] = &ledger.allocated(&asked).expect("asked")[..] else { panic!("D is new") };
        assert_eq!((&before.numbers, before.is_new, known.state), (&vec![FIRST + 4], false, State::Allocated));
    }),
    ("a range ends", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        let requests: Vec<_> = ["A", "B", "C", "D", "E"].map(|name| request(name, name)).into();
        let error = allocate(&mut ledger, &requests).expect_err("ten of eight");
        assert!(matches!(error, Error::Exhausted { left: 0, wanted: 2, .. }), "{error}");
        assert_eq!(ledger.head().expect("a head").number, 0, "all or none");
        allocate(&mut ledger, &requests[..4]).expect("eight of eight");
    }),
    ("a range at the end of the numbers ends too", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        let take = Take { kind: "serial".to_owned(), first: u64::MAX - 1, last: u64::MAX, count: 1 };
        let request = |n: u32| Request { reference: n.to_string(), claims: vec![], takes: vec![take.clone()] };
        let name = |_: usize, numbers: &[u64]| numbers[0].to_string();
        ledger.allocate(&[request(1), request(2), request(3)], &who(), &name).expect_err("three of two at once");
        ledger.allocate(&[request(1), request(2)], &who(), &name).expect("two");
        ledger.allocate(&[request(3)], &who(), &name).expect_err("three of two");
    }),
    ("numbers that records brought are left out, and pairs stay together", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        let mut first = request("r", "A");
        first.claims.push(Claim::number("eui48", FIRST + 1));
        first.takes.clear();
        ledger.allocate(&[first], &who(), &|_, _| "A".to_owned()).expect("its own address");
        assert_eq!(allocate(&mut ledger, &[request("b", "B")]).expect("new"), [board("B", 2, true)]);
        assert_eq!(ledger.verify(None).expect("whole").claims, 5);
    }),
    ("ranges of one kind that overlap give no number twice", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        let of = |first: u64, count| Take { kind: "eui48".to_owned(), first, last: FIRST + 4000, count };
        let request = |n: u32| Request {
            reference: n.to_string(),
            // Every fifth brings a number of its own, which those before it are not to get.
            claims: n.is_multiple_of(5).then(|| Claim::number("eui48", FIRST + 3 * u64::from(n))).into_iter().collect(),
            takes: vec![of(FIRST, 1), of(FIRST + 100, 2)],
        };
        let name = |_: usize, numbers: &[u64]| numbers[0].to_string();
        let mut given = BTreeSet::new();
        for part in [1..700, 701..702] {
            let requests: Vec<_> = part.map(request).collect();
            for one in ledger.allocate(&requests, &who(), &name).expect("numbers") {
                given.extend([one.numbers[0], one.numbers[1], one.numbers[1] + 1]);
            }
        }
        let brought: BTreeSet<u64> = (1..=139).map(|n| FIRST + 15 * n).collect();
        assert_eq!((given.len(), given.intersection(&brought).count()), (2100, 0));
        assert_eq!(ledger.verify(None).expect("whole").claims, 2239);
    }),
    ("a value of another board is refused", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        allocate(&mut ledger, &[request("b/1", "A")]).expect("new");
        let mut second = request("b/2", "B");
        second.claims[0].value = "A".to_owned();
        let error = ledger.allocate(&[second.clone()], &who(), &|_, _| "B".to_owned()).expect_err("taken");
        assert_eq!(error.to_string(), "serial A is A's already; B cannot have it too");
        let error = ledger.allocate(&[second], &who(), &|_, _| "A".to_owned()).expect_err("the same board");
        assert!(matches!(error, Error::Allocated { .. }));
        let again = request("b/1", "Z");
        assert!(matches!(allocate(&mut ledger, &[again]), Err(Error::Allocated { .. })), "other values");
        assert_eq!(ledger.head().expect("a head").number, 1, "nothing of these has happened");
    }),
    ("what would be refused is known before", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        let requests: Vec<_> = (0..150).map(|n| request(&format!("b/{n}"), &format!("A{n}"))).collect();
        let wide = |request: &Request| Request { takes: vec![take(1, 1000)], ..request.clone() };
        let requests: Vec<_> = requests.iter().map(wide).collect();
        ledger.allocate(&requests[..120], &who(), &|place, _| format!("A{place}")).expect("new");
        let head = ledger.head().expect("a head");
        let names: Vec<String> = (0..150).map(|n| format!("A{n}")).collect();
        let named: Vec<_> = requests.iter().zip(&names).map(|(request, name)| (request, Some(name.as_str()))).collect();
        let judged = ledger.judge(&named).expect("nothing to refuse");
        assert_eq!((judged.known, judged.scrapped), (120, None));
        let mut other = requests[130].clone();
        other.claims[0].value = "A119".to_owned();
        let error = ledger.judge(&[(&other, Some("A130"))]).expect_err("taken").to_string();
        assert_eq!(error, "serial A119 is A119's already; A130 cannot have it too");
        let error = ledger.judge(&[(&requests[130], Some("A119"))]).expect_err("named").to_string();
        assert_eq!(error, "A119 was allocated by another request (`b/119`)");
        other.reference = "b/119".to_owned();
        other.claims[0].value = "Z".to_owned();
        assert!(matches!(ledger.judge(&[(&other, None)]), Err(Error::Allocated { .. })), "other values");
        assert_eq!(ledger.head().expect("a head"), head);
        ledger.record(&[("A7".to_owned(), State::Scrapped, json!({}))], &who()).expect("waste");
        let judged = ledger.judge(&named).expect("nothing to refuse");
        assert_eq!(judged.scrapped.expect("waste").name, "A7");
    }),
    ("states follow one another", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        allocate(&mut ledger, &[request("b/1", "A"), request("b/2", "B")]).expect("new");
        let change = |name: &str, state| (name.to_owned(), state, json!({ "blob": "00" }));
        let error = ledger.record(&[change("A", State::Issued), change("B", State::Locked)], &who()).expect_err("B");
        assert!(matches!(error, Error::Order { from: State::Allocated, to: State::Locked, .. }));
        assert_eq!(ledger.board("A").expect("asked").expect("A").state, State::Allocated, "all or none");
        for state in [State::Issued, State::Written, State::Verified, State::Locked, State::Scrapped] {
            ledger.record(&[change("A", state)], &who()).expect("it follows");
        }
        assert!(matches!(ledger.record(&[change("C", State::Issued)], &who()), Err(Error::Unknown(_))));
        let states: Vec<_> = ledger.history("A").expect("asked").iter().map(|event| event.state).collect();
        assert_eq!(states, State::ALL);
        let summary = ledger.verify(None).expect("whole");
        assert_eq!(summary.boards.into_iter().collect::<Vec<_>>(), [(State::Allocated, 1), (State::Scrapped, 1)]);
    }),
    ("rows that were changed, removed, cut off or replaced are found", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        let requests: Vec<_> = ["A", "B", "C"].map(|name| request(name, name)).into();
        allocate(&mut ledger, &requests).expect("new");
        let head = ledger.head().expect("a head");
        assert_eq!(head.to_string().parse(), Ok(head.clone()));
        ledger.verify(Some(&head)).expect("whole");
        for (sql, found) in [
            ("UPDATE event SET operator = 'eve' WHERE number = 2", Broken::Changed(2)),
            ("UPDATE event SET digest = '00' WHERE number = 2", Broken::Changed(2)),
            ("UPDATE event SET operator = 'kim', at = '', digest = '' WHERE number = 2", Broken::Changed(2)),
            ("DELETE FROM event WHERE number = 2", Broken::Removed(2)),
            ("DELETE FROM event WHERE number = 3", Broken::CutOff { last: 1, noted: 3 }),
            // What is asked of a board's history would find it.
            ("INSERT INTO event VALUES (-1, 'A', 'issued', '{}', '', '', '', '')", Broken::Added(-1)),
        ] {
            tamper(location, sql);
            assert_eq!(broken(location, Some(&head)), found, "{sql}");
        }
    }),
    ("another ledger's rows are not these", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        allocate(&mut ledger, &[request("A", "A")]).expect("new");
        for number in [0, 1] {
            let noted = Head { number, digest: "00".repeat(32) };
            assert_eq!(broken(location, Some(&noted)), Broken::Replaced(number));
        }
        assert_eq!(
            broken(location, Some(&Head { number: 2, digest: String::new() })),
            Broken::CutOff { last: 1, noted: 2 }
        );
        "-1 00".parse::<Head>().expect_err("no row has such a number");
    }),
    ("what the rows add up to is compared", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        allocate(&mut ledger, &[request("A", "A"), request("B", "B")]).expect("new");
        for (sql, undo, found) in [
            ("UPDATE board SET state = 'locked' WHERE name = 'B'", "UPDATE board SET state = 'allocated'", "B"),
            ("DELETE FROM claim WHERE value = 'A'", "INSERT INTO claim VALUES ('serial', 'A', 'A')", "serial A"),
            ("INSERT INTO claim VALUES ('serial', 'X', 'A')", "DELETE FROM claim WHERE value = 'X'", "serial X"),
            (
                "UPDATE allotment SET next = '000000005e005306'",
                "UPDATE allotment SET next = '000000005e005304'",
                "the range of eui48 from 000000005e005300 on",
            ),
            ("INSERT INTO board VALUES ('X', 'X', 'allocated', 3)", "DELETE FROM board WHERE name = 'X'", "X"),
            // Where no list of boards, and no list of values, begins.
            (
                "INSERT INTO board VALUES ('X', 'X', 'allocated', -9)",
                "DELETE FROM board WHERE name = 'X'",
                "its boards",
            ),
            ("INSERT INTO claim VALUES ('serial', '', 'A')", "DELETE FROM claim WHERE value = ''", "its values"),
            ("DELETE FROM board WHERE name = 'A'", "", "A"),
        ] {
            tamper(location, sql);
            assert_eq!(broken(location, None), Broken::Contradiction(found.to_owned()), "{sql}");
            tamper(location, undo);
        }
    }),
    ("rows are exported", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        allocate(&mut ledger, &[request("A", "A")]).expect("new");
        let mut csv = Vec::new();
        let head = ledger.export(Format::Csv, &mut csv).expect("written");
        assert_eq!(ledger::verify_export(csv.as_slice(), Some(&head)).expect("whole"), head);
        let csv = String::from_utf8(csv).expect("text");
        assert!(csv.starts_with("number,board,state,detail,station,operator,at,digest\n1,A,allocated,"), "{csv}");
        assert!(csv.ends_with(&format!("{}\n", head.digest)));
        let found = |text: &str| match ledger::verify_export(text.as_bytes(), Some(&head)) {
            Err(Error::Broken(broken)) => broken,
            other => panic!("{other:?}"),
        };
        assert_eq!(found(&csv.replace(",kim,", ",eve,")), Broken::Changed(1));
        assert_eq!(found(csv.lines().next().expect("titles")), Broken::CutOff { last: 0, noted: 1 });
        assert!(matches!(ledger::verify_export("a,b\n".as_bytes(), None), Err(Error::File(_))));
        let mut json = Vec::new();
        ledger.export(Format::Json, &mut json).expect("written");
        let row: serde_json::Value = serde_json::from_slice(&json).expect("one row");
        assert_eq!(row["detail"]["claims"][0], json!(["serial", "A"]));
        assert_eq!(ledger::verify_export(json.as_slice(), Some(&head)).expect("whole"), head);
    }),
    ("what was done elsewhere is taken in, once", |location| {
        let mut ledger = issued(location);
        let mut record = Record::new();
        let row = json!({ "stage": "identity", "data": { "sha256": "11" }, "readback": "22" });
        for state in [State::Written, State::Verified] {
            burnt(&mut record, "A", state, &row);
        }
        let imported = ledger.import(&record, &who()).expect("taken in");
        assert_eq!((imported.rows.len(), imported.known, imported.compared), (2, 0, 2));
        // Its own station and time; and where it came from.
        let event = &ledger.history("A").expect("asked")[2];
        assert_eq!((event.who.station.as_str(), event.who.at.as_str()), ("P1", "2026-11-20T08:00:00Z"));
        let detail: serde_json::Value = serde_json::from_str(&event.detail).expect("JSON");
        let origin =
            json!({ "row": 1, "digest": record.rows()[0].digest, "station": "S1", "operator": "kim", "at": who().at });
        assert_eq!((&detail["record"], &detail["readback"]), (&origin, &json!("22")));
        // Again, and again when it has grown.
        let again = ledger.import(&record, &who()).expect("nothing new");
        assert_eq!((again.rows.len(), again.known), (0, 2));
        burnt(&mut record, "A", State::Locked, &json!({}));
        let grown = ledger.import(&record, &who()).expect("one new");
        assert_eq!((grown.rows.len(), grown.known, grown.compared), (1, 2, 0));
        assert_eq!(ledger.board("A").expect("asked").expect("A").state, State::Locked);
        ledger.verify(None).expect("whole");
    }),
    ("a record that does not fit is not taken in", |location| {
        let mut ledger = issued(location);
        let head = ledger.head().expect("a head");
        let right = json!({ "stage": "identity", "layout": "33", "data": { "sha256": "11" } });
        let with = |member: &str, value: serde_json::Value| {
            let mut row = right.clone();
            row[member] = value;
            row
        };
        for (board, state, detail, found) in [
            ("C", State::Written, right.clone(), "row 2 of the record: the ledger knows no board C"),
            ("B", State::Written, right.clone(), "row 2 of the record: B is allocated: it cannot become written"),
            ("A", State::Locked, right.clone(), "row 2 of the record: A is written: it cannot become locked"),
            ("A", State::Verified, with("stage", json!("security")), "nothing was issued for A in stage security"),
            (
                "A",
                State::Verified,
                with("layout", json!("34")),
                "A: the layout is not what was issued in stage identity",
            ),
            (
                "A",
                State::Verified,
                with("data", json!({ "sha256": "12" })),
                "A: the data is not what was issued in stage",
            ),
        ] {
            let mut record = Record::new();
            burnt(&mut record, "A", State::Written, &right);
            burnt(&mut record, board, state, &detail);
            let error = ledger.import(&record, &who()).expect_err(found).to_string();
            assert!(error.contains(found), "{error}");
            assert_eq!(ledger.head().expect("a head"), head, "all or nothing");
        }
        let ledgers = Record::read("number,board,state,detail,station,operator,at,digest\n");
        assert_eq!(ledgers.expect("no row"), Record::new());
        let mut csv = Vec::new();
        ledger.export(Format::Csv, &mut csv).expect("written");
        let csv = String::from_utf8(csv).expect("text");
        assert!(matches!(Record::read(&csv), Err(Error::Broken(Broken::Changed(1)))), "a ledger is no record");
    }),
    ("what is locked is written no more", |location| {
        let mut ledger = issued(location);
        let of = |stage: &str| json!({ "stage": stage });
        let mut first = Record::new();
        for state in [State::Written, State::Verified, State::Locked] {
            burnt(&mut first, "A", state, &of("identity"));
        }
        ledger.import(&first, &who()).expect("taken in");
        let head = ledger.head().expect("a head");
        let refused = |ledger: &mut Ledger, mut detail: serde_json::Value| {
            // The very row of the first record would be known.
            detail["note"] = json!("another bench");
            let mut other = Record::new();
            burnt(&mut other, "A", State::Written, &detail);
            let by_record = ledger.import(&other, &who()).expect_err("locked").to_string();
            let change = [("A".to_owned(), State::Written, detail)];
            let by_hand = ledger.record(&change, &who()).expect_err("locked").to_string();
            assert_eq!(by_record, format!("row 1 of the record: {by_hand}"));
            by_hand
        };
        let found = "A is locked in stage identity: nothing can be written to it any more";
        assert_eq!(refused(&mut ledger, of("identity")), found);
        // There is no other stage that it could be.
        assert_eq!(refused(&mut ledger, json!({})), found);
        assert_eq!(ledger.head().expect("a head"), head, "all or nothing");
        // A later stage is written, and the one before stays locked, whatever the board is by then.
        ledger.record(&[("A".to_owned(), State::Issued, of("security"))], &who()).expect("issued");
        assert_eq!(refused(&mut ledger, of("identity")), found);
        for (state, detail) in [
            (State::Written, json!({})),
            (State::Written, of("security")),
            (State::Verified, json!({})),
            (State::Locked, of("security")),
        ] {
            ledger.record(&[("A".to_owned(), state, detail)], &who()).expect("it follows");
        }
        refused(&mut ledger, json!({}));
        ledger.verify(None).expect("whole");
    }),
    ("a lock that names no stage is the only one's", |location| {
        let mut ledger = Ledger::create(location).expect("made");
        allocate(&mut ledger, &[request("b/1", "A"), request("b/2", "B")]).expect("new");
        for (board, stages) in [("A", vec!["identity"]), ("B", vec!["identity", "security"])] {
            let issued = stages.iter().map(|stage| (State::Issued, json!({ "stage": stage })));
            let done = [State::Written, State::Verified, State::Locked].map(|state| (state, json!({})));
            for (state, detail) in issued.chain(done) {
                ledger.record(&[(board.to_owned(), state, detail)], &who()).expect("it follows");
            }
        }
        let written = |board: &str| [(board.to_owned(), State::Written, json!({ "stage": "identity" }))];
        assert!(matches!(ledger.record(&written("A"), &who()), Err(Error::Locked { .. })));
        ledger.record(&written("B"), &who()).expect("which of the two is locked, nobody said");
    }),
    ("eight stations at once", eight_stations),
    ("a station that is killed a hundred times", killed),
];

const STATIONS: u64 = 8;
const BOARDS: u64 = 2000;

/// Each has a connection of its own. No number twice, and none left out.
fn eight_stations(location: &Location) {
    Ledger::create(location).expect("made");
    thread::scope(|scope| {
        let station = |number| move || work(location, &format!("s{number}"), BOARDS, STATIONS * BOARDS, |_| {});
        let stations: Vec<_> = (0..STATIONS).map(|number| scope.spawn(station(number))).collect();
        // An auditor beside them sees a whole ledger at any time, and what is exported comes to its head.
        let mut ledger = Ledger::open(location).expect("opened");
        while stations.iter().any(|station| !station.is_finished()) {
            ledger.verify(None).expect("whole");
            let mut rows = Vec::new();
            let head = ledger.export(Format::Csv, &mut rows).expect("exported");
            assert_eq!(ledger::verify_export(&rows[..], Some(&head)).expect("whole"), head);
            // All rows are read three times: the stations are to have most of the processors.
            thread::sleep(Duration::from_millis(200));
        }
    });
    is_complete(location, STATIONS * BOARDS);
}

/// Allocates boards in batches, and records each batch as issued. Says what is committed.
fn work(location: &Location, batch: &str, boards: u64, size: u64, mut committed: impl FnMut(&str)) {
    let mut ledger = Ledger::open(location).expect("opened");
    let request = |n: u64| Request { reference: format!("{batch}/{n}"), claims: vec![], takes: vec![take(1, size)] };
    let name = |_: usize, numbers: &[u64]| format!("W{}", numbers[0]);
    for start in (0..boards).step_by(50) {
        let requests: Vec<_> = (start..boards.min(start + 50)).map(request).collect();
        let got = ledger.allocate(&requests, &who(), &name).expect("numbers");
        got.iter().for_each(|board| committed(&board.board));
        let is_new = |name: &String| ledger.board(name).expect("asked").expect(name).state == State::Allocated;
        let new: Vec<_> = got.into_iter().map(|board| board.board).filter(is_new).collect();
        let changes: Vec<_> = new.into_iter().map(|name| (name, State::Issued, json!({}))).collect();
        ledger.record(&changes, &who()).expect("recorded");
    }
}

/// The ledger is whole, all boards are issued, and their numbers are the range.
fn is_complete(location: &Location, boards: u64) {
    let mut ledger = Ledger::open(location).expect("opened");
    let summary = ledger.verify(None).expect("whole");
    assert_eq!(summary.boards.into_iter().collect::<Vec<_>>(), [(State::Issued, boards)]);
    assert_eq!(summary.claims, boards);
    for number in [0, boards - 1] {
        ledger.board(&format!("W{}", FIRST + number)).expect("asked").expect("the range's ends");
    }
}

const KILLS: u64 = 100;
const LOCATION: &str = "LEDGER_UNDER_TEST";

/// What it had said to be committed is there, and the same command finishes the work.
fn killed(location: &Location) {
    Ledger::create(location).expect("made");
    let place = match location {
        Location::File(path) => path.display().to_string(),
        Location::Url(url) => url.clone(),
    };
    let mut said = BTreeSet::new();
    for kill in 0..=KILLS {
        let mut station = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "a_station", "--ignored", "--nocapture"])
            .env(LOCATION, &place)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a station");
        let lines = BufReader::new(station.stdout.take().expect("its output")).lines();
        if kill < KILLS {
            // Spread over the time that a run takes, from before it opens the ledger on.
            thread::sleep(Duration::from_millis(10 + kill * 37 % 100));
            station.kill().expect("killed");
        }
        said.extend(lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("has ").map(ToOwned::to_owned)));
        let ended_well = station.wait().expect("ended").success();
        assert!(ended_well || kill < KILLS, "left alone, the station fails");
    }
    let mut ledger = Ledger::open(location).expect("opened");
    assert!(said.iter().all(|name| ledger.board(name).expect("asked").is_some()));
    is_complete(location, BOARDS);
}

/// Not a test: what [`killed`] runs and kills.
#[test]
#[ignore = "a part of another test"]
fn a_station() {
    let Ok(place) = env::var(LOCATION) else { return };
    let location = place.parse().expect("a location");
    work(&location, "batch", BOARDS, BOARDS, |board| println!("has {board}"));
}

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, (name, case)) in CASES.iter().enumerate() {
        println!("{name}");
        case(&Location::File(folder.path().join(format!("{number}.db"))));
    }
}

#[test]
fn postgresql() {
    let mut server = Server::start();
    for (name, case) in CASES {
        println!("{name}");
        case(&Location::Url(server.database()));
    }
}
