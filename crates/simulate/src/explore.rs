//! All the places where the power can fail.

use flash_model::{Cut, CutPlace, Noise, Restart, Torn};

use crate::bench::Bench;
use crate::cut::{Cuts, PlannedCut};
use crate::device::{Before, Operation};
use crate::memo::Memo;
use crate::run::{Event, Outcome, Player, Scenario, Violation, World};
use crate::timeline;

/// How much is tried at each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Each unit torn; the last one, and an erase, in each way that cells can read.
    Every,
    /// Two seeded units and the last one, each in a seeded way.
    Three,
    /// One seeded.
    One,
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Operations of the run without a cut.
    pub operations: u64,
    /// Runs with at least one cut.
    pub runs: u64,
    /// Cuts in all of them.
    pub cuts: u64,
    /// Starts in all of them.
    pub starts: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.runs += other.runs;
        self.cuts += other.cuts;
        self.starts += other.starts;
    }
}

/// What went wrong, and the cuts that show it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bench}, {}, seed {seed}, cuts {cuts}: {violation}", scenario.name())]
pub struct Failure {
    /// The bench.
    pub bench: String,
    /// The scenario.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
    /// The cuts.
    pub cuts: Cuts,
    /// What went wrong.
    pub violation: Violation,
}

/// A place in a run where the power can fail.
struct Point {
    before: Before,
    /// What was known then.
    world: World,
}

struct Explorer<'b> {
    player: Player<'b>,
    seed: u64,
    depth: Depth,
    progress: &'b dyn Fn(u64, u64),
    /// Erases per sector of a run without a cut, by memory.
    base: Vec<Vec<u32>>,
    count: Count,
}

/// What is played, and with what.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The device.
    pub bench: &'a Bench,
    /// What the new image does.
    pub scenario: Scenario,
    /// What seeded places are chosen by, and what doubtful cells read as.
    pub seed: u64,
    /// Digests and signatures of earlier runs.
    pub memo: &'a Memo,
    /// Is told how much of the work is done, and how much it is: operations or runs.
    pub progress: &'a dyn Fn(u64, u64),
}

impl<'a> Setting<'a> {
    /// One that tells nobody how far it is.
    pub fn new(bench: &'a Bench, scenario: Scenario, seed: u64, memo: &'a Memo) -> Self {
        Self { bench, scenario, seed, memo, progress: &|_, _| {} }
    }
}

/// Plays a scenario without a cut, then with `cuts` cuts at every operation: all combinations.
///
/// # Errors
/// The first violation, with its cuts.
pub fn explore(setting: &Setting<'_>, cuts: u32, depth: Depth) -> Result<Count, Failure> {
    let (mut explorer, points) = Explorer::begin(setting, depth)?;
    let mut done = Vec::new();
    explorer.descend(&points, cuts, &mut done)?;
    Ok(explorer.count)
}

/// Plays a scenario `runs` times with `cuts` cuts at seeded places.
///
/// # Errors
/// The first violation, with its cuts.
pub fn wander(setting: &Setting<'_>, cuts: u32, runs: u64) -> Result<Count, Failure> {
    let (mut explorer, points) = Explorer::begin(setting, Depth::One)?;
    for run in 0..runs {
        (setting.progress)(run, runs);
        let mut noise = Noise::of(&[setting.seed, run]);
        let mut done = Vec::new();
        let mut found: Option<Vec<Point>> = None;
        for cut in 1..=cuts {
            let from = found.as_ref().unwrap_or(&points);
            if from.is_empty() {
                break;
            }
            let point = &from[noise.below(from.len() as u64) as usize];
            let planned = explorer.any_cut(point, &mut noise);
            done.push(planned);
            found = Some(explorer.play(point, planned, &done, cut < cuts)?);
        }
        // A run that does nothing to the memory has nothing to cut.
        explorer.count.runs += u64::from(!done.is_empty());
    }
    Ok(explorer.count)
}

/// One run with given cuts.
#[derive(Clone, Debug)]
pub struct Replay {
    /// How it ended.
    pub result: Result<Outcome, Failure>,
    /// What happened.
    pub events: Vec<Event>,
    /// Its operations.
    pub operations: u64,
    /// Its starts.
    pub starts: u64,
    /// Cuts that were planned for operations that it does not have: of these nothing is known.
    pub unreached: usize,
}

/// Plays a scenario with these cuts, and tells what happens.
#[must_use]
pub fn replay(setting: &Setting<'_>, cuts: &Cuts) -> Replay {
    play_again(setting, cuts, None)
}

/// The same, as a picture: an SVG document that follows the reader's choice of a light or a dark page.
#[must_use]
pub fn draw(setting: &Setting<'_>, cuts: &Cuts) -> (Replay, String) {
    let mut notes = Vec::new();
    let replay = play_again(setting, cuts, Some(&mut notes));
    let title = format!("{}, {}: power cuts {cuts}", setting.bench.name, setting.scenario.name());
    let first = notes.first().map_or(0, |note| note.chip.operations());
    let picture = timeline::document(setting.bench, &title, &notes, &replay.events, first);
    (replay, picture)
}

