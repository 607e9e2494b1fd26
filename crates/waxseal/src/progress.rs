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

/// A bar of bytes, whose work changes on the way.
#[derive(Debug)]
pub struct Bar(Progress);

impl Bar {
    /// Nothing yet.
    pub fn new() -> Self {
        let progress = Progress::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}  {msg}") {
            progress.0.set_style(style.progress_chars("#. "));
        }
        Self(progress)
    }

    /// So far it is with what is done now.
    pub fn show(&self, what: &'static str, done: u64, total: u64) {
        let bar = &self.0.0;
        if bar.message() != what {
            bar.set_message(what);
        }
        bar.set_length(total);
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(all(test, target_os = "linux"))]
// A test that cannot prepare its terminal has failed.
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::process::{Child, Command, Stdio};

    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

    use super::*;

    /// Not a test of its own: the process whose standard error the next one reads. It works until its input ends.
    #[test]
    #[ignore = "waits for the end of its input"]
    fn works_until_it_is_told() {
        let progress = Progress::new(2);
        progress.step("sealing");
        progress.step("writing");
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }

    fn worker(stderr: Stdio) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "progress::tests::works_until_it_is_told", "--ignored", "--nocapture"])
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap()
    }

    #[test]
    fn a_terminal_shows_a_bar_while_there_is_work_and_a_pipe_nothing() {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let terminal = openpt(flags).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        // The first one has worked as long as the second one when that shows its bar.
        let mut on_pipe = worker(Stdio::piped());
        let mut on_terminal = worker(ioctl_tiocgptpeer(&terminal, flags).unwrap().into());
        let mut terminal = File::from(terminal);
        let mut shown = Vec::new();
        let mut read = |terminal: &mut File| {
            let mut bytes = [0; 1024];
            // When nobody has the other end open, Linux says that as an error.
            let count = terminal.read(&mut bytes).unwrap_or(0);
            shown.extend_from_slice(&bytes[..count]);
            (count, String::from_utf8(shown.clone()).unwrap())
        };
        while !read(&mut terminal).1.contains("1 of 2  writing") {}
        drop(on_terminal.stdin.take());
        drop(on_pipe.stdin.take());
        let text = loop {
            let (count, text) = read(&mut terminal);
            if count == 0 {
                break text;
            }
        };
        assert!(text.ends_with("\r\u{1b}[2K"), "the line is cleared: {text:?}");
        assert!(on_terminal.wait().unwrap().success());
        let said = on_pipe.wait_with_output().unwrap();
        assert!(said.status.success() && said.stderr.is_empty());
    }
}
