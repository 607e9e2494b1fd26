//! Without a boot loader: reset starts the image, and the header is at the slot's end.

use std::fs;

use waxseal_tests::{Project, elf, repository};

use crate::empty;

/// An example, with a new key pair and firmware that runs at this address.
fn example(name: &str, key: &str, input: &str, address: u32) -> Project {
    let project = empty();
    let manifest = format!("{name}.toml");
    project.write(&manifest, fs::read(repository().join("examples").join(name).join(&manifest)).unwrap());
    project.write(input, elf::firmware(address, 4000));
    project.write(&format!("{key}.txt"), "");
    project.run(["key", "new", key]).exits(0);
    project
}

#[test]
fn one_build_for_two_banks_that_the_rom_exchanges() {
    let project = example("r1a", "keys/release", "build/gateway.elf", 0x0800_0000);
    project.waxseal("check r1a.toml").exits(0).says(&["WX0111", "allowed WX0114 (no recovery by the BOOT0 pin): "]);
    project.waxseal("map r1a.toml").exits(0).says(&["header 0x080F_FC00, code 0x0800_0000", "header 0x081F_FC00"]);
    project.waxseal("build r1a.toml --key keys/release.pem --out out").exits(0);
    let slots = ["app.a.dfu", "app.a.hex", "app.b.dfu", "app.b.hex"];
    let files = [slots.as_slice(), &["app.bin", "gateway-1.4.0.release", "layout.bin"]].concat();
    assert_eq!(project.list("out"), files);
    for slot in ["a", "b"] {
        let line = format!("verify out/app.bin --manifest r1a.toml --slot {slot} --revision B");
        project.waxseal(&line).exits(0).says(&["runs at 0x0800_0000, payload at offset 0"]);
    }
    // Linked for where bank 2 is stored it runs nowhere.
    project.write("build/gateway.elf", elf::firmware(0x0810_0000, 4000));
    let run = project.waxseal("build r1a.toml --key keys/release.pem --out out").exits(1).says(&["WX0108"]);
    assert!(!run.stderr.contains("or one build for both"), "it is one build for both: {}", run.stderr);
    // One file for two slots is wrong once.
    project.write("build/gateway.elf", "junk");
    for command in ["check r1a.toml", "build r1a.toml --key keys/release.pem --out out"] {
        project.waxseal(command).exits(1).says(&["r1a.toml: 1 error, 1 warning\n"]);
    }
}

#[test]
fn one_build_for_two_banks_at_their_alias() {
    let project = example("r1a", "keys/release", "build/gateway.elf", 0x0020_0000);
    let manifest = String::from_utf8(project.read("r1a.toml")).unwrap();
    project.write("r1a.toml", manifest.replace("\nregion  = \"bank", "\nrun-alias = \"itcm\"\nregion  = \"bank"));
    // Nothing is programmed at the alias, from whichever bank the next image is staged.
    let stage = "the next image goes to 0x0810_0000";
    project.waxseal("map r1a.toml").exits(0).says(&["code 0x0810_0000, runs at 0x0020_0000", stage]);
    project.waxseal("build r1a.toml --key keys/release.pem --out out").exits(0);
    for slot in ["a", "b"] {
        let line = format!("verify out/app.bin --manifest r1a.toml --slot {slot} --revision B");
        project.waxseal(&line).exits(0).says(&["runs at 0x0020_0000, payload at offset 0"]);
    }
    // Linked for the real address, its vectors point out of the image: in both slots.
    project.write("build/gateway.elf", elf::firmware(0x0800_0000, 4000));
    project.waxseal("build r1a.toml --key keys/release.pem --out out").exits(1).says(&["WX0503", "reset vector"]);
}

#[test]
fn the_smallest_manifest() {
    let project = example("e2", "dev", "app.elf", 0x0800_0000);
    // The stack of `elf::firmware` is at the end of the F767's RAM; this part's ends earlier.
    let mut firmware = project.read("app.elf");
    let stack = firmware.windows(4).position(|word| word == 0x2008_0000_u32.to_le_bytes()).unwrap();
    firmware[stack..stack + 4].copy_from_slice(&0x2005_0000_u32.to_le_bytes());
    project.write("app.elf", firmware);
    let defaults = ["\"fixed\"", "one slot, and no other place to write to", "1K, at the slot's end"];
    project.waxseal("check -v e2.toml").exits(0).says(&defaults);
    project.waxseal("build e2.toml --key dev.pem --out out").exits(0);
    project.waxseal("verify out/app.bin --manifest e2.toml").exits(0).says(&["payload at offset 0"]);
    project.waxseal("gen linker e2.toml --slot app").exits(0).says(&["ORIGIN = 0x08000000, LENGTH = 1047552"]);
}

#[test]
fn an_image_that_runs_at_an_alias() {
    let project = example("r5", "keys/release", "build/inverter.hex", 0x0020_0000);
    project.waxseal("map r5.toml").exits(0).says(&["BOOT_ADD0=0x0080", "runs at 0x0020_0000"]);
    project.waxseal("build r5.toml --key keys/release.pem --out out").exits(0).says(&["at 0x0800_0000"]);
    project.waxseal("verify out/app.bin --manifest r5.toml --revision D").exits(0).says(&["runs at 0x0020_0000"]);
    // Linked for the real address, its vectors point out of the image.
    project.write("build/inverter.hex", elf::firmware(0x0800_0000, 4000));
    project.waxseal("build r5.toml --key keys/release.pem --out out").exits(1).says(&["WX0503", "reset vector"]);
}
