//! The production line under power cuts: what its plan promises, on five parts.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use flash_model::CutPlace;
use manifest::plan::Plan;
use provision::{Board, Inputs, Records, Secrets};
use simulate::otp::{End, Line, Work};
use zeroize::Zeroizing;

const PARTS: [&str; 5] = ["f746", "f722", "l476", "h7a3", "u575"];
const SEED: u64 = 7;

struct Fixed;

impl Secrets for Fixed {
    fn read(&self, _: &str, _: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        Ok(Zeroizing::new(b"0123456789abcdef".to_vec()))
    }
}

/// The golden part's manifest and its boards.
fn part(name: &str) -> (Plan, Vec<Board>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (folder, manifest) = match name {
        "f746" => (root.join("examples/r3"), "r3.toml".to_owned()),
        _ => (root.join("tests/otp").join(name), format!("{name}.toml")),
    };
    let text = fs::read_to_string(folder.join(&manifest)).unwrap();
    let plan = manifest::check(&manifest::Source { name: manifest, text }).plan.unwrap();
    let records = Records::parse(&fs::read(folder.join("boards.csv")).unwrap()).unwrap();
    let keys: Vec<[u8; 32]> = (0..plan.keys.len()).map(|index| [index as u8 + 1; 32]).collect();
    let inputs = Inputs::new(&plan, plan.otp.as_ref().unwrap(), &keys, &Fixed, &[]);
    let boards = provision::boards(&inputs, &records).unwrap();
    (plan, boards)
}

/// Each cut, each way that the cells may read then: the line never locks what is not there, never programs a unit twice and no byte that
/// is not its own; otherwise `run` fails. A cut beside an operation costs nothing. A cut inside one costs a board only where a unit is
/// programmed once, and of the locks nothing but a byte that a person finishes.
#[test]
fn every_cut_on_every_part() {
    for name in PARTS {
        let (plan, boards) = part(name);
        let otp = plan.otp.as_ref().unwrap();
        for board in &boards[..1] {
            let line = Line::new(otp, board, SEED);
            let steps = line.steps().unwrap();
            assert_eq!(line.run(&[], SEED), Ok(End::Done), "{name}");
            let (mut waste, mut torn) = (0, 0);
            for (operation, step) in (0..).zip(&steps) {
                for (cut, seed) in Line::cuts(operation).flat_map(|cut| [(cut, 1), (cut, 2)]) {
                    let what = format!("{name} {step:?} {cut:?} seed {seed}");
                    match (line.run(&[cut], seed).unwrap(), cut.place, step.work) {
                        (End::Done, ..) => {}
                        (end, CutPlace::Before | CutPlace::After, _) => panic!("{what}: {end:?}"),
                        (End::Torn(_), _, Work::Lock) => torn += 1,
                        (End::Scrap(_), _, Work::Data) if otp.unit > 1 => waste += 1,
                        (End::Weak(_) | End::Unnoticed(_), _, Work::Data) => {}
                        (end, ..) => panic!("{what}: {end:?}"),
                    }
                }
            }
            let has_locks = steps.iter().any(|step| step.work == Work::Lock);
            assert_eq!((waste > 0, torn > 0), (otp.unit > 1, has_locks), "{name}");
        }
    }
}

/// Three cuts anywhere: the line keeps its promises all the same.
#[test]
fn several_cuts_on_every_part() {
    for name in PARTS {
        let (plan, boards) = part(name);
        let line = Line::new(plan.otp.as_ref().unwrap(), &boards[0], SEED);
        let operations = line.steps().unwrap().len() as u64;
        for (count, run) in [2, 3].into_iter().flat_map(|count| (0..100).map(move |run| (count, run))) {
            let cuts = line.wander(count, run, operations);
            assert_eq!(cuts.len(), count as usize);
            line.run(&cuts, run).unwrap_or_else(|broken| panic!("{name} {cuts:?}: {broken}"));
        }
    }
}

/// Everything of example r3 has a sum or a complement: nothing is ever read wrong there without a refusal.
#[test]
fn redundancy_is_noticed() {
    let (plan, boards) = part("f746");
    let line = Line::new(plan.otp.as_ref().unwrap(), &boards[0], SEED);
    let operations = line.steps().unwrap().len() as u64;
    for run in 0..300 {
        let end = line.run(&line.wander(1 + (run % 3) as u32, run, operations), run).unwrap();
        assert!(!matches!(end, End::Unnoticed(_)), "run {run}: {end:?}");
    }
}
