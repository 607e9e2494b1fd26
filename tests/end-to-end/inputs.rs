//! Firmware files: one image whichever way they come, and a reason for each that is refused.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::Stdio;

use waxseal_tests::elf::{self, Elf};
use waxseal_tests::{CODE_A, CODE_B, Project, Run, hex, repository};

use crate::r1b;

const BUILD: &str = "build r1b.toml --key keys/release.pem --out out";

/// Every wrong input with what is said of it and the exit code: tests/inputs/refused.txt. `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn every_wrong_input_is_refused_with_its_reason() {
    let project = r1b();
    project.build();
    let firmware = || Elf::firmware(CODE_A, 4000);
    let bytes = elf::code(CODE_A, 4000);
    let hex_file = hex::file(CODE_A, &bytes);
    let changed = |change: fn(&mut Elf)| {
        let mut elf = firmware();
        change(&mut elf);
        elf.file()
    };
    let with_words = |stack: u32, reset: u32| {
        let mut code = bytes.clone();
        code[..4].copy_from_slice(&stack.to_le_bytes());
        code[4..8].copy_from_slice(&reset.to_le_bytes());
        Elf::default().segment(CODE_A, code).file()
    };
    let cases: [(&str, Vec<u8>); 23] = [
        ("an empty file", Vec::new()),
        ("another machine's ELF", changed(|elf| elf.machine = 243)),
        ("a relocatable ELF", changed(|elf| elf.kind = 1)),
        ("a 64-bit ELF", changed(|elf| elf.class = 2)),
        ("a big-endian ELF", changed(|elf| elf.order = 2)),
        ("an ELF that is cut off", firmware().file()[..3000].to_vec()),
        ("the other slot's BIN", elf::code(CODE_B, 4000)),
        ("the other slot's ELF", elf::firmware(CODE_B, 4000)),
        ("a BIN of erased flash", vec![0xFF; 4096]),
        ("the manifest", project.read("r1b.toml")),
        ("a sealed image", project.read("out/app.a.bin")),
        ("a release", fs::read(repository().join("tests/vectors/release.bin")).unwrap()),
        ("a HEX with a bad checksum", hex_file.replacen("0405", "0504", 1).replacen("06", "05", 1).into_bytes()),
        ("a HEX without its end", hex_file.replace(hex::END, "").into_bytes()),
        ("a HEX with option bytes", (hex::data(0x1FFF_0000, &[0xAA; 16]) + &hex_file).into_bytes()),
        ("a HEX with a UICR", (hex::data(0x1000_1010, &[0xAA; 16]) + &hex_file).into_bytes()),
        ("a HEX with overlapping records", (hex::data(CODE_A + 0x100, &[0xAA; 16]) + &hex_file).into_bytes()),
        ("a HEX behind a byte order mark", format!("\u{FEFF}{hex_file}").into_bytes()),
        ("a web page", b"<!DOCTYPE html>\n<title>404</title>\n".to_vec()),
        ("a DfuSe file", b"DfuSe\x01\0\0\0\0\x01".to_vec()),
        ("a payload one byte too large", elf::firmware(CODE_A, 915_905)),
        ("a reset vector outside", with_words(0x2008_0000, CODE_B + 0x201)),
        ("a stack outside RAM", with_words(0x2009_0000, CODE_A + 0x201)),
    ];
    let mut said = String::new();
    for (name, file) in cases {
        project.write("build/app-a.elf", file);
        let run = project.waxseal(BUILD);
        write!(said, "# {name}: exit code {}\n\n{}\n", run.exit.unwrap_or(-1), run.stderr).unwrap();
        assert_eq!((run.exit, run.stdout.as_str()), (Some(1), ""), "{name}");
    }
    fs::remove_file(project.path("build/app-a.elf")).unwrap();
    write!(said, "# a missing file: exit code 3\n\n{}\n", project.waxseal(BUILD).exits(3).stderr).unwrap();
    fs::create_dir(project.path("build/app-a.elf")).unwrap();
    write!(said, "# a folder: exit code 3\n\n{}", project.waxseal(BUILD).exits(3).stderr).unwrap();

    let golden = repository().join("tests/inputs/refused.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        fs::write(&golden, &said).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    assert!(said == expected, "not as {}; UPDATE_GOLDEN=1 writes it:\n{said}", golden.display());
}

#[test]
fn elf_hex_and_bin_give_one_image() {
    let project = r1b();
    project.build();
    let expected = project.read("out/app.a.bin");
    let code = elf::code(CODE_A, 4000);
    // The name says nothing: the file keeps the one that the manifest has.
    for (format, file) in [("HEX", hex::file(CODE_A, &code).into_bytes()), ("BIN", code.clone())] {
        project.write("build/app-a.elf", file);
        let result = project.waxseal(&format!("{BUILD} --format json")).exits(0).json();
        assert_eq!(result["result"]["artefacts"][0]["format"], format);
        assert!(project.read("out/app.a.bin") == expected, "{format}");
    }
    project.write("build/app-a.elf", [code, vec![0xFF; 96]].concat());
    project.build().says(&["is a BIN and ends with 96 erased bytes"]);
}

#[test]
fn an_input_of_the_command_line_may_be_standard_input() {
    let project = r1b();
    project.build();
    let expected = project.read("out/app.b.bin");
    project.edit("r1b.toml", "inputs.b         = \"build/app-b.elf\"\n", "");
    let piped = |line: &str| {
        let file = File::open(project.path("build/app-b.elf")).unwrap();
        Run::of(project.command(line.split_whitespace()).stdin(Stdio::from(file)))
    };
    piped(&format!("{BUILD} --input app.b=-")).exits(0).says(&["<stdin>"]);
    assert!(project.read("out/app.b.bin") == expected);
    piped("check r1b.toml --input app.b=-").exits(0).says(&["inputs read: build/app-a.elf, <stdin>"]);
    let twice = "build r1b.toml --key - --out out --input app.b=-";
    piped(twice).exits(2).says(&["`-` stands for two files"]);
}

/// Memory and time go with what a file holds, not with how far apart it is.
#[test]
fn a_segment_far_away_costs_nothing() {
    let project: Project = r1b();
    let far = hex::data(CODE_A + 0x0600_0000, &[1; 16]) + &hex::file(CODE_A, &elf::code(CODE_A, 4000));
    project.write("build/app-a.elf", far);
    // 60 MB of address space hold the command, and not the 100 MB of a gap.
    let line = format!("ulimit -v 60000; exec {} {BUILD}", crate::WAXSEAL);
    let mut shell = std::process::Command::new("sh");
    Run::of(shell.args(["-c", &line]).current_dir(project.path("."))).exits(1).says(&["16 bytes at 0x0E02_0400"]);
}
