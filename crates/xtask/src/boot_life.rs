//! Devices' whole lives through the C library, their flash in RAM: as C99 and as C++17, under gcc's sanitizers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    boot_c::{Language, compile_for_host, constant},
    cargo::{build_waxseal, command},
    example::write_key,
    process::{Failure, Outcome, capture, root, run, target_folder},
    sample,
    vectors::{EXAMPLE_KEY, test_key},
};

/// Bytes of the application: it takes three sectors of the manifests' slots.
const PAYLOAD: usize = 300_000;

/// Builds and seals the images of each manifest, and lives with them.
pub fn check() -> Outcome {
    run(command("build")?.args(["--package", "boot-c"]))?;
    live("life", &["a", "b"], &["1/app.a.bin", "3/app.a.bin", "2/app.b.bin"])?;
    live("swap", &["a"], &["1/app.bin", "2/app.bin"])
}

/// Compiles a program of tests/boot-c and runs it with sealed images of the manifest of its name. `builds` are the slots that the application is
/// linked for.
fn live(name: &str, builds: &[&str], images: &[&str]) -> Outcome {
    let folder = folder(name)?;
    seal(name, &folder, builds)?;
    for (language, word) in [(Language::C, "C99"), (Language::Cpp, "C++17")] {
        let program = compile_for_host(language, name, &folder)?;
        let images = images.iter().map(|image| folder.join(image));
        print!("{name} as {word}: {}", capture(Command::new(&program).args(images))?);
    }
    Ok(())
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

/// Writes what the program embeds, and seals versions 1 to 3 of each build, in a folder for each version.
fn seal(name: &str, folder: &Path, builds: &[&str]) -> Outcome {
    let file = format!("{name}.toml");
    let manifest = root()?.join("tests/boot-c").join(&file);
    fs::copy(&manifest, folder.join(&file)).map_err(Failure::at(&manifest))?;
    let waxseal = build_waxseal()?;
    let waxseal = |arguments: &[&str]| {
        let mut command = Command::new(&waxseal);
        command.args(arguments).current_dir(folder).env_remove("WAXSEAL_KEY").env("NO_COLOR", "1");
        capture(&mut command).map(drop)
    };
    write_key(&folder.join("release.pem"))?;
    let public = test_key(EXAMPLE_KEY).public().to_pem().map_err(|e| Failure::new(e.to_string()))?;
    fs::write(folder.join("release.pub.pem"), public).map_err(Failure::at(folder))?;
    waxseal(&["gen", "c-header", &file, "-o", "layout.h"])?;
    waxseal(&["gen", "trust", &file, "--as", "c", "-o", "trust.h"])?;
    for slot in builds {
        let name = format!("WAXSEAL_SLOT_{}_RUN", slot.to_uppercase());
        let run_address = constant(&folder.join("layout.h"), &name)?;
        let input = folder.join(format!("{slot}.bin"));
        fs::write(&input, sample::payload(PAYLOAD, run_address)).map_err(Failure::at(&input))?;
    }
    for version in ["1", "2", "3"] {
        let image = format!("app={version}.0.0");
        waxseal(&["build", &file, "--key", "release.pem", "--image-version", &image, "--out", version])?;
    }
    Ok(())
}
