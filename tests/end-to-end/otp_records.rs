//! Records of boards: what is told of wrong ones, and what is taken out of spreadsheets.

use std::fs;

use crate::otp::r3;

/// Everything that is wrong with the records is told, and nothing is written.
#[test]
fn wrong_records_are_told_with_line_and_column() {
    let project = r3();
    let records = String::from_utf8(project.read("boards.csv")).unwrap();
    let last = records.lines().last().unwrap();
    project.write("twice.csv", format!("{records}{last}\n"));
    let run = project.waxseal("otp build r3.toml --records twice.csv --out out").exits(1);
    run.says(&[
        "twice.csv:5: column `serial`: board WX2511000103 stands in line 4 already",
        "column `mac`: line 4 has it",
    ]);
    project.write("wrong.csv", records.replace(",C1,", ",D,").replace("2026-11-19", "2026-11-31"));
    let run = project.waxseal("otp build r3.toml --records wrong.csv --out out").exits(1);
    run.says(&["wrong.csv:2: column `made`: no day", "wrong.csv:4: column `revision`: product.revisions has"]);
    project.write("title.csv", records.replacen("made", "mode", 1));
    // Of cells under no title nothing is said.
    let run = project.waxseal("otp build r3.toml --records title.csv --out out").exits(1);
    run.says(&[
        "error: 2 things are wrong",
        "title.csv:1: column `made`: no such title",
        "column `mode`: no field takes it",
    ]);
    project.waxseal("otp build r3.toml --records none.csv --out out").exits(3).says(&["none.csv"]);
    assert_eq!(project.list("out"), [] as [String; 0]);
}

/// What a spreadsheet makes of a table: taken where it is meant so, refused with line, column and what to do where it is not.
#[test]
fn records_out_of_a_spreadsheet() {
    let project = r3();
    let build = |text: &[u8], options: &str| {
        project.write("sheet.csv", text);
        project.waxseal(&format!("otp build r3.toml --records sheet.csv --out out {options}"))
    };
    let records = String::from_utf8(project.read("boards.csv")).unwrap();
    build(records.as_bytes(), "").exits(0);
    let data = project.read("out/identity/WX2511000102/data.bin");
    let windows = format!("\u{feff}{}", records.replace('\n', "\r\n").replace("WX2511000102", "\"WX2511000102\""));
    for (what, text) in [
        ("byte order mark, CR LF, quotes", windows.clone()),
        ("empty rows at the end", format!("{windows},,,\r\n,,,\r\n")),
        ("blank lines", records.replace('\n', "\n\n")),
        ("no line end at the end", records.trim_end().to_owned()),
    ] {
        fs::remove_dir_all(project.path("out")).unwrap();
        build(text.as_bytes(), "").exits(0).says(&["3 boards"]);
        assert_eq!(project.read("out/identity/WX2511000102/data.bin"), data, "{what}");
    }
    fs::remove_dir_all(project.path("out")).unwrap();
    let first = "WX2511000101,C,2026-11-19";
    assert!(records.contains(first));
    let noted = records.replace("\nWX", ",\nWX").replacen("mac,\n", "mac,note\n", 1).trim_end().to_owned() + ",\n";
    for (text, expected) in [
        (records.replace(',', ";"), "sheet.csv:1: cells are parted by semicolons: save it as CSV with commas"),
        (records.replace(',', "\t"), "sheet.csv:1: cells are parted by tabulators"),
        (records.replacen("made", "serial", 1), "sheet.csv:1: column `serial`: this title stands there twice"),
        (noted.clone(), "sheet.csv:1: column `note`: no field takes it; fields take serial, revision, mac, made"),
        (records.replacen("mac\n", "MAC\n", 1), "sheet.csv:1: column `MAC`: no field takes it"),
        (windows.replacen("C,2026-11-19", "C,19.11.2026", 1), "sheet.csv:2: column `made`: no day"),
        (windows.replacen("\r\n\"WX", "\r\n,,,\r\n\"WX", 1), "sheet.csv:3: an empty row, and line 4 has a board"),
        (windows.replacen("C,2026-11-19", "C", 1), "sheet.csv:2: 3 cells under 4 titles"),
        (
            records.replace("WX2511000102", "2.5111E+09").replace("WX2511000103", "2.5111E+09"),
            "sheet.csv:3: column `serial`: a spreadsheet has rounded it: make its column text there",
        ),
        (
            windows.replacen(",C,", ", C,", 1),
            "column `revision`: a revision is 1 to 4 printable ASCII characters; the cell says ` C`",
        ),
    ] {
        build(text.as_bytes(), "").exits(1).says(&[expected, "nothing was written"]);
    }
    build(b"serial,revision,made,mac\nM\xFCller,C,2026-11-19,00:00:5E:00:53:00\n", "")
        .exits(1)
        .says(&["sheet.csv:2: column `serial`: not UTF-8"]);
    assert_eq!(project.list("out"), [] as [String; 0]);
    build(noted.as_bytes(), "--ignore-column note").exits(0).says(&["3 boards"]);
    build(records.as_bytes(), "--ignore-column note").exits(1).says(&["column `note`: it is to be ignored"]);
}

/// Wherever in a long file the two stand, before anything is written.
#[test]
fn duplicates_in_a_long_file() {
    let project = r3();
    project.edit("r3.toml", "00:00:5E:00:53:FF", "00:00:5E:00:FF:FF");
    let row = |name: &str, board: u32| {
        let [_, _, high, low] = (0x5300 + 2 * board).to_be_bytes();
        format!("{name},C,2026-11-19,00:00:5E:00:{high:02X}:{low:02X}\n")
    };
    let mut rows: Vec<String> = (0..2500).map(|board| row(&format!("WX{board}"), board)).collect();
    rows[2400] = row("WX7", 2400);
    rows[2401] = row("WX2401", 8);
    rows[2402] = row("wx11", 2402);
    project.write("long.csv", format!("serial,revision,made,mac\n{}", rows.concat()));
    let run = project.waxseal("otp build r3.toml --records long.csv --out out").exits(1);
    run.says(&[
        "3 things are wrong",
        "long.csv:2402: column `serial`: board WX7 stands in line 9 already",
        "long.csv:2403: column `mac`: line 10 has it already, or one of those that follow it",
        "long.csv:2404: column `serial`: boards WX11, in line 13, and wx11 would have one folder",
    ]);
    assert_eq!(project.list("out"), [] as [String; 0]);
    rows.truncate(2400);
    project.write("long.csv", format!("serial,revision,made,mac\n{}", rows.concat()));
    let json =
        project.waxseal("otp build r3.toml --records long.csv --stage identity --out out --format json").exits(0);
    let result = &json.json()["result"];
    assert_eq!((result["count"].as_u64(), result["boards"].as_array().map(Vec::len)), (Some(2400), Some(1000)));
    assert_eq!(project.list("out/identity").len(), 2402);
    let bad: String = (0..150).map(|board| row(&format!("W/{board}"), board)).collect();
    project.write("long.csv", format!("serial,revision,made,mac\n{bad}"));
    let run = project.waxseal("otp build r3.toml --records long.csv --out new").exits(1);
    run.says(&["long.csv:101: column", "no more than 100 are told"]);
}
