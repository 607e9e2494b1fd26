//! `waxseal preflight`: a board's option bytes before anything is erased.

use std::fs::{self, File};
use std::process::Stdio;

use waxseal_tests::{Project, Run, repository};

use crate::empty;

/// Example r5, and the board of its field report: two banks where the manifest has one, all sectors protected. As
/// STM32_Programmer_CLI 2.4 prints option bytes.
fn r5() -> Project {
    let project = empty();
    project.write("r5.toml", fs::read(repository().join("examples/r5/r5.toml")).unwrap());
    project.write("board.txt", dump("0x451", "0x0", "0xAA (Level 0, no protection)", &["0x0"; 12]));
    project
}

fn dump(device: &str, bank: &str, rdp: &str, nwrp: &[&str]) -> String {
    let mut text = format!(
        "ST-LINK SN  : 51FF73064986525618330487\nVoltage     : 3,23V\nDevice ID   : {device}\nDevice type : MCU\n\n\
         UPLOADING OPTION BYTES DATA ...\n\n  Bank          : 0x00\n  Address       : 0x40023c14\n  Size          : 8 Bytes\n\n\
         OPTION BYTES BANK: 0\n\n   Read Out Protection:\n\n     RDP          : {rdp} \n\n   User Configuration:\n\n     \
         nDBANK       : {bank} (Flash in single bank mode) \n     nDBOOT       : 0x1 (Dual boot disabled) \n\n   \
         Boot address Option Bytes:\n\n     BOOT_ADD0    : 0x80  (0x200000) \n     BOOT_ADD1    : 0x40  (0x100000) \n\n   \
         Write Protection:\n\n"
    );
    for (bit, value) in nwrp.iter().enumerate() {
        text += &format!("     nWRP{bit:<9}: {value} (Write protection) \n");
    }
    text
}

#[test]
fn the_board_of_the_field_report() {
    let project = r5();
    let run = project.waxseal("preflight r5.toml --option-bytes board.txt").exits(1);
    let expected = concat!(
        "  STM32F767ZG  manifest     board\n",
        "  nDBANK       1            0        WRONG  dual bank: sectors 0-7 at 0x0800_0000, 12-19 at 0x0808_0000\n",
        "  nDBOOT       1            1\n",
        "  BOOT_ADD0    0x0080       0x0080\n",
        "  RDP          level 0      level 0\n",
        "  nWRP         none active  0x0      WRONG  all active\n",
        "refused: do not erase\n",
        "  in this board's dual-bank mode the slots take sectors 0-7 and 12-17; a tool that counts from 0 to 17 also asks for 8-11, which do not exist, and their erase fails as if they were write-protected\n",
        "  sectors 0-7 are write-protected: their erase fails; which bits protect bank2 is unproven\n",
        "  = help: STM32_Programmer_CLI -c port=swd -ob nDBANK=1 nWRP0=1 nWRP1=1 nWRP2=1 nWRP3=1 nWRP4=1 nWRP5=1 nWRP6=1 nWRP7=1 nWRP8=1 nWRP9=1 nWRP10=1 nWRP11=1\n",
        "  = help: then a mass erase: what was written in the other mode means nothing in this one\n",
        "  = help: then preflight again\n",
    );
    assert_eq!(run.stdout, expected);
    let json = project.waxseal("preflight r5.toml --option-bytes board.txt --format json").exits(1).json();
    assert_eq!(json["result"]["right"], false);
    assert_eq!(json["result"]["options"][0]["found"], 0);
    assert_eq!(json["result"]["options"][4]["expected"], 0xFFF);
}

