//! `verify` of a sealed layout.

use std::fmt::Write as _;

use geometry::sort::sort_by;
use image_format::layout::{LayoutBody, groups};
use image_format::{Check, Digest, Header, Kind, Memory, SoftwareCrypto};
use manifest::plan::RoleName;
use packer::Judge;

use super::{Input, Question, Stopped};
use crate::exit::Exit;
use crate::findings::Report;
use crate::json;
use crate::refusal;
use crate::text::hex;

/// Judges a layout's file: signatures, device, form; and against a manifest, that its slot groups are the manifest's.
pub fn judge(question: &Question<'_>, file: &[u8]) -> Result<Report, Stopped> {
    let authority = &question.authority;
    let signers = question.signers(RoleName::Layout)?;
    let plan = authority.plan();
    if plan.is_none() {
        question.require_waived(&[Input::Device, Input::Layout])?;
    }
    let device = plan.filter(|_| !question.waives(Input::Device)).map(|(_, plan)| plan.product.device());
    let judge = Judge {
        device: device.map_or(Check::Waived, Check::Require),
        ..Judge::of_signers(&signers.public(), signers.threshold)
    };
    let expected: Option<Vec<Digest>> = plan.filter(|_| !question.waives(Input::Layout)).map(|(_, plan)| {
        let mut groups: Vec<_> = plan.images.iter().map(|image| image.fingerprint).collect();
        sort_by(&mut groups, Ord::cmp);
        groups
    });
    let outcome = judge.judge_whole(Kind::Layout, &mut Memory::file(file));
    let found = fingerprints(file);
    let mut text = format!("{}, a layout\n", question.name);
    text.push_str(&question.given_signatures(&signers));
    text.push_str(&question.line("device", device.map(|device| super::ids(plan, &device))));
    let groups = expected.as_ref().map(|groups| groups.iter().map(|group| hex(group)).collect::<Vec<_>>().join(", "));
    text.push_str(&question.line("layout", groups));
    let not_judged = super::waived(&[(Input::Device, device.is_none()), (Input::Layout, expected.is_none())]);
    let differs = expected.as_ref().is_some_and(|expected| *expected != found);
    match &outcome {
        Err(error) => {
            let _ = write!(text, "refused: {}", refusal::describe(error, file));
        }
        Ok(()) if differs => {
            for group in &found {
                let _ = writeln!(text, "  found   slot group {}", hex(group));
            }
            text.push_str("refused: its slot groups are not the manifest's\n");
        }
        Ok(()) => {
            for group in &found {
                let _ = writeln!(text, "  found   slot group {}", hex(group));
            }
            let _ = writeln!(text, "verified{}", super::but(&not_judged));
        }
    }
    let verified = outcome.is_ok() && !differs;
    let result = json!({
        "kind": "layout",
        "verified": verified,
        "not_judged": not_judged,
        "groups": found.iter().map(|group| hex(group)).collect::<Vec<_>>(),
        "expected_groups": expected.map(|groups| groups.iter().map(|group| hex(group)).collect::<Vec<_>>()),
        "refusal": outcome.err().map(|error| refusal::to_json(&error, file)),
    });
    let exit = if verified { Exit::Done } else { Exit::Refused };
    Ok(Report { exit, result: Some(result), ..Report::done(text) })
}

/// The fingerprints of a layout's groups, as far as it has the form of one; to be believed only once it was judged.
fn fingerprints(file: &[u8]) -> Vec<Digest> {
    let Ok(header) = Header::<LayoutBody>::read(&mut Memory::file(file)) else { return Vec::new() };
    let header = header.unauthenticated();
    let (start, end) = (header.payload_start() as usize, header.auxiliary_start() as usize);
    let payload = file.get(start..end).unwrap_or_default();
    groups(header, payload)
        .map(|groups| groups.map(|group| group.fingerprint(&mut SoftwareCrypto)).collect())
        .unwrap_or_default()
}
