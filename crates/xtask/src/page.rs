//! The page for browsers: wasm/page, built into wasm/dist.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    process::{Failure, Outcome, capture, root, run},
    tools,
};

/// `cargo xtask serve`: the page on this machine alone, with its headers.
pub fn serve(port: u16) -> Outcome {
    build()?;
    run(Command::new("node").args(["serve.mjs", &port.to_string()]).current_dir(folder()?))
}

/// Builds wasm/dist. The package has to be there.
pub fn build() -> Outcome {
    let folder = folder()?;
    install(&folder)?;
    run(Command::new("node_modules/.bin/tsc").current_dir(&folder))?;
    run(Command::new("node").arg("build.mjs").current_dir(&folder))
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
