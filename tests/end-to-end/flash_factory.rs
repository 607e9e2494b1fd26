//! Factory images over DfuSe: a blank board gets its boot loader, which nobody signs, and images, which are judged as always.

use std::process::Command;

use waxseal_tests::elf::code;
use waxseal_tests::{Project, Run, hex};

use crate::factory::{self, BOOT, BUILD, boot_loader};
use crate::flash::{BOARD, content, log, untouched};

const LINE: &str = "flash out/factory.hex --manifest r1b.toml --revision B --yes --device";

/// Example r1b with a boot loader, built; and the SHA-256 of that boot loader.
fn project() -> (Project, String) {
    let (project, layout) = factory::project();
    project.write("build/boot.elf", boot_loader(&layout).file());
    project.waxseal(BUILD).exits(0);
    project.write("boot.bin", [code(BOOT, 0x400), layout].concat());
    let sum = Command::new("sha256sum").arg(project.path("boot.bin")).output().unwrap().stdout;
    (project, String::from_utf8(sum[..64].to_vec()).unwrap())
}

fn flash(project: &Project, more: &str) -> Run {
    project.waxseal(&format!("{LINE} {BOARD} {more}"))
}

#[test]
fn a_blank_board_needs_no_other_tool() {
    let (project, digest) = project();
    let plan = ["slot boot: the boot loader", &format!("not signed: written as given, sha256 {digest}")];
    flash(&project, "--dry-run").exits(0).says(&plan).says(&["erase    sectors 0-1, 32K"]);
    untouched(&project);
    let loader = format!("--boot-loader {}", &digest[..8]);
    let run = flash(&project, &format!("{loader} --record record.csv --board A1")).exits(0);
    run.says(&plan)
        .says(&["slot a holds app 1.4.0, read back", "slot boot holds the boot loader, read back and compared"]);
    let flash = content(&project);
    let layout = project.read("out/layout.bin");
    assert!(flash[..0x400] == code(BOOT, 0x400) && flash[0x400..].starts_with(&layout));
    assert!(flash[0x2_0000..].starts_with(&project.read("out/app.a.bin")));
    // The image is whole before the boot loader is begun, whose vector table comes last.
    let log = log(&project);
    assert_eq!(log.last().unwrap(), "programmed 0x0800_0000 256");
    let place = |start: &str| log.iter().position(|line| line.starts_with(start)).unwrap();
    assert!(place("erased 0x0800_0000") > place("programmed 0x0802_0000"));
    let record = String::from_utf8(project.read("record.csv")).unwrap();
    assert!(record.contains(&digest), "{record}");
}

#[test]
fn nobody_is_taken_to_have_said_which_boot_loader() {
    let (project, digest) = project();
    flash(&project, "").exits(2).says(&["not signed", "--boot-loader SHA256"]);
    flash(&project, &format!("--boot-loader {}", &digest[..7])).exits(1).says(&["at least 8 digits"]);
    flash(&project, "--boot-loader 0123456789abcdef").exits(1).says(&["not the one that is meant", &digest]);
    flash(&project, "--boot-loader").exits(2);
    untouched(&project);
    // Without it there is nothing to say.
    flash(&project, "--slot a").exits(0).says(&["not written: the boot loader for slot boot: not asked for"]);
    assert!(
        log(&project).iter().all(|line| line.contains(" 0x0802_") || line.contains(" 0x080")),
        "{:?}",
        log(&project)
    );
    assert!(content(&project)[..0x1_0000].iter().all(|byte| *byte == 0xFF));
}

