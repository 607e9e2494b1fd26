//! Power cuts on every geometry: before and inside each operation.

use std::time::Instant;

use simulate::{Depth, Memo, Scenario, devices, explore};

#[test]
fn one_cut_anywhere() {
    let memo = Memo::default();
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut failed = 0;
    for bench in devices::benches(false, 7).expect("benches") {
        if !bench.name.contains(&only) {
            continue;
        }
        for scenario in Scenario::ALL {
            if scenario == Scenario::Downgrade && !bench.has_counter() {
                continue;
            }
            let bench = if scenario == Scenario::Downgrade { bench.with_downgrade() } else { bench.clone() };
            let start = Instant::now();
            match explore(&bench, scenario, 1, Depth::Three, 7, &memo) {
                Ok(count) => println!("{} {}: {count:?} {:?}", bench.name, scenario.name(), start.elapsed()),
                Err(failure) => {
                    failed += 1;
                    println!("FAILED {failure}");
                }
            }
        }
    }
    assert_eq!(failed, 0);
}
