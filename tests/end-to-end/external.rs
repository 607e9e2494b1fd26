//! External memories: an application that runs from the NOR that its updates are written to.

use std::fs;

use waxseal_tests::{Project, elf, repository};

use crate::empty;

/// The end of the H753's DTCM, where a stack can start (CMSIS-H7 stm32h753xx.h: 128 KiB from 0x2000_0000 on).
const STACK: u32 = 0x2002_0000;

/// Firmware for an address, with a stack that this part has.
fn firmware(address: u32) -> Vec<u8> {
    let mut file = elf::firmware(address, 4000);
    let stack = file.windows(4).position(|word| word == 0x2008_0000_u32.to_le_bytes()).unwrap();
    file[stack..stack + 4].copy_from_slice(&STACK.to_le_bytes());
    file
}

/// The example r2, with a new key pair and firmware that runs at this address.
fn r2(address: u32) -> Project {
    let project = empty();
    project.write("r2.toml", fs::read(repository().join("examples/r2/r2.toml")).unwrap());
    project.write("build/panel.elf", firmware(address));
    project.write("keys/release.txt", "");
    project.run(["key", "new", "keys/release"]).exits(0);
    project
}

#[test]
fn an_application_in_the_nor() {
    let project = r2(0x6000_0400);
    project.waxseal("check r2.toml").exits(0).says(&[
        "note: `app` and `download` are one die",
        "A `backup` slot fits: region = \"nor\", offset = \"8M\", size = \"4M\"",
        "r2.toml: 0 errors, 0 warnings",
    ]);
    project.waxseal("map r2.toml").exits(0).says(&[
        "STM32H753ZI + MT28EW256ABA on FMC_NE1",
        "app: header 0x6000_0000, code 0x6000_0400, state words 0x081A_0000",
        "command window of nor: 0x6000_0554 and 0x6000_0AAA, inside `app`",
        "0x6000_0000, 32M write-through, read-only, execute-never; 0x6000_0000, 4M executable",
        "MPU while programming: 0x6000_0000, 32M device, execute-never",
    ]);
    project
        .waxseal("build r2.toml --no-factory --key keys/release.pem --out out")
        .exits(0)
        .says(&["at 0x6000_0400", "no .dfu: the ROM of this part does not reach `nor`\n"]);
    // An image in another chip is in no file for a programmer that reaches internal flash only.
    assert!(!project.list("out").iter().any(|name| name.ends_with(".dfu")), "{:?}", project.list("out"));
    assert!(project.read("out/app.hex").starts_with(b":0200000460009A\n:10000000895758"));
    project.waxseal("verify out/app.hex --manifest r2.toml --revision A").exits(0);
    let dump = [project.read("out/app.bin"), vec![0xFF; 5000]].concat();
    project.write("dump.bin", dump);
    project.waxseal("verify dump.bin --manifest r2.toml --slot app --dump --revision A").exits(0);
    project.waxseal("verify out/app.bin --manifest r2.toml --slot app --revision A").exits(0);
    project.waxseal("gen linker r2.toml --slot app").exits(0).says(&["ORIGIN = 0x60000400, LENGTH = 4193280"]);
}

#[test]
fn firmware_for_the_download_slot_runs_nowhere() {
    let project = r2(0x6040_0400);
    project.waxseal("check r2.toml").exits(1).says(&["WX0108", "linked at 0x6040_0400", "runs at 0x6000_0400"]);
}
