//! An example's firmware: one build for each slot, each with the linker script that waxseal writes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use packer::KeyError;

use crate::{
    cargo::{CORTEX_M, Profile, build_waxseal, for_cortex_m},
    process::{Failure, Outcome, capture, root, run, target_folder},
    tools,
    vectors::{EXAMPLE_KEY, test_key},
};

/// The slots of the example r1b, each with a build of its own.
pub const SLOTS: [&str; 2] = ["a", "b"];
/// The example's manifest.
pub const MANIFEST: &str = "r1b.toml";
/// The private test key, below the example's folder.
pub const KEY: &str = "build/release.pem";

/// The lock file that a build writes.
pub const LOCK: &str = "waxseal.lock";

/// The example r1b in one checkout, with the command that it is packed with.
#[derive(Clone)]
pub struct Example {
    /// The example's folder.
    pub folder: PathBuf,
    /// The command.
    pub waxseal: PathBuf,
    /// Where cargo builds the firmware.
    pub target: PathBuf,
    /// The time zone of all that runs: nothing may depend on it.
    pub time_zone: &'static str,
}

impl Example {
    /// The example in this checkout, with `waxseal` built.
    pub fn here() -> Outcome<Self> {
        let (folder, target) = (root()?.join("examples/r1b"), target_folder()?);
        Ok(Self { folder, waxseal: build_waxseal()?, target, time_zone: "Asia/Tokyo" })
    }

    /// The example in another checkout, with a folder of its own to build in.
    pub fn elsewhere(&self, checkout: &Path) -> Self {
        let (folder, target) = (checkout.join("examples/r1b"), checkout.join("target"));
        Self { folder, target, time_zone: "America/Lima", ..self.clone() }
    }

    /// A folder with the same manifest, and another test key in place of the release key. It has no firmware yet.
    pub fn twin(&self, folder: PathBuf, key: u8) -> Outcome<Self> {
        for part in ["build", "keys"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).map_err(Failure::at(&part))?;
        }
        fs::copy(self.folder.join(MANIFEST), folder.join(MANIFEST)).map_err(Failure::at(&folder))?;
        let (private, public) = (folder.join(KEY), folder.join("keys/release.pub.pem"));
        fs::write(&private, pem(test_key(key).to_pem(None))?).map_err(Failure::at(&private))?;
        fs::write(&public, pem(test_key(key).public().to_pem())?).map_err(Failure::at(&public))?;
        Ok(Self { folder, ..self.clone() })
    }

    /// The command `waxseal`, in the example's folder.
    pub fn waxseal(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.waxseal);
        // What a user's shell sets must not change what is shown or made.
        command.args(arguments).current_dir(&self.folder);
        command.env_remove("WAXSEAL_KEY").env("NO_COLOR", "1").env("TZ", self.time_zone);
        command
    }

    /// The linker script for `slot`, below the example's folder.
    pub fn memory(slot: &str) -> String {
        format!("build/memory-{slot}.x")
    }

    /// Writes the test key and the linker scripts.
    pub fn prepare(&self) -> Outcome {
        let build = self.folder.join("build");
        fs::create_dir_all(&build).map_err(Failure::at(&build))?;
        self.forget(LOCK)?;
        write_key(&self.folder.join(KEY))?;
        for slot in SLOTS {
            capture(&mut self.waxseal(&["gen", "linker", MANIFEST, "--slot", slot, "-o", &Self::memory(slot)]))?;
        }
        Ok(())
    }

    /// Removes a lock file: what an older checkout locked says nothing about this one.
    pub fn forget(&self, lock: &str) -> Outcome {
        let lock = self.folder.join(lock);
        if lock.exists() { fs::remove_file(&lock).map_err(Failure::at(&lock)) } else { Ok(()) }
    }

    /// The build of the firmware for `slot`.
    pub fn cargo(&self, subcommand: &str, slot: &str) -> Outcome<Command> {
        let mut cargo = for_cortex_m(subcommand, Profile::Size)?;
        cargo.args(["--package", "r1b-firmware"]);
        cargo.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target).env("TZ", self.time_zone);
        cargo.env("WAXSEAL_MEMORY_X", self.folder.join(Self::memory(slot)));
        Ok(cargo)
    }

    /// Builds the firmware for each slot: build/app-a.elf and build/app-b.elf.
    pub fn build_firmware(&self) -> Outcome {
        tools::ensure_target(CORTEX_M)?;
        for slot in SLOTS {
            run(&mut self.cargo("build", slot)?)?;
            let built = self.target.join(CORTEX_M).join(Profile::Size.name()).join("r1b-firmware");
            fs::copy(&built, self.folder.join(format!("build/app-{slot}.elf"))).map_err(Failure::at(&built))?;
        }
        Ok(())
    }

    /// All of it: key, firmware, sealed files.
    pub fn make(&self) -> Outcome {
        self.prepare()?;
        self.build_firmware()?;
        capture(&mut self.seal()).map(drop)
    }

    /// The command that seals the firmware.
    pub fn seal(&self) -> Command {
        self.waxseal(&["build", MANIFEST, "--key", KEY, "--out", "out"])
    }
}

/// Writes the test key that the examples' images are signed with.
pub fn write_key(path: &Path) -> Outcome {
    fs::write(path, pem(test_key(EXAMPLE_KEY).to_pem(None))?).map_err(Failure::at(path))
}

fn pem<T>(encoded: Result<T, KeyError>) -> Outcome<T> {
    encoded.map_err(|e| Failure::new(e.to_string()))
}

/// `cargo xtask firmware`.
pub fn firmware() -> Outcome {
    let example = Example::here()?;
    example.prepare()?;
    example.build_firmware()?;
    println!("examples/r1b/build/app-a.elf and app-b.elf are built");
    Ok(())
}
