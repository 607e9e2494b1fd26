//! The factory image: boot loader and images, where the boot loader embeds this layout.

use waxseal_tests::elf::{Elf, code};
use waxseal_tests::{Project, hex};

use crate::r1b;

pub const BUILD: &str = "build r1b.toml --key keys/release.pem --out out";
/// Where the boot loader starts: sectors 0 and 1 of bank 1, 32 KiB.
pub const BOOT: u32 = 0x0800_0000;

/// Example r1b with a boot loader, whose file is not there yet, and the layout that it is to embed.
pub fn project() -> (Project, Vec<u8>) {
    let project = r1b();
    project.edit("r1b.toml", "# input = \"build/boot.elf\"", "input = \"build/boot.elf\" #");
    project.waxseal(&format!("{BUILD} --no-factory")).exits(0);
    assert!(project.list("out").iter().all(|name| !name.starts_with("factory")));
    let layout = project.read("out/layout.bin");
    (project, layout)
}

/// A boot loader with constants behind its code.
pub fn boot_loader(constants: &[u8]) -> Elf {
    Elf::default().segment(BOOT, [code(BOOT, 0x400), constants.to_vec()].concat())
}

#[test]
fn boot_loader_and_images_at_their_addresses() {
    let (project, layout) = project();
    project.waxseal(BUILD).exits(3).says(&["cannot read build/boot.elf", "r1b.toml:19:", "--no-factory"]);
    project.waxseal("check r1b.toml").exits(0).says(&["build/boot.elf is not there yet"]);
    project.write("build/boot.elf", boot_loader(&layout).file());
    project.waxseal("check r1b.toml").exits(0).says(&["boot loader read: build/boot.elf"]);
    let fingerprint = project.waxseal("map r1b.toml --format json").exits(0).json()["result"]["layouts"]["app"]
        .as_str()
        .unwrap()[..16]
        .to_owned();
    let built = project.waxseal(BUILD).exits(0);
    let built = built.says(&["out/factory.hex", &format!("embeds layout {fingerprint} + app in a\n")]);
    built.says(&["out/factory.dfu", &format!("embeds layout {fingerprint} + app in a; the boot loader comes last\n")]);
    let expected = hex::data(BOOT, &[code(BOOT, 0x400), layout.clone()].concat())
        + &hex::file(0x0802_0000, &project.read("out/app.a.bin"));
    let first = project.read("out/factory.hex");
    assert_eq!(String::from_utf8(first.clone()).unwrap(), expected);
    // A boot loader in HEX, in records that part the layout, and one that is linked at the alias: the same bytes.
    let bytes = [code(BOOT, 0x400), layout].concat();
    project.write("build/boot.elf", hex::data(BOOT + 0x410, &bytes[0x410..]) + &hex::file(BOOT, &bytes[..0x410]));
    project.waxseal(BUILD).exits(0);
    assert!(project.read("out/factory.hex") == first);
    project.write("build/boot.elf", Elf::default().segment(0x0020_0000, bytes).file());
    project.waxseal(BUILD).exits(0);
    assert!(project.read("out/factory.hex") == first);
}

#[test]
fn err_a_boot_loader_of_another_layout() {
    let (project, layout) = project();
    let before = project.list("out");
    project.write("build/boot.elf", boot_loader(&[]).file());
    project.waxseal(BUILD).exits(1).says(&["WX0511", "embeds no layout", "--no-factory"]);
    // Code that judges layouts has the magic number; a layout that is damaged is none.
    let mut damaged = layout.clone();
    *damaged.last_mut().unwrap() ^= 1;
    project.write("build/boot.elf", boot_loader(&damaged).file());
    project.waxseal(BUILD).exits(1).says(&["embeds no layout"]);
    project.write("build/boot.elf", boot_loader(&[&layout[..8], &layout].concat()).file());
    project.waxseal("check r1b.toml").exits(0);
    let layouts = |project: &Project| {
        let map = project.waxseal("map r1b.toml --format json").json();
        map["result"]["layouts"]["app"].as_str().unwrap()[..16].to_owned()
    };
    let old = layouts(&project);
    project.edit("r1b.toml", "\"5-11\"", "\"6-11\"");
    let new = layouts(&project);
    let both = [format!("embeds layout {old}"), format!("`app` is made for layout {new}")];
    project.waxseal("check r1b.toml").exits(1).says(&["WX0511", &both[0], &both[1], "Was the manifest changed"]);
    assert_eq!(project.list("out"), before);
}

#[test]
fn err_a_boot_loader_outside_its_slot() {
    let (project, layout) = project();
    let refused = |elf: Elf, says: &[&str]| {
        project.write("build/boot.elf", elf.file());
        project.waxseal(BUILD).exits(1).says(says);
    };
    let large = [layout.clone(), vec![0; 0x8000]].concat();
    refused(
        boot_loader(&large),
        &["WX0125", "does not fit into slot `boot`", "runs into area `counter`", "room for 32K"],
    );
    refused(
        boot_loader(&layout).segment(0x0802_0000, vec![1; 16]),
        &["WX0502", "16 bytes at 0x0802_0000", "in slot `a`"],
    );
    refused(boot_loader(&layout).segment(0x1FFF_0000, vec![1; 16]), &["WX0502", "option bytes"]);
    refused(boot_loader(&layout).segment(BOOT + 0x10, vec![1; 16]), &["WX0106", "two things to 0x0800_0010"]);
    refused(Elf::default().segment(BOOT + 0x400, layout.clone()), &["WX0503", "nothing is loaded to 0x0800_0000"]);
    let elsewhere = [code(0x0802_0000, 0x400), layout.clone()].concat();
    refused(Elf::default().segment(BOOT, elsewhere), &["WX0503", "cannot start", "outside of what is loaded"]);
    project.write("build/boot.elf", layout);
    project.waxseal(BUILD).exits(1).says(&["WX0501", "no boot loader that can be packed", "sealed already (a layout)"]);
}
