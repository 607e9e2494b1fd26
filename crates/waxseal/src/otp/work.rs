//! Boards some hundreds at a time, in four places at once: rows that are read ahead, numbers and rows of the ledger, signatures on all
//! processors, files. However many boards there are, no more are in memory than a thousand or so.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use manifest::Diagnostic;
use packer::parallel;
use provision::{Finding, Inputs, Records};
use serde_json::Value;

use super::judge::{self, Part, read_ahead};
use super::ledger::{Added, Batch, IssueArgs};
use super::make::{Made, Maker};
use super::numbers::{Numbers, Taken};
use super::records::RecordArgs;
use super::sink::Sink;
use super::spool::Spool;
use crate::exit::{Exit, Failure};
use crate::progress::Progress;

/// Boards that a processor works on at a time: their signatures are judged together.
const AT_A_TIME: usize = 16;
/// Parts that are made while the ledger has others.
const AT_WORK: usize = 2;
/// Boards that the text shows.
pub const SHOWN: usize = 3;
/// Boards that the JSON object lists: a program that wants all of them reads SHA256SUMS.
const LISTED: usize = 1000;

/// What is told of a run.
#[derive(Default)]
pub struct Told {
    /// For each stage, the lines of the first boards.
    pub lines: Vec<String>,
    /// The first boards, for programs.
    pub listed: Vec<Value>,
    /// For each field that the ledger fills.
    pub taken: Vec<Taken>,
    /// The first and the last row that the ledger got.
    pub rows: Option<Added>,
}

/// Why a run ends early.
pub enum Stop {
    /// A failure.
    Failure(Failure),
    /// What the manifest's places are shown with.
    Findings(Vec<Diagnostic>),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Where boards come from, and who is told of them.
pub struct Work<'a> {
    /// The options that name the records.
    pub records: &'a RecordArgs,
    /// Who writes to the ledger.
    pub issue: &'a IssueArgs,
    /// The records.
    pub spool: &'a Spool,
    /// What boards come from beside them.
    pub inputs: &'a Inputs<'a>,
    /// How rows become boards.
    pub numbers: &'a Numbers<'a>,
    /// The ledger.
    pub batch: Option<&'a mut Batch>,
    /// How many boards there are.
    pub boards: usize,
    /// How a stage's files are called in what is told.
    pub folder: &'a (dyn Fn(&str) -> String + Sync),
}

/// What was made of some boards.
type Sealed = Result<Vec<Made>, Stop>;

/// Rows with their numbers, and whether each has them from now on.
struct Job {
    records: Records,
    is_new: Vec<bool>,
    /// Their place in their part, and where it waits.
    place: usize,
    reply: Sender<(usize, Sealed)>,
}

