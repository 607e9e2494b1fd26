//! Runs other programs, and says which one failed.

use std::{
    env, fmt, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Why a task stopped: what is wrong and what to do, and the exit code that says which kind it is.
#[derive(Debug)]
pub struct Failure {
    message: String,
    /// The exit code of `cargo xtask`.
    pub code: u8,
}

/// What a task comes to.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Something did not turn out as it must: exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// Something failed, and what did was shown already: exit code 1 and no message.
    pub fn told() -> Self {
        Self::new("")
    }

    /// A program is missing and could not be installed from here: exit code 4.
    pub fn missing_tool(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 4 }
    }

    /// For `map_err`: an I/O error, and the file or folder that it is about.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::new(format!("{path}: {error}"))
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Runs `command` with this program's own input and output.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|e| not_started(command, &e))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}`: {status}", line(command)))) }
}

/// Runs `command` and returns what it wrote to its standard output. What it wrote elsewhere is shown if it fails.
pub fn capture(command: &mut Command) -> Outcome<String> {
    let output = finish(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("`{}`: {}\n{}", line(command), output.status, said.trim_end())))
}

/// Runs `command` to its end, however it ends.
pub fn finish(command: &mut Command) -> Outcome<Output> {
    command.output().map_err(|e| not_started(command, &e))
}

/// The command as a person would type it.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The root of the workspace.
pub fn root() -> Outcome<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = package.as_deref().and_then(|package| package.ancestors().nth(2));
    root.map(Path::to_path_buf)
        .ok_or_else(|| Failure::new("start this as `cargo xtask`, which says where the sources are"))
}

/// The folder that cargo builds in.
pub fn target_folder() -> Outcome<PathBuf> {
    let root = root()?;
    Ok(env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder)))
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    Failure::new(format!("`{}` cannot be started: {error}", line(command)))
}
