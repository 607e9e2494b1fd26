//! What the targets share: the devices. The bodies are `simulate::fuzz`'s, and `cargo test --package simulate` runs them too.

use std::sync::LazyLock;

use simulate::fuzz::Fuzzed;
use simulate::{Bench, Memo, devices};

/// One of each family and strategy, with slots of few sectors.
static BENCHES: LazyLock<Vec<Bench>> = LazyLock::new(|| match devices::benches(false, 7) {
    Ok(benches) => benches,
    Err(problem) => panic!("{problem}"),
});

/// Runs a body on the device that the first byte names. Nothing is remembered from run to run, so that memory does not grow.
pub fn run(body: fn(&Bench, &Memo, &[u8]) -> Fuzzed, bytes: &[u8]) {
    let [device, bytes @ ..] = bytes else { return };
    let bench = &BENCHES[usize::from(*device) % BENCHES.len()];
    body(bench, &Memo::default(), bytes);
}