impl Work<'_> {
    /// Makes all boards' files, and lets the sink have them. The ledger knows of a board's files before they are anywhere.
    ///
    /// # Errors
    /// What the ledger refuses, what cannot be sealed or written.
    pub fn run<'s>(&mut self, maker: &Maker<'_>, mut sink: Sink<'s>) -> Result<(Told, Sink<'s>), Stop> {
        let mut told = Told { lines: vec![String::new(); maker.stages.len()], ..Told::default() };
        told.taken = self.numbers.open.iter().map(|_| Taken::default()).collect();
        let reader = self.spool.rows()?.map_err(|finding| self.records.wrong(&[finding]))?;
        let progress = Progress::counted(self.boards as u64, "boards");
        let (to_make, jobs) = channel::<Job>();
        let jobs = Mutex::new(jobs);
        let (inputs, numbers, records) = (self.inputs, self.numbers, self.records);
        thread::scope(|scope| {
            let parts = read_ahead(scope, reader, inputs, numbers);
            let (to_write, recorded) = sync_channel::<Vec<Made>>(1);
            for _ in 0..parallel::processors() {
                scope.spawn(|| work(&jobs, maker, inputs, records));
            }
            let writer = scope.spawn(move || {
                for made in recorded {
                    sink.put(&made)?;
                    progress.add(made.len() as u64);
                }
                Ok(sink)
            });
            let done = self.feed(maker, &parts, &mut told, to_make, to_write);
            drop(parts);
            let written = writer.join().unwrap_or_else(|_| Err(Failure::new(Exit::Failed, "a thread failed")));
            // That the writer went away is the writer's to say.
            let sink = written?;
            done.map(|()| (told, sink))
        })
    }

    /// Gives boards their numbers, and takes back what was made of those before. Some parts are made while the ledger has those
    /// around them.
    fn feed(
        &mut self,
        maker: &Maker<'_>,
        parts: &Receiver<Result<Part, Failure>>,
        told: &mut Told,
        to_make: Sender<Job>,
        to_write: SyncSender<Vec<Made>>,
    ) -> Result<(), Stop> {
        let mut at_work: VecDeque<Replies> = VecDeque::new();
        loop {
            let part = parts.recv().ok().transpose()?;
            let mut made = Vec::new();
            if at_work.len() > part.as_ref().map_or(0, |_| AT_WORK - 1) {
                let Some(replies) = at_work.pop_front() else { return Ok(()) };
                made = replies.in_order()?;
            } else if part.is_none() {
                return Ok(());
            }
            if let Some(replies) = self.part(part, &made, told, &to_make)? {
                at_work.push_back(replies);
            }
            tell(maker, &made, self.folder, told);
            if !made.is_empty() && to_write.send(made).is_err() {
                return Ok(());
            }
        }
    }

    /// Tells the ledger what was made, gives the next boards their numbers, and has them made.
    fn part(
        &mut self,
        part: Option<Part>,
        made: &[Made],
        told: &mut Told,
        to_make: &Sender<Job>,
    ) -> Result<Option<Replies>, Failure> {
        let Part { mut records, boards, findings, .. } = part.unwrap_or_default();
        judged(self.records, findings)?;
        let mut is_new = vec![true; boards.len()];
        let mut numbers = Vec::new();
        if let Some(batch) = &mut self.batch {
            let (issued, given) = batch.part(made, self.numbers, &boards, self.issue)?;
            if let Some((first, last)) = issued {
                told.rows = Some((told.rows.map_or(first, |(first, _)| first), last));
            }
            told.taken.iter_mut().enumerate().for_each(|(index, taken)| taken.count(index, &given));
            is_new = given.iter().map(|one| one.is_new).collect();
            numbers = given.into_iter().map(|one| one.numbers).collect();
        }
        if boards.is_empty() {
            return Ok(None);
        }
        records = self.numbers.filled(records, &numbers);
        let (reply, replies) = channel();
        let boards = is_new.len();
        for (place, is_new) in is_new.chunks(AT_A_TIME).enumerate() {
            let rows = records.rows.drain(..is_new.len().min(records.rows.len())).collect();
            let records = Records { columns: records.columns.clone(), rows };
            let job = Job { records, is_new: is_new.to_vec(), place, reply: reply.clone() };
            // Whoever makes boards ends only after this.
            let _ = to_make.send(job);
        }
        Ok(Some(Replies { boards, replies }))
    }
}

/// All was judged before; a file of secrets may have gone since.
fn judged(records: &RecordArgs, findings: Vec<Finding>) -> Result<(), Failure> {
    if findings.is_empty() { Ok(()) } else { Err(records.wrong(&findings)) }
}

/// A part that is being made.
struct Replies {
    boards: usize,
    replies: Receiver<(usize, Sealed)>,
}

impl Replies {
    /// What was made, once all of it was.
    fn in_order(self) -> Sealed {
        let mut made: Vec<(usize, Sealed)> = self.replies.iter().collect();
        made.sort_by_key(|(place, _)| *place);
        let made: Result<Vec<Vec<Made>>, Stop> = made.into_iter().map(|(_, made)| made).collect();
        let made: Vec<Made> = made?.into_iter().flatten().collect();
        match made.len() == self.boards {
            true => Ok(made),
            false => Err(Failure::new(Exit::Failed, "a thread failed").into()),
        }
    }
}

/// Makes boards, until nobody asks for more.
fn work(jobs: &Mutex<Receiver<Job>>, maker: &Maker<'_>, inputs: &Inputs<'_>, args: &RecordArgs) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { records, is_new, place, reply }) = next else { return };
        let mut findings = Vec::new();
        let boards = judge::boards(inputs, &records, &mut findings);
        let made = judged(args, findings).map_err(Stop::Failure).and_then(|()| {
            let boards: Vec<_> = boards.into_iter().zip(is_new).collect();
            maker.make(&boards).map_err(Stop::Findings)
        });
        // Who stopped asks no more.
        let _ = reply.send((place, made));
    }
}

/// Keeps what the user is told.
fn tell(maker: &Maker<'_>, made: &[Made], folder: &dyn Fn(&str) -> String, told: &mut Told) {
    for board in made.iter().take(LISTED.saturating_sub(told.listed.len())) {
        for ((index, stage), made) in maker.stages.iter().enumerate().zip(&board.stages) {
            if told.listed.len() < SHOWN * maker.stages.len() {
                told.lines[index].push_str(&made.text(&folder(&stage.name.value)));
            }
            told.listed.push(made.to_json(&board.board, stage));
        }
    }
}
