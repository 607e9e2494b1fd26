//! `cargo xtask campaign power`: power cuts on slots as large as products have them, for as long as one likes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use clap::Args;
use simulate::{Bench, Count, Cuts, Memo, Scenario, Setting, devices, replay, wander};

use crate::process::{Failure, Outcome};

/// Runs of one device, scenario and number of cuts before the next one.
const RUNS: u64 = 2;
/// Most cuts in a run.
const MOST_CUTS: u32 = 4;

/// How long, and from which seed on.
#[derive(Args)]
pub struct Power {
    /// The first round's seed; each round takes the next one.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// No round begins after so many minutes.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Plays these cuts and nothing else, on the device and in the scenario that a failure named.
    #[arg(long, requires = "device", requires = "scenario")]
    replay: Option<Cuts>,
    /// The device, as a failure names it: `L476/direct-xip`. Without --replay all whose name has this in it: `bank-swap`.
    #[arg(long)]
    device: Option<String>,
    /// The scenario alone: install, revert, downgrade, second, refused, replace.
    #[arg(long)]
    scenario: Option<String>,
}

/// Runs rounds until the time is over; all devices and scenarios in each.
pub fn campaign(power: &Power) -> Outcome {
    if let Some(cuts) = &power.replay {
        return play_again(power, cuts);
    }
    let start = Instant::now();
    let (mut count, mut seed) = (Count::default(), power.seed);
    loop {
        count += round(power, seed)?;
        let Count { runs, cuts, starts, .. } = count;
        println!("seeds {} to {seed}: {runs} runs, {cuts} power cuts, {starts} starts: all survived", power.seed);
        if start.elapsed() >= Duration::from_secs(60 * power.minutes) {
            return Ok(());
        }
        seed = seed.wrapping_add(1);
    }
}

/// Each device in each of its scenarios, of those that are asked for.
fn jobs(power: &Power, seed: u64) -> Outcome<Vec<(Bench, Scenario)>> {
    let mut jobs = Vec::new();
    let benches = devices::benches(true, seed).and_then(|large| Ok([large, devices::together(seed)?].concat()));
    for bench in benches.map_err(Failure::new)? {
        let scenarios = Scenario::ALL.into_iter().chain(Scenario::LONGER);
        jobs.extend(scenarios.filter_map(|scenario| Some((scenario.bench(&bench)?, scenario))));
    }
    let in_name = |bench: &Bench| power.device.as_ref().is_none_or(|part| bench.name.contains(part));
    let is_named = |scenario: Scenario| power.scenario.as_ref().is_none_or(|name| name == scenario.name());
    jobs.retain(|(bench, scenario)| in_name(bench) && is_named(*scenario));
    if jobs.is_empty() { Err(Failure::new("there is no such device or scenario")) } else { Ok(jobs) }
}

fn round(power: &Power, seed: u64) -> Outcome<Count> {
    let jobs = jobs(power, seed)?;
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Ok(Count::default())));
    let work = || {
        while let Some((bench, scenario)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let memo = Memo::default();
            let setting = Setting::new(bench, *scenario, seed, &memo);
            let found = (1..=MOST_CUTS).map(|cuts| wander(&setting, cuts, RUNS)).try_fold(Count::default(), add);
            let Ok(mut total) = total.lock() else { return };
            match (&mut *total, found) {
                (Ok(total), Ok(found)) => *total += found,
                (total @ Ok(_), Err(failure)) => *total = Err(failure),
                (Err(_), _) => return,
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let total = total.into_inner().map_err(|_| Failure::new("a thread was interrupted"))?;
    total.map_err(|failure| {
        let simulate::Failure { bench, scenario, seed, cuts, violation } = &failure;
        Failure::new(format!(
            "{bench}, {}: {violation}. Again: cargo xtask campaign power --seed {seed} --device {bench} --scenario {} --replay {cuts}",
            scenario.name(),
            scenario.name()
        ))
    })
}

fn add(mut sum: Count, found: Result<Count, simulate::Failure>) -> Result<Count, simulate::Failure> {
    sum += found?;
    Ok(sum)
}

fn play_again(power: &Power, cuts: &Cuts) -> Outcome {
    let found = jobs(power, power.seed)?.into_iter().find(|(bench, _)| power.device.as_ref() == Some(&bench.name));
    let (bench, scenario) = found.ok_or_else(|| Failure::new("there is no such device"))?;
    let replay = replay(&Setting::new(&bench, scenario, power.seed, &Memo::default()), cuts);
    for event in replay.events {
        println!("start {:>3}, operation {:>6}: {}", event.start, event.operation, event.what);
    }
    let outcome = replay.result.map_err(|failure| Failure::new(failure.to_string()))?;
    if replay.unreached > 0 {
        return Err(Failure::new(format!("not reached: the run has {} operations", replay.operations)));
    }
    println!("survived, with the {} image", outcome.name());
    Ok(())
}
