//! What `waxseal build` writes beside the sealed images, judged by programs that are not ours.

use std::process::Command;

use packer::dfuse;
use waxseal_tests::{Project, Run, elf, repository};

use crate::{empty, r1b};

/// A program that is not ours.
fn foreign(project: &Project, program: &str, arguments: &[&str]) -> Run {
    let mut command = Command::new(program);
    Run::of(command.args(arguments).current_dir(project.path(".")))
}

/// Example r5 with new firmware: the header is at the slot's end, 0x080B_FC00, and what runs at an alias is stored elsewhere.
fn r5(payload: u32) -> Project {
    let project = empty();
    project.write("r5.toml", std::fs::read(repository().join("examples/r5/r5.toml")).unwrap());
    project.write("build/inverter.hex", elf::firmware(0x0020_0000, payload));
    project.write("keys/new.txt", "");
    project.waxseal("key new keys/release").exits(0);
    project.waxseal("build r5.toml --key keys/release.pem --out out").exits(0);
    project
}

#[test]
fn objcopy_reads_the_hex_file_as_the_sealed_image() {
    let project = r1b();
    project.build().says(&["out/app.a.hex", "a: 0x0802_0000 to 0x0802_13CB, sector 5\n"]);
    for slot in ["a", "b"] {
        let (hex, back) = (format!("out/app.{slot}.hex"), format!("{slot}.bin"));
        foreign(&project, "objcopy", &["-I", "ihex", "-O", "binary", &hex, &back]).exits(0);
        assert_eq!(project.read(&back), project.read(&format!("out/app.{slot}.bin")));
    }
    // The first record says the upper half of the address.
    assert!(project.read("out/app.b.hex").starts_with(b":020000040812E0\n:10000000895758"));
}

#[test]
fn dfu_suffix_accepts_the_dfu_file_and_names_st() {
    let project = r1b();
    project.build();
    for slot in ["a", "b"] {
        let file = format!("out/app.{slot}.dfu");
        let run = foreign(&project, "dfu-suffix", &["-c", &file]).exits(0);
        run.says(&["Vendor ID:\t0x0483", "Product ID:\t0xDF11", "BCD DFU:\t0x011A"]);
        let bytes = project.read(&file);
        let [target] = &dfuse::read(&bytes).unwrap()[..] else { panic!("targets") };
        let [element] = &target.elements[..] else { panic!("elements") };
        assert_eq!((target.alternate, target.name.as_str()), (0, format!("app 1.4.0 in {slot}").as_str()));
        assert_eq!(element.address, if slot == "a" { 0x0802_0000 } else { 0x0812_0000 });
        assert!(*element.bytes == project.read(&format!("out/app.{slot}.bin")));
        // One bit, and it is another file.
        let mut changed = bytes.clone();
        changed[300] ^= 1;
        project.write("changed.dfu", changed);
        let run = foreign(&project, "dfu-suffix", &["-c", "changed.dfu"]);
        assert_ne!(run.exit, Some(0), "{run:?}");
    }
}

#[test]
fn a_header_at_the_slot_s_end_is_a_piece_of_its_own() {
    let project = r5(4000);
    let image = project.read("out/app.bin");
    foreign(&project, "objcopy", &["-I", "ihex", "-O", "binary", "out/app.hex", "back.bin"]).exits(0);
    let back = project.read("back.bin");
    assert_eq!(back.len(), 0xC_0000, "from the first byte of the slot to the last one of the header");
    assert_eq!(back[..image.len() - 1024], image[1024..]);
    assert_eq!(back[0xB_FC00..], image[..1024]);
    let bytes = project.read("out/app.dfu");
    let targets = dfuse::read(&bytes).unwrap();
    let elements: Vec<_> = targets[0].elements.iter().map(|element| (element.address, element.bytes.len())).collect();
    assert_eq!(elements, [(0x0800_0000, image.len() - 1024), (0x080B_FC00, 1024)]);
}

/// Only a file that a blank board starts from is proposed for one.
#[test]
fn what_comes_next_is_said_where_one_file_is_enough() {
    let next = "next: STM32_Programmer_CLI -c port=swd -w out/app.hex -v\n";
    let project = r5(4000);
    project.edit("r5.toml", "3.2.0", "3.2.1");
    project.waxseal("build r5.toml --key keys/release.pem --out out").exits(0).says(&[next]);
    let without = project.waxseal("build r5.toml --key keys/release.pem --out out --only bin").exits(0);
    assert!(!without.stdout.contains("next:"), "{}", without.stdout);
    project.edit("r5.toml", "[keys.release]", "[keys.release]\nsigner = \"external\"");
    let waiting = project.waxseal("build r5.toml --out out").exits(0);
    assert!(!waiting.stdout.contains("next:"), "{}", waiting.stdout);
    // Who has a boot loader needs it too.
    assert!(!r1b().build().stdout.contains("next:"));
}

