//! A bar for what takes longer than a second, on a terminal and nowhere else.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work is shown once it has taken this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Steps of some work. The bar is gone when this is.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// So many steps.
    pub fn new(steps: usize) -> Self {
        // On a stream that is no terminal nothing is drawn, whatever NO_COLOR says.
        let is_seen = io::stderr().is_terminal();
        let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len}  {msg}") {
            bar.set_style(style.progress_chars("#. "));
        }
        if is_seen {
            let shown = bar.downgrade();
            std::thread::spawn(move || {
                std::thread::sleep(PATIENCE);
                // Finished by now, and nothing is left to be shown.
                if let Some(bar) = shown.upgrade().filter(|bar| !bar.is_finished()) {
                    bar.set_draw_target(target);
                    bar.tick();
                }
            });
        }
        Self(bar)
    }

    /// So many of something, that are done in no steps of their own.
    pub fn counted(count: u64, what: &'static str) -> Self {
        let progress = Self::new(usize::try_from(count).unwrap_or(usize::MAX));
        progress.0.set_message(what);
        progress
    }

    /// That many are done.
    pub fn reach(&self, count: u64) {
        self.0.set_position(count);
    }

    /// That many more are done.
    pub fn add(&self, count: u64) {
        self.0.inc(count);
    }

    /// What is done now: the steps before it are.
    pub fn step(&self, what: impl Into<String>) {
        if !self.0.message().is_empty() {
            self.0.inc(1);
        }
        self.0.set_message(what.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
