//! The programs that a task needs beside cargo. What is missing is installed; what cannot be installed is named.

use std::{env, fs, path::Path, process::Command};

use crate::{
    cargo,
    process::{Failure, Outcome, capture, finish, run},
};

/// A program and the Debian package that brings it.
#[derive(Clone, Copy)]
pub struct Tool {
    program: &'static str,
    package: &'static str,
}

/// QEMU for 32-bit Arm machines.
pub const QEMU: Tool = Tool { program: "qemu-system-arm", package: "qemu-system-arm" };
/// Node.js, which runs the WebAssembly package's tests.
pub const NODE: Tool = Tool { program: "node", package: "nodejs" };
/// Node.js's package manager.
pub const NPM: Tool = Tool { program: "npm", package: "npm" };
/// The browser that the page is tested in.
pub const CHROMIUM: Tool = Tool { program: "chromium", package: "chromium" };
/// OpenSSL, the peer that keys and signatures are compared with.
pub const OPENSSL: Tool = Tool { program: "openssl", package: "openssl" };
/// OpenSSH's key generator, another peer for keys.
pub const SSH_KEYGEN: Tool = Tool { program: "ssh-keygen", package: "openssh-client" };
/// Gives a command a terminal to ask on.
pub const SCRIPT: Tool = Tool { program: "script", package: "bsdutils" };
/// dfu-suffix, which judges our DfuSe files.
pub const DFU_SUFFIX: Tool = Tool { program: "dfu-suffix", package: "dfu-util" };
/// objcopy, which reads our HEX files.
pub const OBJCOPY: Tool = Tool { program: "objcopy", package: "binutils" };
/// GNU as and ld for Arm, peers for linker scripts.
pub const BINUTILS: Tool = Tool { program: "arm-none-eabi-ld", package: "binutils-arm-none-eabi" };
/// Python, which runs imgtool.
pub const PYTHON: Tool = Tool { program: "python3", package: "python3" };
/// A C compiler, for the C header.
pub const GCC: Tool = Tool { program: "gcc", package: "gcc" };
/// A C++ compiler, for the same.
pub const GXX: Tool = Tool { program: "g++", package: "g++" };

/// GNU time, which tells peak memory.
pub const TIME: Tool = Tool { program: "time", package: "time" };
/// Valgrind, which counts instructions.
pub const VALGRIND: Tool = Tool { program: "valgrind", package: "valgrind" };

impl Tool {
    /// Installs the tool if it is not there.
    pub fn ensure(self) -> Outcome {
        if on_path(self.program) { Ok(()) } else { apt_install(self.program, self.package) }
    }
}

/// Makes sure that there is a C compiler for bare Arm machines, with newlib.
pub fn ensure_arm_gcc() -> Outcome {
    if !on_path("arm-none-eabi-gcc") {
        apt_install("arm-none-eabi-gcc", "gcc-arm-none-eabi")?;
    }
    let newlib = capture(Command::new("arm-none-eabi-gcc").arg("-print-file-name=libc.a"))?;
    if Path::new(newlib.trim()).is_absolute() { Ok(()) } else { apt_install("newlib", "libnewlib-arm-none-eabi") }
}

/// Makes sure that there is a PostgreSQL server to start. Debian keeps its programs in a folder for each version.
pub fn ensure_postgresql() -> Outcome {
    let mut versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let is_there = versions.any(|version| version.path().join("bin/initdb").is_file());
    if is_there { Ok(()) } else { apt_install("initdb", "postgresql") }
}

/// Makes sure that Rust builds for `target`.
///
/// rust-toolchain.toml does not list the targets, because rustup ignores it where `RUSTUP_AUTO_INSTALL=0` is set.
pub fn ensure_target(target: &str) -> Outcome {
    let sysroot = capture(Command::new("rustc").args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib").is_dir() {
        return Ok(());
    }
    let mut add = Command::new("rustup");
    add.args(["target", "add", target]);
    run(&mut add).map_err(|e| {
        Failure::missing_tool(format!(
            "Rust's `{target}` is not installed ({e}): `rustup target add {target}` installs it"
        ))
    })
}

/// Makes sure that Python makes virtual environments: Debian has that apart.
pub fn ensure_venv() -> Outcome {
    PYTHON.ensure()?;
    let venv = finish(Command::new(PYTHON.program).args(["-c", "import ensurepip, venv"]))?;
    if venv.status.success() { Ok(()) } else { apt_install("python3 -m venv", "python3-venv") }
}

/// Makes sure that `cargo deny` is there. It takes minutes to build, so it is never installed unasked.
pub fn ensure_cargo_deny() -> Outcome {
    let found = finish(cargo::command("deny")?.arg("--version"))?.status.success();
    let how = "`cargo deny` is not installed: `cargo install --locked cargo-deny` installs it";
    if found { Ok(()) } else { Err(Failure::missing_tool(how)) }
}

fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn apt_install(what: &str, package: &str) -> Outcome {
    let by_hand = |why: &str| {
        let how = format!("apt-get install -y --no-install-recommends {package}");
        Failure::missing_tool(format!("{what} is missing and {why}: `sudo {how}` installs it on Debian and Ubuntu"))
    };
    if !on_path("apt-get") {
        return Err(by_hand("there is no apt-get here"));
    }
    let is_root = capture(Command::new("id").arg("-u"))?.trim() == "0";
    let can_sudo =
        || on_path("sudo") && finish(Command::new("sudo").args(["-n", "true"])).is_ok_and(|o| o.status.success());
    if !is_root && !can_sudo() {
        return Err(by_hand("this user may not install it"));
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(if is_root { "env" } else { "sudo" });
        if !is_root {
            command.args(["-n", "env"]);
        }
        capture(command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments))
    };
    let install = || apt(&["install", "-y", "--no-install-recommends", package]);
    eprintln!("installing {package}, for {what}");
    // A machine that never saw `apt-get update` knows no package.
    install()
        .or_else(|_| apt(&["update"]).and_then(|_| install()))
        .map(drop)
        .map_err(|e| by_hand(&format!("installing it failed ({e})")))
}