#[test]
fn what_shares_a_sector_is_one_element() {
    // Sector 6 starts at 0x0808_0000: the payload ends in it, and the header is at its end.
    let project = r5(0x8_0010);
    let image = project.read("out/app.bin");
    let bytes = project.read("out/app.dfu");
    let targets = dfuse::read(&bytes).unwrap();
    let [element] = &targets[0].elements[..] else { panic!("{:?}", targets[0].elements.len()) };
    assert_eq!((element.address, element.bytes.len()), (0x0800_0000, 0xC_0000));
    let end = image.len() - 1024;
    assert!(element.bytes[..end] == image[1024..]);
    assert!(element.bytes[end..0xB_FC00].iter().all(|byte| *byte == 0xFF));
    // In HEX each byte stands alone: nothing is filled.
    let digits = project.read("out/app.hex").len();
    assert!(digits < 3 * image.len(), "{digits} bytes of HEX for {}", image.len());
}

#[test]
fn an_image_may_not_take_the_layout_s_name() {
    let project = empty();
    let manifest = String::from_utf8(std::fs::read(repository().join("examples/r5/r5.toml")).unwrap()).unwrap();
    let manifest = manifest.replace("images.app]", "images.layout]\nslots    = [\"app\"]");
    project.write("r5.toml", manifest);
    project.write("build/inverter.hex", elf::firmware(0x0020_0000, 4000));
    project.write("keys/new.txt", "");
    project.waxseal("key new keys/release").exits(0);
    let run = project.waxseal("build r5.toml --key keys/release.pem --out out").exits(1);
    run.says(&["WX0505", "two files of this build would be called `layout.bin`", "give the image another name"]);
    assert!(!project.path("out").exists());
}

/// Tables and keys of tables in another order, and nothing else.
fn in_another_order(manifest: &str) -> String {
    let start = manifest.find("\n[").unwrap() + 1;
    let (head, tables) = manifest.split_at(start);
    let mut tables: Vec<_> = tables.split_inclusive('\n').fold(Vec::<String>::new(), |mut tables, line| {
        match tables.last_mut() {
            Some(last) if !line.starts_with('[') => last.push_str(line),
            _ => tables.push(line.to_owned()),
        }
        tables
    });
    tables.reverse();
    format!("{head}{}", tables.concat())
}

#[test]
fn the_order_of_tables_changes_no_byte() {
    let project = r1b();
    project.build();
    let files = super::build::OUTPUTS.map(|name| format!("out/{name}")).into_iter().chain(["waxseal.lock".to_owned()]);
    let before: Vec<_> = files.map(|name| (project.read(&name), name)).collect();
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    let turned = in_another_order(&manifest);
    assert!(turned.find("[slots.b]") < turned.find("[slots.a]"), "{turned}");
    project.write("r1b.toml", turned.replace("slots            = [\"a\", \"b\"]", "slots            = [\"b\", \"a\"]"));
    project.build();
    for (before, name) in before {
        assert!(project.read(&name) == before, "{name}");
    }
}

#[test]
fn what_nobody_may_sign_is_not_made_and_that_is_said() {
    let project = r1b();
    project.waxseal("key new keys/second").exits(0);
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    let second = "[keys.second]\npublic = \"keys/second.pub.pem\"\n";
    let image = "[roles.image]\nkeys = [\"release\"]\n";
    project.write("r1b.toml", format!("{manifest}\n{second}\n{image}"));
    let said = [
        "no layout.bin: nothing says whose signatures `roles.layout` needs",
        "no release: nothing says whose signatures `roles.release` needs",
    ];
    project.build().says(&said);
    assert_eq!(project.list("out"), super::build::OUTPUTS[..6]);

    // Each role has keys of its own.
    let role = |name| format!("\n[roles.{name}]\nkeys = [\"second\"]\n");
    project.write("r1b.toml", format!("{manifest}\n{second}\n{image}{}{}", role("layout"), role("release")));
    let build = "build r1b.toml --key keys/release.pem --out out";
    let run = project.waxseal(build).exits(1).says(&["WX0504"]);
    assert_eq!(run.stderr.matches("error[WX0504]").count(), 1, "{}", run.stderr);
    project.waxseal(&format!("{build} --key keys/second.pem")).exits(0);
    assert_eq!(project.list("out"), super::build::OUTPUTS);
}

