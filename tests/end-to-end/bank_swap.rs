//! Banks that the boot loader exchanges: from a manifest to updates whose power is cut.

use std::fs;

use waxseal_tests::{CODE_A, Project, elf, repository};

use crate::empty;

const BUILD: &str = "build m.toml --key keys/release.pem";

/// The manifest, its key, and firmware that runs in both banks.
fn project() -> Project {
    let project = empty();
    let manifest = repository().join("tests/manifests/good_bank_swap_under_boot_loader.toml");
    project.write("m.toml", fs::read(manifest).unwrap());
    project.write("build/gateway.elf", elf::firmware(CODE_A, 4000));
    project.write("keys/empty.txt", "");
    project.waxseal("key new keys/release").exits(0);
    project
}

#[test]
fn an_update_survives_power_cuts() {
    let project = project();
    project.waxseal(&format!("{BUILD} --out old")).exits(0).says(&["app 1.4.0, counter 7"]);
    project.edit("m.toml", "version          = \"1.4.0\"", "version          = \"1.5.0\"");
    project.write("build/gateway.elf", elf::firmware(CODE_A, 5000));
    project.waxseal(&format!("{BUILD} --out new")).exits(0);
    // One file, for either slot; where each is programmed differs.
    let files = ["app.a.dfu", "app.a.hex", "app.b.dfu", "app.b.hex", "app.bin", "gateway-1.5.0.release", "layout.bin"];
    assert_eq!(project.list("new"), files);
    for slot in ["a", "b"] {
        let line = format!("verify new/app.bin --manifest m.toml --slot {slot}");
        project.waxseal(&line).exits(0).says(&["runs at 0x0802_0400", "verified, as the boot loader will"]);
    }
    let sealed = "simulate m.toml --old old/app.bin --new new/app.bin --seed 7";
    for arguments in [format!("{sealed} --cuts 1"), format!("{sealed} --cuts 2")] {
        let run = project.waxseal(&arguments).exits(0);
        assert_eq!(run.stdout.matches(": survived\n").count(), 2, "{}", run.stdout);
    }
    let run = project.waxseal("simulate m.toml --seed 7 --cuts 2").exits(0);
    assert_eq!(run.stdout.matches(": survived\n").count(), 3, "{}", run.stdout);
}

#[test]
fn a_build_for_the_second_bank_runs_nowhere() {
    let project = project();
    project.write("build/gateway.elf", elf::firmware(0x0812_0400, 4000));
    let run = project.waxseal(&format!("{BUILD} --out out")).exits(1).says(&["WX0108"]);
    run.says(&["slot `a` runs at 0x0802_0400", "`waxseal gen linker m.toml --slot a`"]);
    let linker = project.waxseal("gen linker m.toml --slot b").exits(0).stdout;
    assert!(linker.contains("FLASH : ORIGIN = 0x08020400"), "{linker}");
}

#[test]
fn where_each_bank_is_seen() {
    let project = project();
    let seen = "while b runs (SYSCFG_MEMRMP.SWP_FB=1): bank2 is seen at 0x0800_0000, bank1 at 0x0810_0000";
    project
        .waxseal("map m.toml")
        .exits(0)
        .says(&["b: header 0x0812_0000, code 0x0812_0400, runs at 0x0802_0400", seen]);
    project.waxseal("map m.toml --svg -").exits(0).says(&[seen]);
    let exchanged = &project.waxseal("map m.toml --format json").exits(0).json()["result"]["exchanged"];
    let expected = serde_json::json!([
        { "slot": "b", "bit": "SYSCFG_MEMRMP.SWP_FB", "seen": { "bank1": 0x0810_0000, "bank2": 0x0800_0000 } }
    ]);
    assert_eq!(*exchanged, expected);
    let constants = ["IMAGE_APP_EXCHANGE_REGISTER: u32 = 0x4001_3800;", "IMAGE_APP_EXCHANGE_MASK: u32 = 0x0000_0100;"];
    project.waxseal("gen rust m.toml").exits(0).says(&constants).says(&[seen, "SLOT_B_RUN: u32 = 0x0802_0400;"]);
    project.waxseal("gen c-header m.toml").exits(0).says(&["WAXSEAL_IMAGE_APP_EXCHANGE_MASK 0x00000100u", seen]);
    // Bank 2 of a part with 1 MiB comes earlier.
    project.edit("m.toml", "STM32F767ZI", "STM32F767ZG");
    project.edit("m.toml", "\"5-11\"", "\"5-7\"");
    project.edit("m.toml", "\"17-23\"", "\"17-19\"");
    project.waxseal("map m.toml").exits(0).says(&["bank2 is seen at 0x0800_0000, bank1 at 0x0808_0000"]);
    project.waxseal("check m.toml").exits(0).says(&["is inferred from larger parts of its line"]);
}

#[test]
fn what_is_unproven_is_noted() {
    let project = project();
    let run = project.waxseal("check m.toml").exits(0).says(&["a watchdog must outlast it"]);
    assert!(!run.stdout.contains("write protection"), "{}", run.stdout);
    project.edit("m.toml", "sectors = \"0-3\"", "sectors = \"0-3\"\nwrite-protect = true");
    let note = "it is unproven which bank write protection is of while the banks are exchanged";
    project.waxseal("check m.toml").exits(0).says(&[note]);
}