/// A mass erase while a sector is write-protected erases nothing (PM0059, for the same flash in the F2). A board in the other bank mode
/// loses its protection before, and gets the manifest's afterwards; behind read protection nobody erases at all.
#[test]
fn a_mass_erase_is_not_advised_while_anything_is_protected() {
    let project = empty();
    project.write("r1b.toml", fs::read(repository().join("examples/r1b/r1b.toml")).unwrap());
    let steps = |dump: &str| {
        project.write("board.txt", dump);
        let run = project.waxseal("preflight r1b.toml --option-bytes board.txt --format json").exits(1).json();
        let steps = run["result"]["steps"].as_array().unwrap().clone();
        steps.into_iter().map(|step| step.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let erase = "then a mass erase: what was written in the other mode means nothing in this one";
    let protect = "STM32_Programmer_CLI -c port=swd -ob nWRP0=0";
    let last = "RDP to 1 comes last, after everything was written and read back";
    // The factory's option bytes: nothing is protected.
    let factory = [
        "STM32_Programmer_CLI -c port=swd -ob nDBANK=0 BOOT_ADD0=0x2000",
        erase,
        protect,
        "then preflight again",
        last,
    ];
    assert_eq!(steps("nDBANK=1\nnDBOOT=1\nBOOT_ADD0=0x80\nRDP=0\nnWRP=0xFFF\n"), factory);
    // Shipped once, as the manifest says but for the mode.
    let shipped = [
        "RDP from 1 to 0: behind it nobody erases flash; this erases all of it",
        "STM32_Programmer_CLI -c port=swd -ob nDBANK=0 nWRP0=1",
        erase,
        protect,
        "then preflight again",
        last,
    ];
    assert_eq!(steps("nDBANK=1\nnDBOOT=1\nBOOT_ADD0=0x2000\nRDP=1\nnWRP=0xFFE\n"), shipped);
    // In its own mode nothing is erased as a whole.
    let own = ["STM32_Programmer_CLI -c port=swd -ob nWRP4=1", "then preflight again"];
    assert_eq!(steps("nDBANK=0\nnDBOOT=1\nBOOT_ADD0=0x2000\nRDP=1\nnWRP=0xFEE\n"), own);
}

#[test]
fn a_board_as_it_should_be() {
    let project = r5();
    project.write("board.txt", dump("0x451", "0x1", "0xAA (Level 0, no protection)", &["0x1"; 12]));
    let line = "preflight r5.toml --option-bytes board.txt";
    project.waxseal(line).exits(0).says(&["the board is as the manifest assumes"]);
    // A list does as well, from standard input too.
    project.write("board.txt", "# board 7\nnDBANK=1\nNDBOOT = 0x1\nBOOT_ADD0=0x80\nRDP=0\nnWRP=0xFFF\n");
    project.waxseal(line).exits(0);
    let file = File::open(project.path("board.txt")).unwrap();
    let mut piped = project.command(["preflight", "r5.toml", "--option-bytes", "-"]);
    Run::of(piped.stdin(Stdio::from(file))).exits(0);
}

#[test]
fn what_the_dump_does_not_say_is_not_passed_over() {
    let project = r5();
    let line = "preflight r5.toml --option-bytes board.txt";
    project.write("board.txt", "nDBANK=1\nnDBOOT=1\nBOOT_ADD0=0x80\nRDP=0\n");
    project.waxseal(line).exits(1).says(&["nWRP", "not in the dump", "-ob displ"]);
    project.write("board.txt", dump("0x451", "0x1", "Enabled (Flash memory is read-protected.)", &["0x1"; 12]));
    project.waxseal(line).exits(1).says(&["the dump does not have RDP"]);
    project.write("board.txt", dump("0x451", "0x1", "0xAA", &["0x1"; 11]));
    project.waxseal(line).exits(1).says(&["the dump does not have nWRP"]);
}

#[test]
fn other_boards() {
    let project = r5();
    let line = "preflight r5.toml --option-bytes board.txt";
    project.write("board.txt", dump("0x449", "0x1", "0xAA", &["0x1"; 12]));
    project.waxseal(line).exits(1).says(&["device id 0x449", "another chip"]);
    project.write("board.txt", dump("0x451", "0x1", "0x55 (Level 1)", &["0x1"; 12]));
    project.waxseal(line).exits(1).says(&["level 1", "RDP from 1 to 0: this erases all flash"]);
    project.write("board.txt", dump("0x451", "0x1", "0xCC (Level 2)", &["0x1"; 12]));
    project.waxseal(line).exits(1).says(&["level 2, which is for ever"]);
    let mut bits = ["0x1"; 12];
    bits[3] = "0x0";
    project.write("board.txt", dump("0x451", "0x1", "0xAA", &bits));
    let protected = ["protects too much: bit 3", "sector 3 is write-protected: its erase fails", "-ob nWRP3=1"];
    project.waxseal(line).exits(1).says(&protected);
    project.write("board.txt", "nDBANK=1\nnDBOOT=1\nBOOT_ADD0=0x2000\nRDP=0\nnWRP=0xFFF\n");
    project.waxseal(line).exits(1).says(&["starts at 0x0800_0000"]);
}

#[test]
fn err_dumps() {
    let project = r5();
    let line = "preflight r5.toml --option-bytes board.txt";
    for (text, reason) in [
        ("", "no option byte in it"),
        ("nDBANK=one\n", "line 1: `one` is no number"),
        ("nDBANK=1\nnDBOOT=1\nnDBANK=0\n", "lines 1 and 3 give two values for nDBANK"),
    ] {
        project.write("board.txt", text);
        project.waxseal(line).exits(1).says(&["board.txt is no dump of option bytes", reason]);
    }
    project.waxseal("preflight r5.toml --option-bytes none.txt").exits(3).says(&["none.txt"]);
    project.waxseal("preflight r5.toml").exits(2);
}

/// What only a profile says is compared, too, and not passed over while none is chosen.
#[test]
fn a_profile_says_what_a_board_should_have() {
    let project = r5();
    let mut text = String::from_utf8(project.read("r5.toml")).unwrap();
    text = text.replace("RDP       = 0             # the level, not the byte\n", "");
    text += "\n[profiles.bench.options]\nRDP = 0\n\n[profiles.production.options]\nRDP = 1\n";
    project.write("r5.toml", text);
    project.write("board.txt", "nDBANK=1\nnDBOOT=1\nBOOT_ADD0=0x0080\nRDP=0\nnWRP=0xFFF\n");
    let line = "preflight r5.toml --option-bytes board.txt";
    project.waxseal(line).exits(1).says(&["error[WX0011]", "--profile bench, or --profile production"]);
    project.waxseal(&format!("{line} --profile bench")).exits(0);
    project.waxseal(&format!("{line} --profile production")).exits(1).says(&["RDP", "WRONG"]);
}