/// Two images: neither their order nor that of slots and areas is in the layout or the release.
#[test]
fn the_order_of_images_changes_no_byte() {
    let project = empty();
    let manifest = std::fs::read(repository().join("tests/manifests/good_release.toml")).unwrap();
    let manifest = String::from_utf8(manifest).unwrap();
    project.write("build/hub-a.elf", elf::firmware(waxseal_tests::CODE_A, 4000));
    project.write("build/hub-b.elf", elf::firmware(waxseal_tests::CODE_B, 5000));
    project.write("vendor/radio-2.1.4.bin", [1; 3000]);
    project.write("keys/new.txt", "");
    project.waxseal("key new keys/release").exits(0);
    let build = |manifest: &str| {
        project.write("hub.toml", manifest);
        project.waxseal("build hub.toml --key keys/release.pem --out out").exits(0);
        let files = project.list("out").into_iter().map(|name| (project.read(&format!("out/{name}")), name));
        files.chain([(project.read("waxseal.lock"), "waxseal.lock".to_owned())]).collect::<Vec<_>>()
    };
    let turned = in_another_order(&manifest);
    assert!(
        (manifest.find("[images.app]") < manifest.find("[images.radio]"))
            != (turned.find("[images.app]") < turned.find("[images.radio]"))
    );
    for ((before, name), (after, _)) in build(&manifest).into_iter().zip(build(&turned)) {
        assert!(before == after, "{name}");
    }
}

#[test]
fn only_the_kinds_that_were_asked_for_are_written() {
    let project = r1b();
    project.build();
    let names = |folder: &str| {
        let entries = std::fs::read_dir(project.path(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let all = names("out");
    let kinds: [(&str, &[&str]); 6] = [
        ("bin", &["app.a.bin", "app.b.bin"]),
        ("hex", &["app.a.hex", "app.b.hex"]),
        ("dfu", &["app.a.dfu", "app.b.dfu"]),
        ("layout", &["layout.bin"]),
        (
            "bin,hex,dfu,layout",
            &["app.a.bin", "app.a.dfu", "app.a.hex", "app.b.bin", "app.b.dfu", "app.b.hex", "layout.bin"],
        ),
        ("bin,hex,dfu,layout,release,factory", &all.iter().map(String::as_str).collect::<Vec<_>>()),
    ];
    for (only, expected) in kinds {
        let out = format!("out-{only}");
        std::fs::remove_file(project.path("waxseal.lock")).unwrap();
        let build = format!("build r1b.toml --key keys/release.pem --out {out} --only {only} --format json");
        let result = project.waxseal(&build).exits(0).json()["result"].clone();
        assert_eq!(names(&out), expected, "{only}");
        assert!(project.path("waxseal.lock").exists());
        for name in expected {
            assert!(project.read(&format!("{out}/{name}")) == project.read(&format!("out/{name}")), "{only}: {name}");
        }
        assert_eq!(result["files"].as_array().unwrap().len(), expected.len());
        assert_eq!(result["layout_id"].is_null(), !only.contains("layout"));
        assert_eq!(result["release_id"].is_null(), !only.contains("release"));
        let told = format!("--only {only}: files of other kinds were not made");
        assert!(result["left_out"].as_array().unwrap().contains(&told.into()));
    }
    project.waxseal("build r1b.toml --key keys/release.pem --out x --only elf").exits(2);
}

#[test]
fn what_an_earlier_build_left_is_named() {
    let project = r1b();
    project.build();
    let all = project.list("out");
    let made = ["app.a.bin", "app.b.bin", "layout.bin"];
    let left: Vec<_> =
        all.iter().filter(|name| !made.contains(&name.as_str())).map(|name| format!("out/{name}")).collect();
    let build = "build r1b.toml --key keys/release.pem --out out";
    let only = format!("{build} --only bin,layout");
    let note = format!("note: not made now, and left as an earlier build wrote them: {}\n", left.join(", "));
    assert_eq!(project.waxseal(&only).exits(0).stderr, note);
    let stale =
        |line: &str| project.waxseal(&format!("{line} --format json")).exits(0).json()["result"]["stale"].clone();
    assert_eq!(stale(&only), serde_json::json!(left));
    assert_eq!(stale(build), serde_json::json!([]));
    assert_eq!(project.list("out"), all);
}