/// Whatever is wrong with a factory image, no device is looked at.
#[test]
fn err_factory_images() {
    let (project, digest) = project();
    let app = project.read("out/app.a.bin");
    let layout = project.read("out/layout.bin");
    let loader = [code(BOOT, 0x400), layout.clone()].concat();
    let mut tampered = app.clone();
    tampered[0x500] ^= 1;
    let slot_a = 0x0802_0000;
    let image = |app: &[u8]| hex::file(slot_a, app);
    for (name, file, says) in [
        ("a tampered image", hex::data(BOOT, &loader) + &image(&tampered), "PayloadDigest"),
        ("half an image", hex::data(BOOT, &loader) + &image(&app[..0x420]), "the image's byte at"),
        ("no image in its slot", hex::data(BOOT, &loader) + &hex::file(slot_a, &[1; 0x500]), "NotSealed"),
        (
            "more in its slot",
            hex::data(BOOT, &loader) + &image(&[app.clone(), vec![1; 16]].concat()),
            "neither the image's",
        ),
        (
            "a counter",
            hex::data(BOOT, &loader) + &hex::data(0x0800_8000, &[1; 16]) + &image(&app),
            "0x0800_8000 to 0x0800_800F",
        ),
        ("option bytes", hex::data(BOOT, &loader) + &hex::data(0x1FFF_0000, &[1; 16]) + &image(&app), "0x1FFF_0000"),
        ("another layout", hex::data(BOOT, &code(BOOT, 0x400)) + &image(&app), "embeds no layout"),
        ("nothing but a boot loader", hex::file(BOOT, &loader), "no sealed image in it"),
        ("no vector table", hex::data(BOOT + 0x10, &loader) + &image(&app), "nothing is loaded to 0x0800_0000"),
    ] {
        project.write("out/factory.hex", file);
        let run = flash(&project, &format!("--boot-loader {digest}"));
        let said = run.stdout.clone() + &run.stderr;
        assert!(run.exit == Some(1) && said.contains(says), "{name}: {said}");
        untouched(&project);
    }
}

/// What dfu-util takes with `-D`: it erases and writes element by element, so that a sector belongs to one alone, and what starts the
/// board is the last one.
#[test]
fn a_dfuse_file_for_other_tools() {
    let (project, digest) = project();
    let elements = || match packer::dfuse::read(&project.read("out/factory.dfu")).unwrap().as_slice() {
        [target] if target.alternate == 0 => {
            target.elements.iter().map(|piece| (piece.address, piece.bytes.to_vec())).collect::<Vec<_>>()
        }
        targets => panic!("{targets:?}"),
    };
    let app = (0x0802_0000, project.read("out/app.a.bin"));
    assert!(elements() == [app.clone(), (BOOT, project.read("boot.bin"))]);
    let run = project.waxseal(&format!("{} {BOARD} --boot-loader {digest}", LINE.replace(".hex", ".dfu"))).exits(0);
    run.says(&["slot a holds app 1.4.0", "slot boot holds the boot loader, read back and compared"]);
    project.waxseal("verify out/factory.dfu --manifest r1b.toml --revision B --without boot-loader").exits(0);
    // A boot loader in both of its sectors, of 16 KiB each.
    let constants = [project.read("out/layout.bin"), vec![7; 0x5000]].concat();
    project.write("build/boot.elf", boot_loader(&constants).file());
    project.waxseal(BUILD).exits(0);
    let loader = [code(BOOT, 0x400), constants].concat();
    let (first, rest) = loader.split_at(0x4000);
    assert!(elements() == [app, (BOOT + 0x4000, rest.to_vec()), (BOOT, first.to_vec())]);
}

#[test]
fn a_factory_image_is_verified_but_for_its_boot_loader() {
    let (project, digest) = project();
    let line = "verify out/factory.hex --manifest r1b.toml --revision B";
    project.waxseal(line).exits(2).says(&["boot-loader", "--without boot-loader"]);
    let run = project.waxseal(&format!("{line} --without boot-loader")).exits(0);
    run.says(&["not signed: written as given", &digest, "factory image verified, but for boot-loader"]);
    let json = project.waxseal(&format!("{line} --without boot-loader --format json")).json();
    assert_eq!(json["result"]["boot_loader"]["sha256"], digest);
    assert_eq!(json["result"]["members"][0]["verified"], true);
}

/// Pulled off while the boot loader is written, and finished.
#[test]
fn a_boot_loader_that_was_cut_off_is_finished() {
    let (project, digest) = project();
    let loader = format!("--boot-loader {digest}");
    for fault in ["unplug@erase:7", "unplug@erase:8", "unplug@program:3", "unplug@program:4"] {
        let run = flash(&project, &format!("{loader} --fault {fault}")).exits(4);
        run.says(&["slot a holds app 1.4.0", "slot boot: "]);
        flash(&project, &format!("{loader} --resume")).exits(0).says(&["slot boot holds the boot loader"]);
    }
}
