//! What is wrong with records, before anything is made of them: every row, all rows together, and what the ledger has.

use std::io::BufRead;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, Scope};

use ::report::otp::files::folder;
use manifest::plan::otp::Otp;
use provision::{Board, Finding, Inputs, MOST_FINDINGS, Reader, Records, Taken, board, claims, judge_titles};

use super::ledger::Batch;
use super::numbers::{Numbers, Tried};
use super::records::RecordArgs;
use super::spool::{Seen, Spool};
use crate::exit::Failure;
use crate::progress::Progress;

/// Boards that are worked on together: so many get their numbers in one transaction. Several such batches are in memory.
pub const TOGETHER: usize = 250;

/// Judges all records. How many boards they are.
///
/// # Errors
/// Everything that is wrong with them, or the first thing that the ledger refuses.
pub fn judge(
    args: &RecordArgs,
    spool: &Spool,
    inputs: &Inputs<'_>,
    numbers: &Numbers<'_>,
    mut batch: Option<&mut Batch>,
) -> Result<usize, Failure> {
    let progress = Progress::counted(spool.size()?, "reading records");
    let reader = spool.rows()?.map_err(|finding| args.wrong(&[finding]))?;
    let mut findings = titles(inputs, numbers, reader.columns());
    // Under wrong titles no cell is right.
    if !findings.is_empty() {
        return Err(args.wrong(&findings));
    }
    let mut seen = Seen::new()?;
    let (mut count, mut known) = (0_usize, 0);
    thread::scope(|scope| {
        for part in read_ahead(scope, reader, inputs, numbers) {
            let Part { boards, findings: found, offset, .. } = part?;
            findings.extend(found);
            for board in &boards {
                seen.add(&(FOLDER, folder(&board.name).to_lowercase()), board.line)?;
                for claim in claims(inputs.otp, board) {
                    seen.add(&(claim.kind, claim.value), board.line)?;
                }
            }
            count += boards.len();
            if findings.len() >= MOST_FINDINGS {
                break;
            }
            if let Some(batch) = batch.as_mut().filter(|_| findings.is_empty()) {
                known += batch.judge(numbers, &boards)?;
            }
            progress.reach(offset);
        }
        Ok::<_, Failure>(())
    })?;
    let again = seen.again(MOST_FINDINGS)?;
    if !again.is_empty() {
        findings.extend(repeated(spool, inputs, numbers, &again)?);
    }
    if !findings.is_empty() {
        findings.sort_by_key(|finding| finding.line);
        findings.truncate(MOST_FINDINGS);
        return Err(args.wrong(&findings));
    }
    if let Some(batch) = batch {
        batch.room(numbers, count.saturating_sub(known) as u64)?;
    }
    Ok(count)
}

/// What is wrong with the titles; those that the ledger stands in for are there.
fn titles(inputs: &Inputs<'_>, numbers: &Numbers<'_>, columns: &[String]) -> Vec<Finding> {
    let titles = Records { columns: columns.to_vec(), rows: Vec::new() };
    judge_titles(inputs.otp, &numbers.filled(titles, &[]).columns, inputs.ignored)
}

/// Rows, and the boards that they become with numbers that are no one's.
#[derive(Default)]
pub struct Part {
    /// The rows, without those numbers.
    pub records: Records,
    /// The boards.
    pub boards: Vec<Board>,
    /// What is wrong with rows.
    pub findings: Vec<Finding>,
    /// How far the records were read, in bytes.
    pub offset: u64,
}

/// Reads records on a thread of its own, a part ahead of whoever takes them.
pub fn read_ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut reader: Reader<impl BufRead + Send + 'scope>,
    inputs: &'scope Inputs<'_>,
    numbers: &'scope Numbers<'_>,
) -> Receiver<Result<Part, Failure>> {
    let (to_take, parts) = sync_channel(1);
    scope.spawn(move || {
        let mut tried = Tried::default();
        loop {
            let mut findings = Vec::new();
            let records = reader.rows(TOGETHER, &mut findings);
            let offset = reader.offset();
            let part = tried.numbers(numbers, records.rows.len()).map(|tried| {
                let boards = boards(inputs, &numbers.filled(records.clone(), &tried), &mut findings);
                Part { records, boards, findings, offset }
            });
            let is_over = part.as_ref().map_or(true, |part| part.records.rows.is_empty() && part.findings.is_empty());
            let is_wanted = part.is_err() || !is_over;
            if is_wanted && to_take.send(part).is_err() || is_over {
                return;
            }
        }
    });
    parts
}

/// The boards of these rows, in their order; what is wrong with others goes to `findings`.
pub fn boards(inputs: &Inputs<'_>, records: &Records, findings: &mut Vec<Finding>) -> Vec<Board> {
    let mut boards = Vec::with_capacity(records.rows.len());
    for row in &records.rows {
        match board(inputs, records, row) {
            Ok(board) => boards.push(board),
            Err(found) => findings.extend(found),
        }
    }
    boards
}

/// The kind of a folder's name among what no two boards may share.
const FOLDER: &str = "folder";

/// What boards of these lines have that others have too: their values themselves are compared.
fn repeated(spool: &Spool, inputs: &Inputs<'_>, numbers: &Numbers<'_>, lines: &[u64]) -> Result<Vec<Finding>, Failure> {
    let Ok(mut reader) = spool.rows()? else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    let (mut taken, mut folders) = (Taken::default(), std::collections::BTreeMap::new());
    let mut tried = Tried::default();
    loop {
        let mut records = reader.rows(TOGETHER, &mut Vec::new());
        if records.rows.is_empty() {
            return Ok(findings);
        }
        let mut tried = tried.numbers(numbers, records.rows.len())?;
        let mut wanted = records.rows.iter().map(|row| lines.binary_search(&row.line).is_ok());
        tried.retain(|_| wanted.next().unwrap_or(false));
        records.rows.retain(|row| lines.binary_search(&row.line).is_ok());
        for board in boards(inputs, &numbers.filled(records, &tried), &mut Vec::new()) {
            let found = taken.add(inputs.otp, &board);
            let is_named_twice = !found.is_empty();
            findings.extend(found);
            let first = folders.insert(folder(&board.name).to_lowercase(), (board.name.clone(), board.line));
            if let Some((name, line)) = first.filter(|(name, _)| !is_named_twice && *name != board.name) {
                let text = format!("boards {name}, in line {line}, and {} would have one folder", board.name);
                findings.push(Finding { line: board.line, column: Some(title(inputs.otp)), text });
            }
        }
    }
}

/// The title that names boards.
fn title(otp: &Otp) -> String {
    match otp.field(&otp.board).map(|field| (&field.source, &field.name.value)) {
        Some((manifest::plan::otp::Source::Column(column), _)) => column.value.clone(),
        Some((_, name)) => name.clone(),
        None => String::new(),
    }
}
