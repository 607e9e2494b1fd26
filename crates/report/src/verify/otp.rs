//! `verify` of a board's sealed OTP blob.

use std::fmt::Write as _;
use std::ops::Range;

use geometry::address;
use image_format::otp::{OtpBlob, OtpBody};
use image_format::{Check, Header, Kind, Memory, SignedHeader};
use manifest::otp::show;
use manifest::plan::otp::{Field, Otp, Source, Stage};
use manifest::plan::{Plan, RoleName};
use packer::Judge;
use provision::{Board, Contents};
use serde_json::Value;

use super::{Input, Question, Stopped};
use crate::exit::{Exit, Failure};
use crate::findings::Report;
use crate::json;
use crate::refusal;
use crate::text::hex;

/// Judges a blob's file: signatures, device, form; and against a manifest, that it is what one of its stages programs, at the
/// addresses and with the locks of that stage, for the board that its data names.
pub fn judge(question: &Question<'_>, file: &[u8]) -> Result<Report, Stopped> {
    let authority = &question.authority;
    let signers = question.signers(RoleName::Otp)?;
    let plan = authority.plan();
    if plan.is_none() {
        question.require_waived(&[Input::Device, Input::Layout])?;
    }
    let device = plan.filter(|_| !question.waives(Input::Device)).map(|(_, plan)| plan.product.device());
    let judge = Judge {
        device: device.map_or(Check::Waived, Check::Require),
        ..Judge::of_signers(&signers.public(), signers.threshold)
    };
    let otp = plan.filter(|_| !question.waives(Input::Layout)).map(|(_, plan)| of_plan(plan)).transpose()?;
    let outcome = judge.judge_whole(Kind::OtpBlob, &mut Memory::file(file));
    let mut text = format!("{}, an OTP blob\n", question.name);
    text.push_str(&question.given_signatures(&signers));
    text.push_str(&question.line("device", device.map(|device| super::ids(plan, &device))));
    text.push_str(&question.line("layout", otp.map(|otp| hex(&otp.fingerprint))));
    let not_judged = super::waived(&[(Input::Device, device.is_none()), (Input::Layout, otp.is_none())]);
    let mut result = json!({ "kind": "otp", "not_judged": not_judged, "verified": false, "expected_layout": otp.map(|otp| hex(&otp.fingerprint)) });
    let found = match &outcome {
        Err(error) => {
            let _ = write!(text, "refused: {}", refusal::describe(error, file));
            result["refusal"] = refusal::to_json(error, file);
            None
        }
        Ok(()) => Found::of(file),
    };
    let mut is_accepted = false;
    if let Some(found) = found {
        let stage = otp.map(|otp| found.stage(otp));
        text.push_str(&found.text(otp, stage.as_ref().and_then(|stage| stage.as_ref().ok()).copied()));
        found.to_json(otp, &mut result);
        match stage {
            Some(Err(why)) => {
                let _ = writeln!(text, "refused: {why}");
                result["why"] = json!(why);
            }
            stage => {
                is_accepted = true;
                result["stage"] = json!(stage.and_then(Result::ok).map(|stage| &stage.name.value));
                let _ = writeln!(text, "verified{}", super::but(&not_judged));
            }
        }
    }
    result["verified"] = json!(is_accepted);
    let exit = if is_accepted { Exit::Done } else { Exit::Refused };
    Ok(Report { exit, result: Some(result), ..Report::done(text) })
}

fn of_plan(plan: &Plan) -> Result<&Otp, Failure> {
    plan.otp.as_ref().ok_or_else(|| {
        Failure::new(Exit::Refused, "the manifest describes no one-time-programmable memory")
            .help("--without layout judges signatures and device alone")
    })
}

/// A blob that was judged.
struct Found<'a> {
    header: SignedHeader<OtpBody>,
    blob: OtpBlob<'a>,
}

impl<'a> Found<'a> {
    fn of(file: &'a [u8]) -> Option<Self> {
        let header = *Header::<OtpBody>::read(&mut Memory::file(file)).ok()?.unauthenticated();
        let payload = file.get(header.payload_start() as usize..header.auxiliary_start() as usize)?;
        let blob = OtpBlob::parse(&header, payload).ok()?;
        Some(Self { header, blob })
    }

    fn board(&self) -> String {
        String::from_utf8_lossy(&self.header.body.board).trim_end_matches('\0').to_owned()
    }