fn play_again(setting: &Setting<'_>, cuts: &Cuts, mut notes: Option<&mut Vec<Before>>) -> Replay {
    let Setting { bench, scenario, seed, memo, .. } = *setting;
    let failure = |violation| Failure { bench: bench.name.clone(), scenario, seed, cuts: cuts.clone(), violation };
    let Some(player) = Player::new(bench, scenario, memo.clone()) else {
        let result = Err(failure(Violation::SomethingElse));
        return Replay { result, events: Vec::new(), operations: 0, starts: 0, unreached: cuts.0.len() };
    };
    let mut world = player.factory(seed);
    let first = world.chip.operations();
    let mut events = Some(Vec::new());
    for PlannedCut { cut, .. } in &cuts.0 {
        world.chip.cut_at(Cut { operation: first.saturating_add(cut.operation), ..*cut });
    }
    world.failures = cuts.0.iter().filter(|cut| cut.is_failure()).count() as u32;
    let mut planned = cuts.0.iter().filter(|cut| !cut.is_failure());
    let result = loop {
        match player.play(&mut world, notes.as_deref_mut(), |_, _| {}, &mut events) {
            Err(violation) => break Err(failure(violation)),
            Ok(Some(outcome)) => break Ok(outcome),
            Ok(None) => {
                let how = planned.next().map_or(Restart::PowerUp, |cut| cut.restart);
                if let Some(events) = &mut events {
                    events.push(Event {
                        start: world.chip.power_ups(),
                        operation: world.chip.operations(),
                        what: "cut",
                    });
                }
                Player::restart(&mut world, how);
            }
        }
    };
    Replay {
        result,
        events: events.unwrap_or_default(),
        operations: world.chip.operations() - first,
        starts: world.chip.power_ups(),
        unreached: world.chip.planned(),
    }
}

impl<'b> Explorer<'b> {
    fn begin(setting: &Setting<'b>, depth: Depth) -> Result<(Self, Vec<Point>), Failure> {
        let Setting { bench, scenario, seed, memo, progress } = *setting;
        let failure =
            |violation| Failure { bench: bench.name.clone(), scenario, seed, cuts: Cuts::default(), violation };
        let player = Player::new(bench, scenario, memo.clone()).ok_or_else(|| failure(Violation::SomethingElse))?;
        let world = player.factory(seed);
        let mut explorer = Self { player, seed, depth, progress, base: Vec::new(), count: Count::default() };
        let mut end = world.clone();
        let points = explorer.points(&mut end).map_err(failure)?;
        explorer.base = (0..bench.shapes().len()).map(|memory| end.chip.erases(memory)).collect();
        explorer.count.operations = points.len() as u64;
        Ok((explorer, points))
    }

    /// Plays to the end, noting each operation.
    fn points(&mut self, world: &mut World) -> Result<Vec<Point>, Violation> {
        let mut notes = Vec::new();
        let mut marks: Vec<(usize, World)> = Vec::new();
        let from = world.chip.power_ups();
        let outcome =
            self.player.play(world, Some(&mut notes), |world, noted| marks.push((noted, world.clone())), &mut None)?;
        debug_assert!(outcome.is_some(), "nothing was cut");
        self.count.starts += world.chip.power_ups() - from + 1;
        let mut points = Vec::with_capacity(notes.len());
        let mut known = marks.into_iter().peekable();
        let mut current = None;
        for (number, before) in notes.into_iter().enumerate() {
            while let Some((_, world)) = known.next_if(|(noted, _)| *noted <= number) {
                current = Some(world);
            }
            if let Some(world) = &current {
                points.push(Point { before, world: world.clone() });
            }
        }
        Ok(points)
    }

    fn descend(&mut self, points: &[Point], cuts: u32, done: &mut Vec<PlannedCut>) -> Result<(), Failure> {
        for (number, point) in points.iter().enumerate() {
            if done.is_empty() {
                (self.progress)(number as u64, points.len() as u64);
            }
            for cut in self.cuts_at(point, number + 1 == points.len()) {
                done.push(cut);
                let deeper = cuts > 1;
                let found = self.play(point, cut, done, deeper)?;
                self.count.runs += 1;
                if deeper {
                    self.descend(&found, cuts - 1, done)?;
                }
                done.pop();
            }
        }
        Ok(())
    }

    /// Cuts a run, plays it to its end and judges it.
    fn play(
        &mut self,
        point: &Point,
        cut: PlannedCut,
        done: &[PlannedCut],
        noted: bool,
    ) -> Result<Vec<Point>, Failure> {
        let Point { before, world } = point;
        let mut world = world.clone();
        if cut.is_failure() {
            // The power stays on: from the start on that it happens in.
            world.chip.cut_at(cut.cut);
            world.failures += 1;
        } else {
            world.chip = before.chip.clone();
            world.chip.cut_at(cut.cut);
            before.operation.run(&mut world.chip);
            Player::restart(&mut world, cut.restart);
        }
        self.count.cuts += 1;
        let from = world.chip.power_ups();
        let result = if noted {
            self.points(&mut world)
        } else {
            let played = self.player.play(&mut world, None, |_, _| {}, &mut None).map(|_| Vec::new());
            self.count.starts += world.chip.power_ups() - from + 1;
            played
        };
        let result = result.and_then(|points| self.judge_wear(&world).map(|()| points));
        result.map_err(|violation| self.failure(violation, done))
    }

