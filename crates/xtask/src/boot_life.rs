//! Devices' whole lives through the C library, their flash in RAM: as C99 and as C++17, under gcc's sanitizers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use image_format::layout::GroupView;
use packer::source::{Language as Rendered, Section, Source, Value};
use simulate::devices;

use crate::{
    boot_c::{Language, compile_for_host, constant},
    cargo::{build_waxseal, command},
    example::write_key,
    process::{Failure, Outcome, capture, root, run, target_folder},
    sample,
    vectors::{EXAMPLE_KEY, test_key},
};

/// Bytes of the application: it takes three sectors of life.toml's slots.
const PAYLOAD: usize = 300_000;
/// The slots of life.toml.
const SLOTS: [&str; 2] = ["a", "b"];
/// The simulator's device whose banks are exchanged: no manifest makes one yet.
const SWAPPED: &str = "F767ZG-dual/bank-swap";

/// Builds and seals the images of life.toml, and lives with them; then with the simulator's device whose banks are exchanged.
pub fn check() -> Outcome {
    run(command("build")?.args(["--package", "boot-c"]))?;
    let life = folder("life")?;
    live("life", &life, &seal(&life)?)?;
    let swap = folder("swap")?;
    live("swap", &swap, &exchanged(&swap)?)
}

/// An empty folder for what is generated for a program.
fn folder(name: &str) -> Outcome<PathBuf> {
    let folder = target_folder()?.join("boot-life").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    Ok(folder)
}

fn live(name: &str, folder: &Path, images: &[PathBuf]) -> Outcome {
    for (language, word) in [(Language::C, "C99"), (Language::Cpp, "C++17")] {
        let program = compile_for_host(language, name, folder)?;
        print!("{name} as {word}: {}", capture(Command::new(&program).args(images))?);
    }
    Ok(())
}

/// Seals version 1 and 3 for slot a, and version 2 for slot b; writes what the program embeds.
fn seal(folder: &Path) -> Outcome<[PathBuf; 3]> {
    let manifest = root()?.join("tests/boot-c/life.toml");
    fs::copy(&manifest, folder.join("life.toml")).map_err(Failure::at(&manifest))?;
    let waxseal = build_waxseal()?;
    let waxseal = |arguments: &[&str]| {
        let mut command = Command::new(&waxseal);
        command.args(arguments).current_dir(folder).env_remove("WAXSEAL_KEY").env("NO_COLOR", "1");
        capture(&mut command).map(drop)
    };
    write_key(&folder.join("release.pem"))?;
    let public = test_key(EXAMPLE_KEY).public().to_pem().map_err(|e| Failure::new(e.to_string()))?;
    fs::write(folder.join("release.pub.pem"), public).map_err(Failure::at(folder))?;
    waxseal(&["gen", "c-header", "life.toml", "-o", "layout.h"])?;
    waxseal(&["gen", "trust", "life.toml", "--as", "c", "-o", "trust.h"])?;
    for slot in SLOTS {
        let name = format!("WAXSEAL_SLOT_{}_RUN", slot.to_uppercase());
        let run_address = constant(&folder.join("layout.h"), &name)?;
        let input = folder.join(format!("{slot}.bin"));
        fs::write(&input, sample::payload(PAYLOAD, run_address)).map_err(Failure::at(&input))?;
    }
    for version in ["1", "2", "3"] {
        let image = format!("app={version}.0.0");
        waxseal(&["build", "life.toml", "--key", "release.pem", "--image-version", &image, "--out", version])?;
    }
    Ok(["1/app.a.bin", "3/app.a.bin", "2/app.b.bin"].map(|image| folder.join(image)))
}

/// Writes what `waxseal gen` would for a device of the simulator, and its images.
fn exchanged(folder: &Path) -> Outcome<[PathBuf; 2]> {
    let benches = devices::benches(false, 1).map_err(Failure::new)?;
    let bench = benches.iter().find(|bench| bench.name == SWAPPED);
    let bench = bench.ok_or_else(|| Failure::new(format!("the simulator has no {SWAPPED}")))?;
    let config = bench.config();
    let group = GroupView::parse(config.layout).map(|(group, _)| group);
    let group = group.ok_or_else(|| Failure::new(format!("{SWAPPED}: not a slot group")))?;
    let mut layout = Section::new(SWAPPED);
    let mut hex = |name: String, value: u32| layout.add(name, "As the slot group has it.", Value::Hex(value));
    let mut bases = Vec::new();
    for (region, bank) in group.regions().zip(1..) {
        hex(format!("REGION_BANK{bank}_START"), region.region.base.get());
        hex(format!("REGION_BANK{bank}_SIZE"), region.runs.iter().map(|run| run.size.get() * run.count.get()).sum());
        bases.push(region.region.base.get());
    }
    for (slot, name) in group.slots().iter().zip(SLOTS) {
        hex(format!("SLOT_{name}_START"), bases[usize::from(slot.region)] + slot.offset.get());
        hex(format!("SLOT_{name}_SIZE"), slot.size.get());
        hex(format!("SLOT_{name}_FRONT_SIZE"), group.head().payload_offset.get());
    }
    hex("UPDATE_TRIES".to_owned(), config.tries.into());
    hex("UPDATE_LARGEST_COUNTER_STEP".to_owned(), config.largest_step);
    hex("UPDATE_RAISE".to_owned(), 2);
    let mut bytes = |name: &str, bytes: &[u8]| layout.add(name, "As embedded.", Value::Bytes(bytes.to_vec()));
    bytes("VENDOR_ID", &config.device.vendor_id);
    bytes("CLASS_ID", &config.device.class_id);
    bytes("IMAGE_APP_GROUP", config.layout);
    let mut trust = Section::new(SWAPPED);
    trust.add("TRUST_SET", "As embedded.", Value::Bytes(config.trust.to_vec()));
    for (subject, section) in [("layout", layout), ("trust", trust)] {
        let source = Source { subject, about: Vec::new(), sections: vec![section], code: String::new() };
        let text = source.render(Rendered::C).map_err(|error| Failure::new(error.to_string()))?;
        let path = folder.join(format!("{subject}.h"));
        fs::write(&path, text).map_err(Failure::at(&path))?;
    }
    let images = [("old.bin", bench.old_image()), ("new.bin", bench.new_image())];
    for (name, image) in images {
        fs::write(folder.join(name), image).map_err(Failure::at(folder))?;
    }
    Ok(images.map(|(name, _)| folder.join(name)))
}
