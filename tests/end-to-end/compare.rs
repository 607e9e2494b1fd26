//! `waxseal compare`: a read-back that differs says how.

use waxseal_tests::{CODE_A, CODE_B, Project, elf, hex};

use crate::r1b;

const COMPARE: &str = "compare out/app.a.bin back.bin --manifest r1b.toml";

/// Slot a: sector 5 of 128 KiB at 0x0802_0000, and more of the same size.
const SLOT_A: u32 = 0x0802_0000;
const SECTOR: usize = 128 * 1024;

/// Firmware without repetitions: what is found elsewhere would be found in many places.
fn code(size: u32, mut seed: u32) -> Vec<u8> {
    let mut code = elf::code(CODE_A, size);
    for byte in &mut code[8..] {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        *byte = seed as u8;
    }
    code
}

/// An image that reaches into three sectors, and the slot as it should read back.
fn written() -> (Project, Vec<u8>) {
    let project = r1b();
    project.write("build/app-a.elf", code(300_000, 1));
    project.build();
    let mut slot = project.read("out/app.a.bin");
    slot.resize(7 * SECTOR, 0xFF);
    (project, slot)
}

#[test]
fn what_was_written_is_read_back() {
    let (project, mut slot) = written();
    // The boot loader's state words are its own.
    slot[7 * SECTOR - 64..].fill(0xA5);
    project.write("back.bin", &slot);
    project.waxseal(COMPARE).exits(0).says(&["sector   5", "sector   7", "all of the image was read back as it is"]);
    // A dump of all flash, and a HEX file through the read-only alias.
    project.write("back.bin", [vec![0; 0x2_0000], slot.clone()].concat());
    project.waxseal(&format!("{COMPARE} --address 0x0800_0000")).exits(0);
    project.write("back.bin", hex::file(SLOT_A - 0x0800_0000 + 0x0020_0000, &slot));
    project.waxseal(COMPARE).exits(0);
    project.write("back.bin", project.read("out/app.a.dfu"));
    project.waxseal(COMPARE).exits(0);
}

#[test]
fn sectors_that_differ_say_how() {
    let (project, slot) = written();
    let differs = |change: &dyn Fn(&mut Vec<u8>), says: &[&str]| {
        let mut slot = slot.clone();
        change(&mut slot);
        project.write("back.bin", slot);
        project.waxseal(COMPARE).exits(1).says(says);
    };
    let second = SECTOR..2 * SECTOR;
    differs(
        &|slot| slot[second.clone()].fill(0xFF),
        &["sector   6", "erased: never programmed", "1 of 3 sectors differs"],
    );
    differs(&|slot| slot[SECTOR + 100..2 * SECTOR].fill(0xFF), &["partly programmed", "the first at 0x0804_0064"]);
    differs(&|slot| slot.truncate(SECTOR + 16), &["not all was read back", "0x0804_0010"]);
    differs(
        &|slot| slot[second.clone()].iter_mut().for_each(|byte| *byte |= 4),
        &["zeros that read as ones, in bits 2"],
    );
    differs(
        &|slot| slot[second.clone()].iter_mut().for_each(|byte| *byte &= !8),
        &["ones that read as zeros, in bits 3"],
    );
    differs(&|slot| slot[second.clone()].iter_mut().for_each(|byte| *byte ^= 0x55), &["another content"]);
    differs(&|slot| slot.rotate_right(2), &["its bytes are 2 bytes further on", "3 of 3 sectors differ"]);
    differs(&|slot| drop(slot.drain(..4)), &["its bytes are 4 bytes before it"]);
    differs(&|slot| slot.fill(0xFF), &["3 of 3 sectors differ"]);
}

#[test]
fn the_wrong_bank() {
    let (project, slot) = written();
    // Bank 1 is erased but for the boot loader, and bank 2 has it all.
    let mut flash = vec![0xFF; 0x20_0000];
    flash[0x12_0000..0x12_0000 + slot.len()].copy_from_slice(&slot);
    flash[0x2_0000..0x2_0010].fill(0x33);
    project.write("back.bin", flash);
    let line = format!("{COMPARE} --address 0x08000000");
    project.waxseal(&line).exits(1).says(&["its bytes are in bank2, at 0x0812_0000: the wrong bank", "sector   6"]);
    let json = project.waxseal(&format!("{line} --format json")).exits(1).json();
    assert_eq!(json["result"]["sectors"][0]["moved"], 0x10_0000);
    assert_eq!(json["result"]["sectors"][1]["how"], "erased");
}

#[test]
fn the_old_image() {
    let (project, _) = written();
    project.write("old.bin", project.read("out/app.a.bin"));
    project.edit("r1b.toml", "version          = \"1.4.0\"", "version          = \"1.5.0\"");
    project.write("build/app-a.elf", code(200_000, 2));
    project.build();
    project.write("back.bin", project.read("old.bin"));
    let line = format!("{COMPARE} --old old.bin");
    project.waxseal(&line).exits(1).says(&["as in the old image", "version 1.4.0, counter 7", ", whole"]);
    // The first sector is new, the second one was never erased.
    let mut mixed = project.read("out/app.a.bin")[..SECTOR].to_vec();
    mixed.extend(&project.read("old.bin")[SECTOR..]);
    project.write("back.bin", mixed);
    let run = project.waxseal(&line).exits(1).says(&["1 of 2 sectors differs", "as in the old image"]);
    assert!(!run.stdout.contains("holds another image"), "{}", run.stdout);
}

#[test]
fn err_compare() {
    let (project, slot) = written();
    project.write("back.bin", slot);
    project.waxseal("compare build/app-a.elf back.bin --manifest r1b.toml").exits(1).says(&["is no sealed image"]);
    project.waxseal(&format!("{COMPARE} --slot nine")).exits(2).says(&["nine"]);
    project.waxseal("compare out/app.a.bin none.bin --manifest r1b.toml").exits(3).says(&["none.bin"]);
    project.waxseal("compare out/app.a.bin back.bin").exits(2);
    project.waxseal(&format!("{COMPARE} --address high")).exits(2);
    project.write("back.bin", hex::file(CODE_B, &[1; 16]).replace("01010101", "01010102"));
    project.waxseal(COMPARE).exits(1).says(&["back.bin cannot be compared: line 2: bad checksum"]);
}
