//! Calls cargo: for the host with the caller's flags, for a target with exactly ours.

use std::{
    env, fs,
    io::{IsTerminal, stderr},
    path::PathBuf,
    process::Command,
};

use crate::process::{Outcome, root, run, target_folder};

/// The target of the Cortex-M7 with its double-precision unit, as in the STM32F767.
pub const CORTEX_M: &str = "thumbv7em-none-eabihf";
/// The browser's target.
pub const WASM: &str = "wasm32-unknown-unknown";

/// What a program for the target is optimised for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Few bytes.
    Size,
    /// Few instructions.
    Speed,
}

impl Profile {
    /// The profile's name in Cargo.toml.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Size => "firmware",
            Profile::Speed => "firmware-speed",
        }
    }

    /// The compiler flags, all of them but those of one machine.
    fn flags(self) -> Vec<String> {
        let mut flags = Vec::new();
        // sha2 chooses its back end by a cfg, not by a feature. The compact one saves 32 KB and costs 26 instructions a byte.
        if self == Profile::Size {
            flags.push("--cfg=sha2_backend_soft=\"compact\"");
            // LLVM's own threshold for size is 5. Measured, the boot loader: 35,188 bytes with that, 34,476 with 20, 33,884 with 30, 34,148 with 40.
            flags.push("-Cllvm-args=-inline-threshold=30");
        }
        flags.into_iter().map(String::from).chain(without_folders()).collect()
    }

    /// Where cargo puts the program `name` of this profile.
    pub fn program(self, name: &str) -> Outcome<PathBuf> {
        Ok(target_folder()?.join(CORTEX_M).join(self.name()).join(name))
    }
}

/// Cargo's home: where the sources of dependencies are.
pub fn home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

/// Compiler flags by which panic locations in dependencies name no folder of this machine. Those of the workspace are relative already.
pub fn without_folders() -> Vec<String> {
    let Some(home) = home() else { return Vec::new() };
    let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    // Without the folder, which every mirror names otherwise, 50 bytes of flash less for each file.
    let mut flags: Vec<_> =
        registries.map(|folder| format!("--remap-path-prefix={}/=", folder.path().display())).collect();
    flags.sort();
    // Of two prefixes that match, the last one counts.
    flags.insert(0, format!("--remap-path-prefix={}=cargo", home.display()));
    flags
}

/// Cargo, in the workspace's root. It shows its progress only to a person: what goes into a file is the same each time.
pub fn command(subcommand: &str) -> Outcome<Command> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg(subcommand).current_dir(root()?).env("CARGO_TARGET_DIR", target_folder()?);
    if !stderr().is_terminal() {
        cargo.env("CARGO_TERM_QUIET", "true");
    }
    Ok(cargo)
}

/// Cargo for another target than the host: flags that are meant for the host are not passed on.
///
/// Inherited flags would take the place of ours, the choice of sha2's back end included, and nothing would say so.
pub fn for_target(subcommand: &str, target: &str, profile: &str) -> Outcome<Command> {
    let mut cargo = command(subcommand)?;
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.args(["--target", target, "--profile", profile]);
    Ok(cargo)
}

/// Cargo for the Cortex-M7.
pub fn for_cortex_m(subcommand: &str, profile: Profile) -> Outcome<Command> {
    for_firmware(
        subcommand,
        CORTEX_M,
        profile,
        &["-Ctarget-cpu=cortex-m7", "-Clink-arg=-Tlink.x", "-Clink-arg=--nmagic"],
    )
}

/// Cargo for a target without an operating system, with the flags of its machine.
pub fn for_firmware(subcommand: &str, target: &str, profile: Profile, machine: &[&str]) -> Outcome<Command> {
    let mut cargo = for_target(subcommand, target, profile.name())?;
    let flags: Vec<String> = machine.iter().map(ToString::to_string).chain(profile.flags()).collect();
    // The flags are separated by the ASCII unit separator, so that a path may have spaces.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    Ok(cargo)
}

/// Builds the program that builds the npm package, and returns where it is.
pub fn build_xtask_wasm() -> Outcome<PathBuf> {
    run(command("build")?.args(["--package", "xtask", "--features", "wasm", "--bin", "xtask-wasm"]))?;
    Ok(target_folder()?.join("debug/xtask-wasm"))
}

/// Builds the command `waxseal` and returns where it is. With its cryptography optimised, the dev profile is fast enough.
pub fn build_waxseal() -> Outcome<PathBuf> {
    // With xtask selected too, their common dependencies have the same features, and none is built a second time.
    run(command("build")?.args(["--package", "waxseal", "--package", "xtask", "--bin", "waxseal"]))?;
    Ok(target_folder()?.join("debug/waxseal"))
}
