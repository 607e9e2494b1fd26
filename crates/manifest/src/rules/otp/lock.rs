//! WX0129, WX0301, WX0303: which blocks are locked, when, and what that shuts in.

use geometry::sort::sort_by;
use geometry::{Lock, Part, address, numbered};

use super::{Report, bytes, elsewhere, fact};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::otp::{block_range, offset, place};
use crate::plan::otp::{Field, Otp, Stage, StageLock};
use crate::spec;

/// Stages and fields against the locks of the memory.
pub fn check(otp: &Otp, part: &Part, table: &spec::Otp, report: &mut Report) {
    let has_locks = otp.memory.lock != Some(Lock::Unit);
    let written = table.stages.iter().flat_map(|stages| &stages.value.0);
    for (stage, written) in otp.stages.iter().zip(written) {
        match stage.lock {
            None if has_locks && !written.lock.is_written => missing(otp, stage, report),
            Some(lock) if !has_locks && lock.value == StageLock::Permanent => {
                let title = format!("{} has no locks", part.name);
                let error = Diagnostic::error(codes::OTP_LOCK, title).at(lock.span, "nothing could carry this out");
                let error = error.help("leave `lock` out: a unit is frozen as soon as it is programmed");
                report.push(fact(error, otp, part));
            }
            _ => {}
        }
    }
    for field in &otp.fields {
        match &field.stage {
            None => locked_counter(otp, part, field, report),
            Some(_) => locked_before(otp, part, field, report),
        }
    }
    unproven(otp, part, report);
}

/// A stage that does not say what becomes of its blocks.
fn missing(otp: &Otp, stage: &Stage, report: &mut Report) {
    let title = format!("stage `{}` does not say whether it locks", stage.name.value);
    let error = Diagnostic::error(codes::MISSING_KEY, title).at(stage.name.span, fills(otp, stage));
    report.push(
        error.help("lock = \"permanent\", or lock = \"never\": a lock cannot be taken back, so there is no default"),
    );
}

/// `fills block 1 (0x1FF0_F040 to 0x1FF0_F07F)`.
fn fills(otp: &Otp, stage: &Stage) -> String {
    let mut blocks: Vec<u32> = otp.of_stage(&stage.name).filter_map(|field| otp.blocks(field)).flatten().collect();
    sort_by(&mut blocks, Ord::cmp);
    blocks.dedup();
    match blocks.as_slice() {
        [] => "fills no block".to_owned(),
        [one] => format!("fills block {one}{}", span(otp, *one)),
        [first, .., last] => format!("fills blocks {first} to {last}"),
    }
}

/// ` (0x1FF0_F040 to 0x1FF0_F07F)`.
fn span(otp: &Otp, block: u32) -> String {
    block_range(otp, block).map_or(String::new(), |range| {
        format!(" ({} to {})", address(range.start), address(range.end.saturating_sub(1)))
    })
}

/// The first block of a field that a stage locks, and that stage.
fn locked<'a>(otp: &'a Otp, field: &Field) -> Option<(u32, &'a Stage)> {
    otp.blocks(field)?.find_map(|block| Some((block, otp.locked_by(block)?)))
}

/// The fields that bring a stage into a block: `serial` and five more.
fn because<'a>(otp: &'a Otp, stage: &Stage, block: u32) -> Option<(&'a Field, String)> {
    let of_block: Vec<&Field> = otp
        .of_stage(&stage.name)
        .filter(|field| otp.blocks(field).is_some_and(|blocks| blocks.contains(&block)))
        .collect();
    let (first, others) = of_block.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        1 => " and another field".to_owned(),
        count => format!(" and {count} more fields"),
    };
    Some((first, format!("block {block} is in this stage because of `{}`{more}", first.name.value)))
}

