//! `verify` of a factory image: the images in it as always, and a boot loader that nobody signs.

use std::fmt::Write as _;
use std::ops::Range;

use geometry::address;
use image_format::{SoftwareCrypto, sha256};
use manifest::plan::Plan;
use packer::carried::{self, Carried};
use packer::factory::Opened;
use packer::loader::{self, Loader};

use super::together::{Member, Together};
use super::{Input, Question, Stopped};
use crate::exit::{Exit, Failure};
use crate::findings::Report;
use crate::json;
use crate::text::{hex, thousands};
use crate::verdict::Basis;

/// SHA-256 of a boot loader's bytes from the first to the last one, gaps filled with the erased value.
pub fn digest(plan: &Plan, loader: &Loader<'_>) -> [u8; 32] {
    let slot = plan.boot.slot.as_ref().and_then(|slot| plan.slot(&slot.value));
    let erased = slot.and_then(|slot| slot.extent.region.erased.as_ref()).map_or(0xFF, |erased| erased.value);
    sha256(&mut SoftwareCrypto, &loader.bytes(erased))
}

/// Judges a factory image: each image for the slot that it is in and with the others as companions, the boot loader as far as a
/// build does (it keeps to its slot, can start, and embeds this layout); and refuses bytes that belong to neither. That nobody signs
/// the boot loader is for the caller to ask about.
///
/// # Errors
/// No manifest; a slot's bytes that are no image.
pub fn judge(question: &Question<'_>, opened: Opened<'_, '_>) -> Result<Report, Stopped> {
    let Some((_, plan)) = question.authority.plan() else {
        return Err(Failure::usage("only a manifest says what is a factory image").into());
    };
    let Opened { loader, images, strays } = opened;
    let Some(loader) = loader::of_segments(plan, &question.name, loader) else {
        return Err(Failure::new(Exit::Refused, format!("{} has no boot loader in it", question.name)).into());
    };
    let loader = match loader {
        Ok(loader) => loader,
        Err(found) => return Ok(Report::refused(found)),
    };
    let mut members = Vec::new();
    for (_, placement, segments) in images {
        let slot = &placement.slot.value;
        let Carried { file, rest } = carried::in_slot(plan, placement, &segments)
            .map_err(|error| Failure::new(Exit::Refused, format!("{}, slot {slot}: {error}", question.name)))?;
        let (judge, basis, file) = question.image(file, Some(slot))?;
        let basis = Basis { beside: Some(rest), ..basis };
        members.push(Member { name: question.name.clone(), judge, basis, file });
    }
    let Together { accepted, text: of_members, members, not_judged: of_images } = Together::judge(question, &members)?;
    let start = loader.segments.first().map_or(0, |first| first.address);
    let sha256 = hex(&digest(plan, &loader));
    let mut text = format!("{}, a factory image\n", question.name);
    let _ = writeln!(text, "  waived  boot-loader  not signed: written as given");
    let _ = writeln!(text, "  found   {} bytes at {}, sha256 {sha256}", thousands(loader.size()), address(start));
    for group in &loader.groups {
        let _ = writeln!(text, "  found   it embeds layout {}", hex(group));
    }
    text.push_str(&of_members);
    for stray in &strays {
        let (first, last) = (address(stray.start), address(stray.end.saturating_sub(1)));
        let count = thousands(stray.len() as u64);
        let _ = writeln!(text, "refused: {first} to {last}, {count} bytes: neither the boot loader's nor an image's");
    }
    let verified = accepted && strays.is_empty();
    let mut not_judged = vec![Input::BootLoader.word()];
    not_judged.extend(of_images);
    if verified {
        let _ = writeln!(text, "factory image verified{}", super::but(&not_judged));
    } else if !accepted {
        text.push_str("refused: not all of its images are accepted\n");
    }
    let range = |range: &Range<u32>| json!({ "address": range.start, "size": range.len() });
    let result = json!({
        "kind": "factory", "verified": verified, "not_judged": not_judged,
        "boot_loader": json!({
            "slot": plan.boot.slot.as_ref().map(|slot| &slot.value), "address": start, "size": loader.size(), "sha256": sha256,
            "layouts": loader.groups.iter().map(|group| hex(group)).collect::<Vec<_>>(),
        }),
        "members": members, "strays": strays.iter().map(range).collect::<Vec<_>>(),
    });
    let exit = if verified { Exit::Done } else { Exit::Refused };
    Ok(Report { exit, result: Some(result), ..Report::done(text) })
}
