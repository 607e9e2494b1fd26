//! What a power cut in the middle of a download costs: sectors that the cut was in, and not the download.

#![allow(clippy::unwrap_used)]

use simulate::{Cuts, Memo, Outcome, Scenario, Setting, devices, replay};

/// Operations of an install with these cuts, of a large device.
fn operations(name: &str, cuts: &str) -> u64 {
    let benches = devices::benches(true, 7).unwrap();
    let bench = benches.iter().find(|bench| bench.name == name).unwrap();
    let memo = Memo::default();
    let cuts: Cuts = cuts.parse().unwrap();
    let replay = replay(&Setting::new(bench, Scenario::Install, 7, &memo), &cuts);
    assert_eq!((replay.result, replay.unreached), (Ok(Outcome::New), 0), "{name}");
    replay.operations
}

#[test]
fn a_cut_download_goes_on_in_its_sector() {
    // The sector that the download is in at the cut, in operations of 1 KiB, and what a log takes. Cuts lie behind the erases, and before the
    // sector where the log lies: there an update starts over.
    for (name, sector, cuts) in [("H743/direct-xip", 128, [98, 295, 394]), ("L476/direct-xip", 4, [260, 400, 560])] {
        let whole = operations(name, "");
        for at in cuts {
            let lost = operations(name, &format!("{at}:0:mixed")) - whole;
            assert!(lost <= sector + 16, "{name}: {whole} operations, cut at {at}, {lost} more");
        }
    }
}
