//! Interrupts: whoever presses Ctrl-C finds no half-written file.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// Files and folders to remove when the process is interrupted, in this order.
static LEFTOVERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What an interrupt removes. While this is held, an interrupt waits: what is done meanwhile is done as a whole.
pub fn hold() -> MutexGuard<'static, Vec<PathBuf>> {
    static WATCH: Once = Once::new();
    WATCH.call_once(watch);
    LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for an interrupt, removes what is left over, and ends the process as the signal would have.
#[cfg(unix)]
fn watch() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    // Without it an interrupt ends the process at once, as it does anyway.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Never given back: the other thread must not go on.
            let leftovers = LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner);
            for path in leftovers.iter() {
                let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path));
            }
            let _ = emulate_default_handler(signal);
        }
    });
}

#[cfg(not(unix))]
fn watch() {}
