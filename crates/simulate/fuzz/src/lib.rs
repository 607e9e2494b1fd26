//! What the targets share: the devices. The bodies are `simulate::fuzz`'s, and `cargo test --package simulate` runs them too, on more
//! devices.

use std::sync::LazyLock;

use simulate::fuzz::Fuzzed;
use simulate::{Bench, Memo, devices};

/// Images that a run can judge some dozen times within milliseconds: each strategy has some.
const LARGEST: usize = 32 * 1024;

static BENCHES: LazyLock<Vec<Bench>> = LazyLock::new(|| match devices::benches(false, 7) {
    Ok(benches) => benches.into_iter().filter(|bench| bench.old_image().len() <= LARGEST).collect(),
    Err(problem) => panic!("{problem}"),
});

/// Runs a body on the device that the first byte names. Nothing is remembered from run to run, so that memory does not grow.
pub fn run(body: fn(&Bench, &Memo, &[u8]) -> Fuzzed, bytes: &[u8]) {
    let [device, bytes @ ..] = bytes else { return };
    let bench = &BENCHES[usize::from(*device) % BENCHES.len()];
    body(bench, &Memo::default(), bytes);
}
