//! Boards some hundreds at a time, in three places at once: numbers and rows of the ledger, signatures on all processors, files.
//! However many boards there are, no more are in memory than a thousand or so.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use manifest::Diagnostic;
use packer::parallel;
use provision::{Board, Finding, Inputs, Reader, Records};
use serde_json::Value;

use super::judge::{self, TOGETHER};
use super::ledger::{Added, Batch, IssueArgs};
use super::make::{Made, Maker};
use super::numbers::{Numbers, Taken, Tried};
use super::records::RecordArgs;
use super::sink::Sink;
use super::spool::Spool;
use crate::exit::{Exit, Failure};
use crate::progress::Progress;

/// Boards that a processor works on at a time.
const AT_A_TIME: usize = 16;
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

/// Boards with their numbers, and whether each has them from now on.
type Boards = Vec<(Board, bool)>;
/// What was made of them.
type Sealed = Result<Vec<Made>, Vec<Diagnostic>>;

impl Work<'_> {
    /// Makes all boards' files, and lets the sink have them. The ledger knows of a board's files before they are anywhere.
    ///
    /// # Errors
    /// What the ledger refuses, what cannot be sealed or written.
    pub fn run<'s>(&mut self, maker: &Maker<'_>, mut sink: Sink<'s>) -> Result<(Told, Sink<'s>), Stop> {
        let mut told = Told { lines: vec![String::new(); maker.stages.len()], ..Told::default() };
        told.taken = self.numbers.open.iter().map(|_| Taken::default()).collect();
        let mut reader = self.spool.rows()?.map_err(|finding| self.records.wrong(&[finding]))?;
        let progress = Progress::counted(self.boards as u64, "boards");
        thread::scope(|scope| {
            let (to_seal, numbered) = sync_channel::<Boards>(1);
            let (to_record, sealed) = sync_channel::<Sealed>(1);
            let (to_write, recorded) = sync_channel::<Vec<Made>>(1);
            scope.spawn(move || seal(maker, &numbered, &to_record));
            let writer = scope.spawn(move || {
                for made in recorded {
                    sink.put(&made)?;
                    progress.add(made.len() as u64);
                }
                Ok(sink)
            });
            let done = self.feed(maker, &mut reader, &mut told, to_seal, &sealed, to_write);
            let written = writer.join().unwrap_or_else(|_| Err(Failure::new(Exit::Failed, "a thread failed")));
            // That the writer went away is the writer's to say.
            let sink = written?;
            done.map(|()| (told, sink))
        })
    }

    /// Gives boards their numbers, and takes back what was made of those before. One part is made while the ledger has those around
    /// it.
    fn feed(
        &mut self,
        maker: &Maker<'_>,
        reader: &mut Reader<impl std::io::BufRead>,
        told: &mut Told,
        to_seal: SyncSender<Boards>,
        sealed: &Receiver<Sealed>,
        to_write: SyncSender<Vec<Made>>,
    ) -> Result<(), Stop> {
        let mut tried = Tried::default();
        let mut at_work = 0;
        loop {
            let rows = self.rows(reader, &mut tried)?;
            let stays = usize::from(!rows.records.rows.is_empty());
            let mut made = Vec::new();
            if at_work > stays {
                let Ok(sealed) = sealed.recv() else { return Ok(()) };
                at_work -= 1;
                made = sealed.map_err(Stop::Findings)?;
            } else if stays == 0 {
                return Ok(());
            }
            let boards = self.part(rows, &made, told)?;
            if !boards.is_empty() && to_seal.send(boards).is_ok() {
                at_work += 1;
            }
            tell(maker, &made, self.folder, told);
            if !made.is_empty() && to_write.send(made).is_err() {
                return Ok(());
            }
        }
    }

    /// The next rows, and boards of them; none at the end.
    fn rows(&self, reader: &mut Reader<impl std::io::BufRead>, tried: &mut Tried) -> Result<Rows, Failure> {
        let mut findings = Vec::new();
        let records = reader.rows(TOGETHER, &mut findings);
        let tried = tried.numbers(self.numbers, records.rows.len())?;
        let boards = judge::boards(self.inputs, &self.numbers.filled(records.clone(), &tried), &mut findings);
        self.judged(findings).map(|()| Rows { records, boards })
    }

    /// All was judged before; a file of secrets may have gone since.
    fn judged(&self, findings: Vec<Finding>) -> Result<(), Failure> {
        if findings.is_empty() { Ok(()) } else { Err(self.records.wrong(&findings)) }
    }

    /// Tells the ledger what was made, and gives the next boards their numbers.
    fn part(&mut self, rows: Rows, made: &[Made], told: &mut Told) -> Result<Boards, Failure> {
        let Rows { records, mut boards } = rows;
        let Some(batch) = &mut self.batch else { return Ok(boards.into_iter().map(|board| (board, true)).collect()) };
        let (issued, given) = batch.part(made, self.numbers, &boards, self.issue)?;
        if let Some((first, last)) = issued {
            told.rows = Some((told.rows.map_or(first, |(first, _)| first), last));
        }
        told.taken.iter_mut().enumerate().for_each(|(index, taken)| taken.count(index, &given));
        let is_new: Vec<bool> = given.iter().map(|one| one.is_new).collect();
        if !self.numbers.open.is_empty() {
            let numbers: Vec<Vec<u64>> = given.into_iter().map(|one| one.numbers).collect();
            let mut findings = Vec::new();
            boards = judge::boards(self.inputs, &self.numbers.filled(records, &numbers), &mut findings);
            self.judged(findings)?;
        }
        Ok(boards.into_iter().zip(is_new).collect())
    }
}

/// Rows, and the boards that they become with numbers that are no one's.
struct Rows {
    records: Records,
    boards: Vec<Board>,
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

/// Makes boards on all processors, until there are no more or nobody takes them.
fn seal(maker: &Maker<'_>, numbered: &Receiver<Boards>, to_record: &SyncSender<Sealed>) {
    for boards in numbered {
        let some: Vec<&[(Board, bool)]> = boards.chunks(AT_A_TIME).collect();
        let made: Result<Vec<Vec<Made>>, _> = parallel::map(&some, |some| maker.make(some)).into_iter().collect();
        if to_record.send(made.map(|made| made.into_iter().flatten().collect())).is_err() {
            return;
        }
    }
}
