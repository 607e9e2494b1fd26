//! `cargo xtask campaign`: `power`, and `differential`: mutated vectors, judged on the host and on a Cortex-M7, must come to the same.

use std::{
    process::Command,
    thread::{self, available_parallelism},
};

use clap::{Args, Subcommand};

use crate::{
    cargo::{Profile, command},
    power::{self, Power},
    process::{Failure, Outcome, capture, run, target_folder},
    qemu, skips, tools, verifier,
};

/// The program that both sides run, of tests/target.
const PROGRAM: &str = "judge-mutations";
/// How many mutations are judged unless another number is asked for.
const COUNT: u64 = 100_000;
/// How many verdicts are compared as one digest.
const BLOCK: u64 = 250;

/// A campaign: the same test as in `cargo xtask test`, with as many cases as one likes.
#[derive(Subcommand)]
pub enum Campaign {
    /// Judges mutated vectors on host and Cortex-M7 (QEMU), and compares code and offset of each.
    Differential(Mutations),
    /// Cuts the power at seeded places of updates, on slots as large as products have them.
    Power(Power),
    /// Skips each instruction of a boot decision that refuses, one at a time.
    Skips,
}

/// Which mutations.
#[derive(Clone, Copy, Args)]
pub struct Mutations {
    /// How many.
    #[arg(long, default_value_t = COUNT, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// What they are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the first one.
    #[arg(long, default_value_t = 0)]
    first: u64,
}

/// Runs a campaign.
pub fn run_campaign(campaign: &Campaign) -> Outcome {
    match campaign {
        Campaign::Differential(mutations) => differential(*mutations),
        Campaign::Power(power) => power::campaign(power),
        Campaign::Skips => skips::campaign(),
    }
}

/// The campaign of `cargo xtask test`.
pub fn differential_test() -> Outcome {
    differential(Mutations { count: COUNT, seed: 1, first: 0 })
}

/// Fails at the first mutation about which host and target do not agree.
fn differential(mutations: Mutations) -> Outcome {
    tools::QEMU.ensure()?;
    verifier::build_programs(Profile::Speed)?;
    run(command("build")?.args(["--package", "target-tests", "--bin", PROGRAM]).env_remove("WAXSEAL_VECTORS"))?;
    let parts = parts(mutations)?;
    let results = thread::scope(|scope| {
        let running: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || compare(part))).collect();
        let interrupted = |_| Err(Failure::new("a comparison was interrupted"));
        running.into_iter().map(|thread| thread.join().unwrap_or_else(interrupted)).collect::<Vec<_>>()
    });
    results.into_iter().collect::<Outcome>()?;
    println!("{} mutations judged alike on host and Cortex-M7", mutations.count);
    Ok(())
}

/// A part for each core.
fn parts(mutations: Mutations) -> Outcome<Vec<Mutations>> {
    let Mutations { count, seed, first } = mutations;
    let end = first.checked_add(count).ok_or_else(|| Failure::new("--first and --count exceed 64 bits"))?;
    let cores = available_parallelism().map_or(1, |cores| cores.get() as u64);
    let step = count.div_ceil(cores);
    let starts = (0..cores).map(|core| first.saturating_add(core.saturating_mul(step)));
    let part = |start: u64| Mutations { count: step.min(end.saturating_sub(start)), seed, first: start };
    Ok(starts.map(part).filter(|part| part.count > 0).collect())
}

/// Compares digests of blocks, and within the first block that differs each verdict.
fn compare(part: Mutations) -> Outcome {
    let (host, target) = (on_host(part, BLOCK)?, on_target(part, BLOCK)?);
    let Some(start) = first_difference(&host, &target)? else { return Ok(()) };
    let end = part.first.saturating_add(part.count);
    let block = Mutations { first: start, count: BLOCK.min(end.saturating_sub(start)), ..part };
    let (host, target) = (on_host(block, 1)?, on_target(block, 1)?);
    let Some(number) = first_difference(&host, &target)? else {
        return Err(Failure::new(format!("seed {}, from {start}: the digests differ, and no verdict does", part.seed)));
    };
    let said = |lines: &str| lines.lines().find(|line| number_of(line) == Some(number)).unwrap_or("nothing").to_owned();
    Err(Failure::new(format!(
        "mutation, code and offset are {} on the host and {} on the Cortex-M7. Again: cargo xtask campaign differential \
         --seed {} --first {number} --count 1",
        said(&host),
        said(&target),
        part.seed
    )))
}

/// The number that the first differing line starts with.
fn first_difference(host: &str, target: &str) -> Outcome<Option<u64>> {
    let Some((line, _)) = host.lines().zip(target.lines()).find(|(host, target)| host != target) else {
        // One of them may have ended early, and an early end is no agreement.
        let (host, target) = (host.lines().count(), target.lines().count());
        let ended = || Failure::new(format!("the host wrote {host} lines and the Cortex-M7 {target}"));
        return if host == target && host > 0 { Ok(None) } else { Err(ended()) };
    };
    number_of(line).map(Some).ok_or_else(|| Failure::new(format!("{PROGRAM} wrote `{line}`")))
}

fn number_of(line: &str) -> Option<u64> {
    line.split(' ').next()?.parse().ok()
}

fn arguments(part: Mutations, block: u64) -> [String; 4] {
    [part.seed, part.first, part.count, block].map(|number| number.to_string())
}

fn on_host(part: Mutations, block: u64) -> Outcome<String> {
    capture(Command::new(target_folder()?.join("debug").join(PROGRAM)).args(arguments(part, block)))
}

fn on_target(part: Mutations, block: u64) -> Outcome<String> {
    qemu::run_fast(&Profile::Speed.program(PROGRAM)?, &arguments(part, block))
}

#[cfg(test)]
mod tests {
    use super::{Mutations, first_difference, parts};

    #[test]
    fn parts_are_the_whole_without_gaps() {
        for count in [1, 2, 3, 7, 1000, 100_003] {
            let parts = parts(Mutations { count, seed: 1, first: 5 }).expect("a small range");
            let end = parts.iter().fold(5, |next, part| {
                assert_eq!(part.first, next);
                next + part.count
            });
            assert_eq!(end, 5 + count);
        }
    }

    #[test]
    fn a_difference_is_found_and_an_early_end_is_an_error() {
        assert_eq!(first_difference("0 1 2\n1 3 4\n", "0 1 2\n1 3 4\n").ok(), Some(None));
        assert_eq!(first_difference("0 1 2\n1 3 4\n", "0 1 2\n1 3 5\n").ok(), Some(Some(1)));
        assert!(first_difference("0 1 2\n1 3 4\n", "0 1 2\n").is_err());
        assert!(first_difference("", "").is_err());
    }
}
