//! A device's whole life through the C library, its flash in RAM: as C99 and as C++17, under gcc's sanitizers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    boot_c::{SANITIZERS, STRICT},
    cargo::{build_waxseal, command},
    example::write_key,
    process::{Failure, Outcome, capture, root, run, target_folder},
    sample, tools,
    vectors::{EXAMPLE_KEY, test_key},
};

/// Bytes of the application: it takes three sectors of life.toml's slots.
const PAYLOAD: usize = 300_000;
/// Slots and where their payloads run, as life.toml has it; `waxseal build` refuses a vector table for another place.
const SLOTS: [(&str, u32); 2] = [("a", 0x0802_0400), ("b", 0x0812_0400)];

/// Builds and seals the images of life.toml, and lives with them.
pub fn check() -> Outcome {
    run(command("build")?.args(["--package", "boot-c"]))?;
    let tests = root()?.join("tests/boot-c");
    let folder = target_folder()?.join("boot-life");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    fs::copy(tests.join("life.toml"), folder.join("life.toml")).map_err(Failure::at(&tests))?;
    let images = seal(&folder)?;
    for (tool, compiler, language) in
        [(tools::GCC, "gcc", STRICT.as_slice()), (tools::GXX, "g++", ["-xc++", "-std=c++17"].as_slice())]
    {
        tool.ensure()?;
        let program = folder.join(compiler);
        let mut compile = Command::new(compiler);
        compile.args(language).args(&STRICT[1..]).args(SANITIZERS).arg("-I").arg(root()?.join("schema"));
        compile.arg("-I").arg(&folder).arg(tests.join("life.c"));
        // The library is no source, whatever the language before it.
        compile.arg("-xnone").arg(target_folder()?.join("debug/libwaxseal_boot.a"));
        capture(compile.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program))?;
        print!("{compiler}: a life of {}", capture(Command::new(&program).args(&images))?);
    }
    Ok(())
}

/// Seals version 1 and 3 for slot a, and version 2 for slot b; writes what the program embeds.
fn seal(folder: &Path) -> Outcome<[PathBuf; 3]> {
    let waxseal = build_waxseal()?;
    let waxseal = |arguments: &[&str]| {
        let mut command = Command::new(&waxseal);
        command.args(arguments).current_dir(folder).env_remove("WAXSEAL_KEY").env("NO_COLOR", "1");
        capture(&mut command).map(drop)
    };
    write_key(&folder.join("release.pem"))?;
    let public = test_key(EXAMPLE_KEY).public().to_pem().map_err(|e| Failure::new(e.to_string()))?;
    fs::write(folder.join("release.pub.pem"), public).map_err(Failure::at(folder))?;
    for (slot, run_address) in SLOTS {
        let input = folder.join(format!("{slot}.bin"));
        fs::write(&input, sample::payload(PAYLOAD, run_address)).map_err(Failure::at(&input))?;
    }
    waxseal(&["gen", "c-header", "life.toml", "-o", "layout.h"])?;
    waxseal(&["gen", "trust", "life.toml", "--as", "c", "-o", "trust.h"])?;
    for version in ["1", "2", "3"] {
        let image = format!("app={version}.0.0");
        waxseal(&["build", "life.toml", "--key", "release.pem", "--image-version", &image, "--out", version])?;
    }
    Ok(["1/app.a.bin", "3/app.a.bin", "2/app.b.bin"].map(|image| folder.join(image)))
}