    /// The blocks that it locks.
    fn blocks(&self) -> Vec<usize> {
        let locks = self.blob.locks.iter().enumerate();
        locks.filter(|(_, lock)| **lock == 0).map(|(block, _)| block).collect()
    }

    /// The stage whose blob this is, or why it is none's.
    fn stage<'o>(&self, otp: &'o Otp) -> Result<&'o Stage, String> {
        let body = &self.header.body;
        if body.layout != otp.fingerprint {
            return Err("it is for other fields than the manifest's".to_owned());
        }
        let stage = otp.stages.iter().find(|stage| self.is_of(otp, stage));
        let stage = stage.ok_or("its data, addresses and locks are those of no stage of the manifest")?;
        match otp.field(&otp.board).and_then(|field| self.value(otp, field)) {
            Some(name) if name != self.board() => {
                Err(format!("it is for board {}, and its data is board {name}'s", self.board()))
            }
            _ => Ok(stage),
        }
    }

    fn is_of(&self, otp: &Otp, stage: &Stage) -> bool {
        let body = &self.header.body;
        let nobody = Board { name: String::new(), line: 0, values: Vec::new() };
        let contents = Contents::new(otp, &nobody, &stage.name);
        let (Some(first), Some(last)) = (contents.segments.first(), contents.segments.last()) else { return false };
        let is_in = |at: u32| otp.of_stage(&stage.name).any(|field| field.range().contains(&at));
        let mask = (first.start..last.end).map(|at| if is_in(at) { 0xFF } else { 0x00 });
        let locks = contents.lock_bytes(otp).unwrap_or_default();
        let lock_address = otp.lock_byte(0).filter(|_| !locks.is_empty()).unwrap_or(0);
        body.data_address.get() == otp.address(first.start)
            && self.blob.mask.iter().copied().eq(mask)
            && body.lock_address.get() == lock_address
            && self.blob.locks == locks
    }

    /// What a field is to hold, if the blob has it.
    fn value(&self, otp: &Otp, field: &Field) -> Option<String> {
        let start = otp.address(field.at.value).checked_sub(self.header.body.data_address.get())?;
        let range = start as usize..start.checked_add(field.value_size())? as usize;
        let is_whole = |range: Range<usize>| Some(self.blob.mask.get(range)?.iter().all(|bits| *bits == 0xFF));
        let bytes = is_whole(range.clone())?.then(|| self.blob.data.get(range)).flatten()?;
        // Whoever may read the blob may read the secret in it; a terminal is somebody else.
        Some(if matches!(field.source, Source::Secret(_)) { "a secret".to_owned() } else { show(field, bytes) })
    }

    fn values<'o>(&self, otp: Option<&'o Otp>) -> Vec<(&'o str, String)> {
        let fields = otp.into_iter().flat_map(|otp| otp.fields.iter().map(move |field| (otp, field)));
        fields.filter_map(|(otp, field)| Some((field.name.value.as_str(), self.value(otp, field)?))).collect()
    }

    fn text(&self, otp: Option<&Otp>, stage: Option<&Stage>) -> String {
        let body = &self.header.body;
        let stage = stage.map_or(String::new(), |stage| format!(", stage {}", stage.name.value));
        let (size, at) = (body.data_size.get(), address(body.data_address.get()));
        let mut text = format!("  found   board {}{stage}: {size} bytes at {at}\n", self.board());
        for (field, value) in self.values(otp) {
            let _ = writeln!(text, "  found   {field}  {value}");
        }
        match self.blocks().as_slice() {
            [] => text.push_str("  found   no locks\n"),
            blocks => {
                let blocks: Vec<String> = blocks.iter().map(usize::to_string).collect();
                let _ = writeln!(text, "  found   locks block {} for ever", blocks.join(", "));
            }
        }
        text
    }

    fn to_json(&self, otp: Option<&Otp>, result: &mut Value) {
        let body = &self.header.body;
        let values = self.values(otp);
        let field = |(field, value): &(&str, String)| json!({ "field": field, "value": value });
        result["board"] = json!(self.board());
        result["layout"] = json!(hex(&body.layout));
        result["address"] = json!(body.data_address.get());
        result["size"] = json!(body.data_size.get());
        result["locks"] = json!(self.blocks());
        result["fields"] = values.iter().map(field).collect();
    }
}