/// WX0301: a counter counts for as long as the device lives.
fn locked_counter(otp: &Otp, part: &Part, field: &Field, report: &mut Report) {
    let Some((block, stage)) = locked(otp, field) else { return };
    let title = format!("counter `{}` is in a block that is locked before it can count", field.name.value);
    let error = Diagnostic::error(codes::LOCKED_COUNTER, title);
    let mut error = error.at(field.at.span, format!("{}, block {block}{}", bytes(field), span(otp, block)));
    if let Some(lock) = stage.lock {
        error = error.see(lock.span, format!("locks block {block} after read-back, for ever"));
    }
    if let Some((first, why)) = because(otp, stage, block) {
        error = error.see(first.name.entry, why);
    }
    let unit = if otp.unit == 1 { "a byte".to_owned() } else { format!("{} bytes", otp.unit) };
    error = error.see(field.size_span, format!("{unit} for each step, programmed in the field, years from now"));
    let size = field.encode().size();
    error = match place(otp, None, size, otp.memory.block.unwrap_or(1), Some(&field.name)) {
        Some(at) => {
            let block = at / otp.memory.block.unwrap_or(1).max(1);
            error.edit(format!("block {block} is the first that no stage fills"), field.at.span, offset(at))
        }
        None => {
            error.help("there is no room for it in blocks that no stage fills: fewer steps, or fewer blocks for stages")
        }
    };
    report.push(fact(error, otp, part));
}

/// WX0303: nobody programs a block that an earlier stage has locked.
fn locked_before(otp: &Otp, part: &Part, field: &Field, report: &mut Report) {
    let turn = |name: &str| otp.stages.iter().position(|stage| stage.name.value == name);
    let Some(own) = field.stage.as_ref().and_then(|stage| turn(&stage.value)) else { return };
    let earlier = otp.stages.iter().take(own);
    let found = earlier.filter(|stage| stage.locks()).find_map(|stage| {
        let block = otp.blocks(field)?.find(|block| because(otp, stage, *block).is_some())?;
        Some((stage, block))
    });
    let Some((stage, block)) = found else { return };
    let title = format!("`{}` is in a block that stage `{}` has locked by then", field.name.value, stage.name.value);
    let error = Diagnostic::error(codes::OTP_BLOCK, title);
    let mut error = error.at(field.at.span, format!("{}, block {block}{}", bytes(field), span(otp, block)));
    if let Some(lock) = stage.lock {
        error = error.see(lock.span, format!("locks block {block} after read-back, for ever"));
    }
    if let Some((first, why)) = because(otp, stage, block) {
        error = error.see(first.name.entry, why);
    }
    report.push(fact(elsewhere(otp, field, error), otp, part));
}

/// WX0129: what nobody has shown about locking.
fn unproven(otp: &Otp, part: &Part, report: &mut Report) {
    let permanent = otp.stages.iter().filter_map(|stage| stage.lock).find(|lock| lock.value == StageLock::Permanent);
    let Some(lock) = permanent else { return };
    let warning = match otp.memory.lock {
        Some(Lock::Bytes(base)) => {
            let title = format!("it is unproven that the ROM's DfuSe accepts the lock bytes at {}", address(base));
            Diagnostic::warning(codes::OTP_LOCK, title).at(lock.span, "locks over USB were never seen to work").help(
                "`otp build` writes STM32_Programmer_CLI lines for SWD beside the dfu-util ones; try one scrap board first",
            )
        }
        Some(Lock::Register) => {
            let title = format!("it is unproven which tool sets the lock bits of {}", part.name);
            let warning = Diagnostic::warning(codes::OTP_LOCK, title);
            let locked = (0..otp.memory.blocks().unwrap_or(0)).filter(|block| otp.locked_by(*block).is_some());
            let blocks = numbered("block", locked);
            warning
                .at(lock.span, format!("{blocks}, by bits of a register"))
                .help("`otp build` writes the data and says which bits; who sets them is your firmware or your fixture")
        }
        _ => return,
    };
    report.push(fact(warning, otp, part));
}
