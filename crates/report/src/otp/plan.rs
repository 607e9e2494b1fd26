//! What is left to do on a board.

use std::fmt::Write as _;

use geometry::address;
use manifest::plan::otp::{Otp, Stage};
use provision::{Board, ByteStep, Contents, FieldStep, LockState, OtpPlan, ReadBack, Verdict, plan, segments};
use serde_json::Value;

use crate::json;

/// Bytes that a row names.
const SHOWN: usize = 3;

/// The board whose content this is, if it is another one's.
pub fn owner<'a>(otp: &Otp, stage: &Stage, boards: &'a [Board], found: &ReadBack) -> Option<&'a Board> {
    let has_all = |board: &&Board| {
        let contents = Contents::new(otp, board, &stage.name);
        plan(otp, &stage.name, &contents, found).verdict() == Verdict::Same
    };
    boards.iter().find(has_all)
}

/// What is to be done, in words.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "there already",
        Verdict::Program => "to be programmed",
        Verdict::Locked => "locked",
        Verdict::Impossible => "impossible",
    }
}

/// The plan as a table.
pub fn text(otp: &Otp, stage: &Stage, board: &Board, planned: &OtpPlan, owner: Option<&Board>) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for step in &planned.fields {
        let Some(field) = otp.field(&step.field) else { continue };
        let value = board.value(&step.field).map_or(String::new(), |value| value.show(field));
        let is_secret = board.value(&step.field).is_some_and(|value| value.is_secret);
        rows.push([step.field.clone(), value, word(step.verdict).to_owned(), detail(otp, step, is_secret)]);
    }
    for lock in &planned.locks {
        let state = match lock.state {
            LockState::Locked => "locked already".to_owned(),
            LockState::Ready => "its data is there: it can be locked, for ever".to_owned(),
            LockState::HeldBack => "held back until its data is read back".to_owned(),
            LockState::Damaged(byte) => format!("its lock byte is 0x{byte:02X}: neither open nor locked"),
            LockState::Unknown => "the read-back has no lock bytes: nobody knows".to_owned(),
        };
        rows.push([format!("lock block {}", lock.block), String::new(), state, String::new()]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, values) = (width(0), width(1).min(40));
    let verdicts = planned.fields.iter().map(|step| word(step.verdict).len()).max().unwrap_or(0);
    let mut text = String::new();
    for [name, value, verdict, detail] in &rows {
        let line = format!("  {name:<names$}  {value:<values$}  {verdict:<verdicts$}  {detail}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str(&summary(otp, stage, board, planned, owner));
    text
}

/// The first bytes that are not there; of a secret only where. Where units are programmed once, right bytes share the verdict of
/// wrong ones in their unit, and it is the wrong ones that are looked for.
fn detail(otp: &Otp, step: &FieldStep, is_secret: bool) -> String {
    if step.verdict <= Verdict::Program {
        return String::new();
    }
    let is_wrong = |byte: &&ByteStep| byte.verdict == step.verdict && byte.old != byte.new;
    let mut wrong: Vec<&ByteStep> = step.bytes.iter().filter(is_wrong).collect();
    let is_once = otp.unit > 1 && step.verdict == Verdict::Impossible;
    // Nor are blank bytes what stands in the way, beside one that is not.
    if is_once && wrong.iter().any(|byte| byte.old != 0xFF) {
        wrong.retain(|byte| byte.old != 0xFF);
    }
    if wrong.is_empty() {
        return format!("it is there, but not all of its unit of {} bytes", otp.unit);
    }
    let show = |byte: &&ByteStep| {
        let at = address(otp.address(byte.offset));
        let stuck: Vec<String> = (0..8).filter(|bit| byte.stuck() >> bit & 1 == 1).map(|bit| bit.to_string()).collect();
        match (is_secret, stuck.as_slice()) {
            (true, _) => at,
            (_, [bit]) => format!("{at}  {:02X} -> {:02X}: bit {bit} is 0 and cannot become 1", byte.old, byte.new),
            (_, []) => format!("{at}  {:02X} -> {:02X}", byte.old, byte.new),
            (_, bits) => format!(
                "{at}  {:02X} -> {:02X}: bits {} are 0 and cannot become 1",
                byte.old,
                byte.new,
                bits.join(", ")
            ),
        }
    };
    let mut shown: Vec<String> = wrong.iter().take(SHOWN).map(show).collect();
    if wrong.len() > SHOWN {
        shown.push(format!("and {} more bytes", wrong.len() - SHOWN));
    }
    if is_once {
        shown.push(format!("units of {} bytes are programmed once, and this one was", otp.unit));
    }
    shown.join(", ")
}

fn summary(otp: &Otp, stage: &Stage, board: &Board, planned: &OtpPlan, owner: Option<&Board>) -> String {
    let count = |verdict| planned.fields.iter().filter(|step| step.verdict == verdict).count();
    let fields = planned.fields.len();
    let stopped = count(Verdict::Impossible) + count(Verdict::Locked);
    if stopped > 0 {
        let mut text =
            format!("refused: {stopped} of {fields} fields cannot be programmed. Leave this board as it is.\n");
        if let Some(owner) = owner {
            let _ = writeln!(text, "it has what board {} is to have in stage {}", owner.name, stage.name.value);
        }
        return text;
    }
    if planned.is_done() {
        return format!("nothing to do: {} is done in stage {}\n", board.name, stage.name.value);
    }
    let mut text = String::new();
    for range in &planned.program {
        let _ = writeln!(
            text,
            "to be programmed, for ever: {} bytes at {}",
            range.end - range.start,
            address(otp.address(range.start))
        );
        let is_part =
            |piece: &&std::ops::Range<u32>| *piece != range && piece.start <= range.start && range.end <= piece.end;
        if let Some(piece) = segments(otp, &stage.name).iter().find(is_part) {
            let (size, at) = (piece.end - piece.start, address(otp.address(piece.start)));
            let _ = writeln!(
                text,
                "  and no more: others of the {size} bytes at {at} are there, and no unit is programmed twice"
            );
        }
    }
    if planned.verdict() == Verdict::Same && planned.locks.iter().any(|lock| lock.state == LockState::Ready) {
        text.push_str("the data is there: the next step is the lock, which nobody can take back\n");
    }
    if planned.program.is_empty() && planned.locks.is_empty() {
        let _ = writeln!(text, "nothing to do: {} is done in stage {}", board.name, stage.name.value);
    }
    text
}

/// For programs.
pub fn to_json(otp: &Otp, board: &Board, planned: &OtpPlan, owner: Option<&Board>) -> Value {
    let field = |step: &FieldStep| {
        let wrong = step.bytes.iter().filter(|byte| byte.verdict != Verdict::Same);
        let addresses: Vec<u32> = wrong.map(|byte| otp.address(byte.offset)).collect();
        let is_secret = board.value(&step.field).is_some_and(|value| value.is_secret);
        let shown = |byte: u8| (!is_secret).then_some(byte);
        let byte = |byte: &ByteStep| {
            json!({
                "address": otp.address(byte.offset), "verdict": word(byte.verdict), "old": shown(byte.old),
                "new": shown(byte.new), "stuck": shown(byte.stuck()),
            })
        };
        let bytes: Vec<_> = step.bytes.iter().map(byte).collect();
        json!({ "field": step.field, "verdict": word(step.verdict), "addresses": addresses, "bytes": bytes })
    };
    let lock = |lock: &provision::LockStep| {
        let state = match lock.state {
            LockState::Locked => "locked",
            LockState::Ready => "ready",
            LockState::HeldBack => "held back",
            LockState::Damaged(_) => "damaged",
            LockState::Unknown => "unknown",
        };
        json!({ "block": lock.block, "state": state })
    };
    let program =
        |range: &std::ops::Range<u32>| json!({ "address": otp.address(range.start), "size": range.end - range.start });
    json!({
        "verdict": word(planned.verdict()),
        "done": planned.is_done(),
        "fields": planned.fields.iter().map(field).collect::<Vec<_>>(),
        "program": planned.program.iter().map(program).collect::<Vec<_>>(),
        "locks": planned.locks.iter().map(lock).collect::<Vec<_>>(),
        "owner": owner.map(|board| &board.name),
    })
}
