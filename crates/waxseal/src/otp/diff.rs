//! `waxseal otp diff`: how two boards differ, or one before and after.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::report::otp::show::{Row, rows};
use clap::Args;
use geometry::address;
use serde_json::json;

use crate::exit::Failure;
use crate::load::Manifest;
use crate::otp::otp_of;
use crate::otp::plan::read_back;
use crate::report::Report;

/// Show how two read-backs differ: field by field, bytes outside of fields, locks.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal otp diff r3.toml before.bin after.bin")]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    /// A read-back.
    first: PathBuf,
    /// Another one.
    second: PathBuf,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read(&self.manifest)?;
        manifest.with_plan(|plan| {
            let otp = otp_of(&manifest, plan)?;
            let (first, second) = (read_back(otp, &self.first)?, read_back(otp, &self.second)?);
            let show = |row: &Row| row.value.clone().unwrap_or_else(|refusal| refusal.to_string());
            let (mut text, mut fields) = (String::new(), Vec::new());
            for (index, (a, b)) in rows(otp, &first)?.iter().zip(&rows(otp, &second)?).enumerate() {
                let range = otp.fields.get(index).map(|field| field.range()).unwrap_or_default();
                let bytes = range.filter(|offset| byte(&first.data, *offset) != byte(&second.data, *offset)).count();
                if bytes > 0 {
                    let differ = if bytes == 1 { "1 byte differs".to_owned() } else { format!("{bytes} bytes differ") };
                    let _ = writeln!(text, "  {}: {} -> {} ({differ})", a.name, show(a), show(b));
                    fields.push(json!({ "field": a.name, "first": show(a), "second": show(b), "bytes": bytes }));
                }
            }
            let is_field = |offset: &u32| otp.fields.iter().any(|field| field.range().contains(offset));
            let differs = |offset: &u32| byte(&first.data, *offset) != byte(&second.data, *offset);
            let others: Vec<u32> = (0..otp.memory.size).filter(|offset| !is_field(offset) && differs(offset)).collect();
            for offset in &others {
                let (old, new) = (byte(&first.data, *offset), byte(&second.data, *offset));
                let _ = writeln!(text, "  {}, in no field: {old:02X} -> {new:02X}", address(otp.address(*offset)));
            }
            let locks = first.locks.iter().flatten().zip(second.locks.iter().flatten()).enumerate();
            let locks: Vec<_> = locks.filter(|(_, (old, new))| old != new).collect();
            for (block, (old, new)) in &locks {
                let _ = writeln!(text, "  lock of block {block}: {old:02X} -> {new:02X}");
            }
            if text.is_empty() {
                text.push_str("no difference\n");
            }
            let locks: Vec<_> =
                locks.iter().map(|(block, (a, b))| json!({ "block": block, "first": a, "second": b })).collect();
            let others: Vec<u32> = others.iter().map(|offset| otp.address(*offset)).collect();
            let result = Some(json!({ "fields": fields, "outside": others, "locks": locks }));
            Ok(Report { result, ..Report::done(text) })
        })
    }
}

fn byte(data: &[u8], offset: u32) -> u8 {
    usize::try_from(offset).ok().and_then(|offset| data.get(offset)).copied().unwrap_or(0xFF)
}
