//! Power cuts on every geometry: before and inside each operation, and several in one run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use simulate::{Bench, Count, Depth, Failure, Memo, Scenario, Setting, devices, explore, wander};

const SEED: u64 = 7;

/// Runs a test of each bench and scenario, on two threads; all failures, each with the cuts that show it.
fn each(
    scenarios: &[Scenario],
    run: impl Fn(&Bench, Scenario, &Memo) -> Result<Count, Failure> + Sync,
) -> (Count, Vec<String>) {
    each_of(devices::benches(false, SEED).expect("benches"), scenarios, run)
}

fn each_of(
    benches: Vec<Bench>,
    scenarios: &[Scenario],
    run: impl Fn(&Bench, Scenario, &Memo) -> Result<Count, Failure> + Sync,
) -> (Count, Vec<String>) {
    let jobs: Vec<(Bench, Scenario)> = benches
        .iter()
        .flat_map(|bench| scenarios.iter().filter_map(|scenario| Some((scenario.bench(bench)?, *scenario))))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut count, mut failures) = (Count::default(), Vec::new());
        while let Some((bench, scenario)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let memo = Memo::default();
            match run(bench, *scenario, &memo) {
                Ok(found) => count += found,
                Err(failure) => failures.push(failure.to_string()),
            }
            println!(
                "{}, {}: {} contents of slots judged by host and boot loader",
                bench.name,
                scenario.name(),
                memo.judged()
            );
        }
        (count, failures)
    };
    let (mut count, mut failures) = (Count::default(), Vec::new());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            let (found, failed) = thread.join().expect("a thread");
            count += found;
            failures.extend(failed);
        }
    });
    (count, failures)
}

/// Whether a bench is too large for more than one torn unit at each operation.
fn is_large(bench: &Bench) -> bool {
    bench.name.starts_with("H743")
}

#[test]
fn one_cut_anywhere() {
    let (count, failures) = each(&Scenario::ALL, |bench, scenario, memo| {
        let depth = if is_large(bench) { Depth::One } else { Depth::Three };
        explore(&Setting::new(bench, scenario, SEED, memo), 1, depth)
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count.runs > 10_000, "{count:?}");
}

/// Every pair of cuts, on the geometry with the fewest operations.
#[test]
fn two_cuts_anywhere_on_the_smallest() {
    let (count, failures) = each(&Scenario::ALL, |bench, scenario, memo| {
        let depth = match bench.name.as_str() {
            "L476/direct-xip" => Depth::Every,
            "F767ZG-small/bank-swap" => Depth::One,
            name if name.starts_with("L476") => Depth::Three,
            _ => return Ok(Count::default()),
        };
        explore(&Setting::new(bench, scenario, SEED, memo), 2, depth)
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count.runs > 300_000, "{count:?}");
}

#[test]
fn several_cuts_anywhere_on_the_smaller_ones() {
    let (count, failures) = each(&Scenario::ALL, |bench, scenario, memo| {
        let runs = if is_large(bench) { 0 } else { 100 };
        let mut count = Count::default();
        for cuts in 2..=4 {
            count += wander(&Setting::new(bench, scenario, SEED, memo), cuts, runs)?;
        }
        Ok(count)
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count.cuts > 10_000, "{count:?}");
}

/// A second update, and one in the place of another that is refused or not wanted any more.
#[test]
fn cuts_in_two_updates() {
    let (count, failures) = each(&Scenario::LONGER, |bench, scenario, memo| {
        let setting = Setting::new(bench, scenario, SEED, memo);
        let mut count = wander(&setting, 1, 20)?;
        if ["L476", "F767ZG", "F746-W25Q"].iter().any(|name| bench.name.starts_with(name)) {
            count += explore(&setting, 1, Depth::Three)?;
        }
        for cuts in 2..=4 {
            count += wander(&setting, cuts, if is_large(bench) { 0 } else { 10 })?;
        }
        Ok(count)
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count.runs > 5_000, "{count:?}");
}

/// A lead with a companion that it pins, each in a slot group of its own: no lead starts without its companion, and both become current or
/// neither.
#[test]
fn cuts_in_a_lead_and_its_companion() {
    // Alone is an install of those whose companion stays.
    let scenarios = Scenario::ALL.into_iter().chain(Scenario::LONGER).filter(|scenario| *scenario != Scenario::Alone);
    let scenarios: Vec<Scenario> = scenarios.collect();
    let benches = devices::together(SEED).expect("benches");
    let (count, failures) = each_of(benches, &scenarios, |bench, scenario, memo| {
        let setting = Setting::new(bench, scenario, SEED, memo);
        let depth = if bench.name == "L476-L476/direct-xip" { Depth::Every } else { Depth::Three };
        let mut count = explore(&setting, 1, depth)?;
        for cuts in 2..=4 {
            count += wander(&setting, cuts, 50)?;
        }
        Ok(count)
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count.runs > 10_000, "{count:?}");
}

#[test]
fn each_device_has_a_large_form() {
    let names =
        |full| devices::benches(full, SEED).expect("benches").into_iter().map(|bench| bench.name).collect::<Vec<_>>();
    assert_eq!(names(false), names(true));
}
