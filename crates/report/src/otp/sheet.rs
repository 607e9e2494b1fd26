//! The lines that program a board, for whoever stands at the station. They are shown, never run.

use std::fmt::Write as _;

use manifest::otp::block_range;
use manifest::plan::otp::{Otp, Stage};
use provision::Contents;

use super::files::folder;
use crate::text::hex;

/// A file to program, and where.
pub struct Piece {
    /// Its name, from the sheet's folder.
    pub file: String,
    /// The address of its first byte.
    pub address: u32,
    /// Bytes.
    pub size: usize,
}

/// `0x1FF0F000`, as programming tools take it.
fn plain(address: u32) -> String {
    format!("0x{address:08X}")
}

/// What stands at the sheet's top. `ledger` is the option that names it, behind a blank.
pub fn heading(manifest: &str, part: &str, otp: &Otp, stage: &Stage, ledger: &str) -> String {
    let mut text = format!(
        "{manifest}, stage {}: {part}, field list {}, layout {}\n\n",
        stage.name.value,
        otp.version.value,
        hex(&otp.fingerprint[..8])
    );
    let look = "read, and check what is there";
    let mut steps = vec![look, "data: only if the check says that it can be programmed", "read and check again"];
    if stage.locks() {
        steps.extend(["lock: only if the check says that it can be locked", "read and check again"]);
    }
    text.push_str("What is programmed here cannot be taken back. In this order, for each board:\n");
    for (number, step) in (1..).zip(steps) {
        let _ = writeln!(text, "{number}. {step}");
    }
    if !ledger.is_empty() {
        let then = if stage.locks() { ", and after step 5 with --state locked" } else { "" };
        let stage = &stage.name.value;
        let _ = writeln!(
            text,
            "After step 3 tell the ledger, with --state written and then with --state verified{then}:\n  \
             waxseal ledger record NAME --stage {stage} --state written --readback NAME.read.bin{ledger}"
        );
    }
    text.push_str("Files of boards are named from this folder; the manifest and the records of the check are wherever you keep them.\n");
    text.push_str("dfu-util: ALT is the number of the alternate called @OTP Memory; `dfu-util -l` lists them. Unproven over USB.\n");
    text.push_str("It overwrites no file: remove what was read before.\n");
    text
}

/// What the sheet calls the files that the check needs.
pub struct Names<'a> {
    /// The manifest.
    pub manifest: &'a str,
    /// The records.
    pub records: &'a str,
    /// What else its line needs, behind a blank: the ledger, the profile, where secrets are.
    pub options: &'a str,
}

/// The lines of one board, with the files of its data and of its locks.
pub fn board(
    names: &Names<'_>,
    otp: &Otp,
    stage: &Stage,
    name: &str,
    (data, lock): (&[Piece], Option<&Piece>),
    contents: &Contents,
) -> String {
    let Names { manifest, records, options } = names;
    let mut text = format!("\n{name}\n");
    let size = otp.memory.size + otp.lock_bytes();
    let (base, read) = (plain(otp.memory.base), format!("{}.read.bin", folder(name)));
    let _ = writeln!(text, "  read   STM32_Programmer_CLI -c port=swd -r {base} {size} {read}");
    let _ = writeln!(text, "         dfu-util -d 0483:df11 -a ALT -s {base}:{size} -U {read}");
    let _ = writeln!(
        text,
        "  check  waxseal otp plan {manifest} --records {records} --stage {} --board {name} --readback {read}{options}",
        stage.name.value
    );
    for Piece { file, address, .. } in data {
        let at = plain(*address);
        let _ = writeln!(text, "  data   STM32_Programmer_CLI -c port=swd -w {file} {at} -v");
        let _ = writeln!(text, "         dfu-util -d 0483:df11 -a ALT -s {at} -D {file}");
    }
    if let Some(Piece { file, address, .. }) = lock {
        let at = plain(*address);
        let _ = writeln!(text, "  lock   STM32_Programmer_CLI -c port=swd -w {file} {at}");
        let _ = writeln!(text, "         dfu-util -d 0483:df11 -a ALT -s {at} -D {file}");
    }
    if lock.is_none() && !contents.locks.is_empty() {
        let blocks: Vec<String> = contents.locks.iter().map(|block| format!("{block}{}", range(otp, *block))).collect();
        let _ =
            writeln!(text, "  lock   blocks {}: bits of a register, which no tool is known to set", blocks.join(", "));
    }
    text
}

fn range(otp: &Otp, block: u32) -> String {
    block_range(otp, block).map_or(String::new(), |range| format!(" at {}", plain(range.start)))
}
