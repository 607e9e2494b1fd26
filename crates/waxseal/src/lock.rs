//! The lock file of a build: where it is, and what of it is obeyed.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use image_format::Digest;
use manifest::Diagnostic;
use manifest::plan::Plan;
use manifest::source::Source;
use packer::Input;
use packer::lock::{Accepted, Lock, differences, losses};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::Manifest;

/// The options about the lock file.
#[derive(Debug, Args)]
pub struct LockArgs {
    /// The lock file; waxseal.lock beside the manifest if there is none.
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Build exactly what the lock file says, from the same inputs, or nothing.
    #[arg(long)]
    locked: bool,
    /// Build a version below the last one, this once.
    #[arg(long)]
    accept_lower_version: bool,
    /// Build with a security counter below the last one, this once.
    #[arg(long)]
    accept_lower_counter: bool,
    /// Build with a security counter far above the last one, this once: devices never take it back.
    #[arg(long)]
    accept_counter_jump: bool,
    /// Build for another layout than the last one, this once: boot loaders in the field refuse it.
    #[arg(long)]
    accept_changed_layout: bool,
}

/// The lock file's name, beside the manifest.
const NAME: &str = "waxseal.lock";

/// A lock file before a build.
#[derive(Debug)]
pub struct LastLock {
    path: PathBuf,
    last: Option<Lock>,
}

impl LastLock {
    /// With what it is after a build of these inputs, each with its SHA-256.
    pub fn after(self, plan: &Plan, inputs: &[(Input<'_>, Digest)], versions: &[&str]) -> Locking {
        let Self { path, last } = self;
        let now = Lock::after(plan, inputs, versions, last.as_ref());
        Locking { path, last, now }
    }
}

/// A lock file before and after a build.
#[derive(Debug)]
pub struct Locking {
    /// Where it is.
    pub path: PathBuf,
    last: Option<Lock>,
    now: Lock,
}

impl LockArgs {
    /// Reads the last lock.
    ///
    /// # Errors
    /// A lock file that cannot be read or is none; with --locked also one that does not exist.
    pub fn read(&self, manifest: &Manifest) -> Result<LastLock, Failure> {
        let path = self.lock.clone().unwrap_or_else(|| manifest.beside(NAME));
        let exists = fs::symlink_metadata(&path).is_ok();
        if !exists && self.locked {
            return Err(Failure::new(Exit::Missing, format!("--locked, and there is no {}", path.display()))
                .help("build once without it, and commit the lock file"));
        }
        let last = if exists { Some(parse(&path)?) } else { None };
        Ok(LastLock { path, last })
    }

    /// What forbids the build.
    pub fn judge(&self, plan: &Plan, locking: &Locking) -> Vec<Diagnostic> {
        let Some(last) = &locking.last else { return Vec::new() };
        let accepted = Accepted {
            lower_version: self.accept_lower_version,
            lower_counter: self.accept_lower_counter,
            counter_jump: self.accept_counter_jump,
            changed_layout: self.accept_changed_layout,
        };
        let mut found = losses(plan, last, &locking.now, accepted);
        if self.locked && found.is_empty() {
            found = differences(plan, last, &locking.now);
        }
        found
    }
}

fn parse(path: &std::path::Path) -> Result<Lock, Failure> {
    let text = files::read_text(path)?;
    Lock::parse(&text).map_err(|no_lock| {
        let name = path.display().to_string();
        let place = no_lock.place.map(|place| {
            let (line, column) = Source { name: name.clone(), text: text.clone() }.line_column(place.start);
            format!("{name}:{line}:{column}")
        });
        Failure::new(Exit::Refused, format!("{name} is no lock file: {}", no_lock.why))
            .at(place)
            .help("fetch it again from where it is committed; deleted, it protects nothing until the next build")
    })
}

impl Locking {
    /// The file after the build.
    pub fn to_text(&self) -> String {
        self.now.to_text()
    }

    /// A line for each image: `app 1.4.0, counter 7 (was 1.3.2, 7)`.
    pub fn text(&self, plan: &Plan) -> String {
        let mut text = String::new();
        for name in plan.images.iter().map(|image| &image.name.value) {
            let Some(now) = self.now.images.get(name) else { continue };
            let separator = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{separator}{name} {}, counter {}", now.version, now.security_counter);
            if let Some(last) = self.last.as_ref().and_then(|last| last.images.get(name)).filter(|last| *last != now) {
                let _ = write!(text, " (was {}, {})", last.version, last.security_counter);
            }
        }
        text
    }

    /// The same for programs.
    pub fn to_json(&self, plan: &Plan) -> Value {
        let names = plan.images.iter().map(|image| &image.name.value);
        let version = |lock: Option<&Lock>, name: &String| {
            let image = lock?.images.get(name)?;
            Some(json!({
                "version": image.version.to_string(), "security_counter": image.security_counter, "layout": image.layout,
            }))
        };
        let images = names.map(|name| {
            json!({ "image": name, "now": version(Some(&self.now), name), "before": version(self.last.as_ref(), name) })
        });
        json!({ "file": self.path.display().to_string(), "images": images.collect::<Vec<_>>() })
    }
}