    fn failure(&self, violation: Violation, done: &[PlannedCut]) -> Failure {
        let first = self.player.factory(self.seed).chip.operations();
        // Counted from the first operation of the device itself.
        let own = |cut: &PlannedCut| PlannedCut {
            cut: Cut { operation: cut.cut.operation - first, ..cut.cut },
            restart: cut.restart,
        };
        let mut cuts = Cuts(done.iter().map(own).collect());
        // A failure is planned for the start that it happens in: a cut that was found afterwards may come before it.
        cuts.0.sort_by_key(|cut| cut.cut.operation);
        Failure {
            bench: self.player.bench.name.clone(),
            scenario: self.player.scenario,
            seed: self.seed,
            cuts,
            violation,
        }
    }

    /// Erases per sector: those of a run without a cut, and so many more for each cut.
    fn judge_wear(&self, world: &World) -> Result<(), Violation> {
        const PER_CUT: u32 = 3;
        for (memory, base) in self.base.iter().enumerate() {
            for (sector, (erases, base)) in world.chip.erases(memory).iter().zip(base).enumerate() {
                let most = base + 1 + PER_CUT * (world.cuts + world.failures);
                if *erases > most {
                    return Err(Violation::Wear { memory, sector, erases: *erases, most });
                }
            }
        }
        Ok(())
    }

    /// The cuts to try at an operation. A cut after one leaves what a cut before the next one leaves, so only the last one has both.
    fn cuts_at(&self, point: &Point, is_last: bool) -> Vec<PlannedCut> {
        let operation = point.before.chip.operations();
        let plan = |place, restart| PlannedCut { cut: Cut { operation, place }, restart };
        let mut cuts = vec![plan(CutPlace::Before, Restart::PowerUp)];
        if is_last {
            cuts.push(plan(CutPlace::After, Restart::PowerUp));
        }
        let mut noise = Noise::of(&[self.seed, operation]);
        let (memory, _) = point.before.operation.place();
        let is_external = self.player.bench.shapes()[memory].is_external;
        let units = self.units(&point.before.operation);
        let torn = |noise: &mut Noise| Torn::ALL[noise.below(Torn::ALL.len() as u64) as usize];
        let mut inside: Vec<(u32, Torn)> = Vec::new();
        match self.depth {
            // With the last one torn, the whole may be there today, so each way that it can read counts.
            Depth::Every => {
                inside.extend((0..units - 1).map(|unit| (unit, torn(&mut noise))));
                inside.extend(Torn::ALL.map(|torn| (units - 1, torn)));
            }
            Depth::Three => {
                inside.extend((0..2).map(|_| (noise.below(units.into()) as u32, torn(&mut noise))));
                inside.push((units - 1, torn(&mut noise)));
            }
            Depth::One => inside.push((noise.below(units.into()) as u32, torn(&mut noise))),
        }
        if self.depth != Depth::One {
            cuts.push(plan(CutPlace::Failing { torn: torn(&mut noise) }, Restart::PowerUp));
        }
        for (unit, torn) in inside {
            let restart = if is_external && noise.below(2) == 0 { Restart::Reset } else { Restart::PowerUp };
            cuts.push(plan(CutPlace::Inside { unit, torn }, restart));
        }
        cuts
    }

    fn any_cut(&self, point: &Point, noise: &mut Noise) -> PlannedCut {
        let operation = point.before.chip.operations();
        let unit = noise.below(self.units(&point.before.operation).into()) as u32;
        let place = match noise.below(8) {
            0 => CutPlace::Before,
            1 => CutPlace::After,
            2 => CutPlace::Failing { torn: Torn::ALL[noise.below(Torn::ALL.len() as u64) as usize] },
            _ => CutPlace::Inside { unit, torn: Torn::ALL[noise.below(Torn::ALL.len() as u64) as usize] },
        };
        let (memory, _) = point.before.operation.place();
        let resets = self.player.bench.shapes()[memory].is_external && noise.below(2) == 0;
        let restart = if resets { Restart::Reset } else { Restart::PowerUp };
        PlannedCut { cut: Cut { operation, place }, restart }
    }

    /// Units that an operation programs, one by one; 1 for an erase.
    fn units(&self, operation: &Operation) -> u32 {
        match operation {
            Operation::Erase { .. } => 1,
            Operation::Program { memory, bytes, .. } => {
                let unit = self.player.bench.shapes()[*memory].unit.max(16);
                (bytes.len() as u32).div_ceil(unit).max(1)
            }
        }
    }
}
