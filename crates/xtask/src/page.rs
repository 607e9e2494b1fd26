//! The page for browsers: wasm/page, built into wasm/dist.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cargo,
    process::{Failure, Outcome, capture, root, run, target_folder},
    test::wasm,
    tools,
};

/// `cargo xtask serve`: the page on this machine alone, with its headers.
pub fn serve(port: u16) -> Outcome {
    println!("building the package and the page: some minutes the first time");
    wasm()?;
    build()?;
    run(Command::new("node").args(["serve.mjs", &port.to_string()]).current_dir(folder()?))
}

/// Builds wasm/dist. The package has to be there.
pub fn build() -> Outcome {
    install_packages()?;
    let folder = folder()?;
    let demo = demo(&folder)?;
    run(Command::new("node_modules/.bin/tsc").current_dir(&folder))?;
    run(Command::new("node").arg("build.mjs").arg(demo).current_dir(&folder))
}

/// Seals the demonstration's release as any other is, in a folder of its own: a build leaves a lock file.
fn demo(page: &Path) -> Outcome<PathBuf> {
    let waxseal = cargo::build_waxseal()?;
    let folder = target_folder()?.join("page-demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    }
    let keys = folder.join("keys");
    fs::create_dir_all(&keys).map_err(Failure::at(&keys))?;
    for from in [page.join("demo"), page.join("demo/keys")] {
        for entry in fs::read_dir(&from).map_err(Failure::at(&from))? {
            let file = entry.map_err(Failure::at(&from))?.path();
            let Ok(relative) = file.strip_prefix(page.join("demo")) else { continue };
            if file.is_file() {
                fs::copy(&file, folder.join(relative)).map_err(Failure::at(&file))?;
            }
        }
    }
    // What the tests need beside it: a part with two sector maps, and images that go together in a release that expires.
    for name in ["banks.toml", "hub.toml"] {
        fs::copy(page.join("test").join(name), folder.join(name)).map_err(Failure::at(&folder))?;
    }
    let firmware = |more: &[&str]| {
        capture(Command::new("node").args(["firmware.mjs", "."]).args(more).current_dir(&folder)).map(drop)
    };
    let seal = |manifest: &str, lock: &str, out: &str, more: &[&str]| {
        let line = ["build", manifest, "--key", "keys/demo.pem", "--lock", lock, "--out", out];
        capture(Command::new(&waxseal).args(line).args(more).current_dir(&folder)).map(drop)
    };
    firmware(&[])?;
    seal("banks.toml", "banks.lock", "banks", &[])?;
    seal("hub.toml", "hub.lock", "hub", &[])?;
    // The boot loader embeds the layout that the first build makes.
    seal("demo.toml", "demo.lock", "out", &["--no-factory"])?;
    firmware(&["out/layout.bin"])?;
    seal("demo.toml", "demo.lock", "out", &[])?;
    capture(Command::new(&waxseal).args(["gen", "trust", "demo.toml", "--out", "trust.bin"]).current_dir(&folder))?;
    Ok(folder)
}

/// Installs the packages that build and test the page; the npm package's own tests use them too.
pub fn install_packages() -> Outcome {
    install(&folder()?)
}

fn folder() -> Outcome<PathBuf> {
    Ok(root()?.join("wasm/page"))
}

/// Installs what the lock file says, if that is not what is there. No package's own script is run.
fn install(folder: &Path) -> Outcome {
    tools::NODE.ensure()?;
    tools::NPM.ensure()?;
    let wanted = folder.join("package-lock.json");
    let wanted = fs::read(&wanted).map_err(Failure::at(&wanted))?;
    let installed = folder.join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    capture(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))?;
    fs::write(&installed, wanted).map_err(Failure::at(&installed))
}
