//! The verdict: what may be written at all. Nothing is sent to a board that no verdict was passed on.

use image_format::release::{Directory, ReleaseBody};
use image_format::{Digest, Header, ImageBody, Kind, Memory, SoftwareCrypto};
use manifest::Plan;
use manifest::plan::{Image, Placement, RoleName};
use packer::carried;
use packer::{Judge, Segment};
use report::Report;
use report::exit::{Exit, Failure};
use report::verify::{Input, Question, Stopped, factory};

use crate::slot_plan::Piece;

/// A release or an image that was accepted by everything that the boot loader has. Only [`judge`] makes one.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub(crate) plan: Plan,
    pub(crate) places: Vec<Place>,
    pub(crate) loader: Option<BootLoader>,
    /// Whether security counters are compared with the board's.
    pub(crate) counts: bool,
    report: Report,
}

/// The boot loader of a factory image. Nobody signed it.
#[derive(Clone, Debug)]
pub(crate) struct BootLoader {
    pub slot: String,
    pub pieces: Vec<Piece>,
    /// SHA-256, as the verdict tells it.
    pub digest: Digest,
}

/// An accepted image in a slot that it may run from.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub image: String,
    pub slot: String,
    pub version: String,
    pub counter: u32,
    pub id: Digest,
    pub file: Vec<u8>,
}

impl Verdict {
    /// The judgement in words, and for programs.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The slots that something was accepted for, each with its image's name and version; the boot loader's has none.
    pub fn slots(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let loader = self.loader.iter().map(|loader| (loader.slot.as_str(), "boot loader", ""));
        self.places
            .iter()
            .map(|place| (place.slot.as_str(), place.image.as_str(), place.version.as_str()))
            .chain(loader)
    }
}

/// Judges a release, an image (alone, in HEX or in DfuSe) or a factory image as `waxseal verify` does, and finds the slots that it
/// may run from. The authority must be a manifest: nothing else says where a byte goes. The boot loader of a factory image is
/// accepted as it is, signed by nobody: [`FlashPlan::flash`](crate::FlashPlan::flash) asks for it.
///
/// # Errors
/// What was refused, or why nothing can be judged. Device and layout cannot be waived: what is not for this device is not written to it.
pub fn judge(question: &Question<'_>, file: &[u8]) -> Result<Verdict, Stopped> {
    let plan = board_plan(question, "flashed")?;
    let opened = packer::factory::open(plan, file).and_then(Result::ok);
    let report = match &opened {
        // Whichever slots are wanted of it: all of it is judged.
        Some(opened) => factory::judge(question, opened.clone())?,
        None => question.judge(file.to_vec())?,
    };
    if report.exit != Exit::Done {
        return Err(Stopped::Refused(Box::new(report)));
    }
    let signers = question.signers(RoleName::Image)?;
    let mut places = Vec::new();
    let slot = question.slot.as_deref().filter(|_| opened.is_none());
    for (only, file) in images(plan, slot, file) {
        for (image, placement) in fitting(plan, &file) {
            if only.as_ref().is_some_and(|slot| *slot != placement.slot.value) {
                continue;
            }
            let mut judge = Judge::of(plan, image, placement, &signers.public(), signers.threshold);
            if let Some(revision) = question.revision {
                judge.revision = image_format::Check::Require(revision);
            }
            if question.without.contains(&Input::Counter) {
                judge.counter = image_format::Check::Waived;
            }
            // The same file was accepted for one slot of the group; each other one has its own room.
            let in_slot =
                judge.judge(&file).and_then(|_| judge.judge_source(&mut Memory::slot(&file, placement.room())));
            let Ok(verified) = in_slot else { continue };
            let body = &verified.header().body;
            let version = &body.version;
            places.push(Place {
                image: image.name.value.clone(),
                slot: placement.slot.value.clone(),
                version: format!("{}.{}.{}", version.major, version.minor, version.patch),
                counter: body.security_counter.get(),
                id: *verified.id(),
                file: file.clone(),
            });
        }
    }
    let loader = opened.and_then(|opened| boot_loader(plan, &question.name, opened.loader));
    if places.is_empty() && loader.is_none() {
        let title = format!("{} is accepted, and has no image for a slot of the manifest", question.name);
        return Err(Failure::new(Exit::Refused, title).help("give a release, or a sealed image").into());
    }
    let counts = !question.without.contains(&Input::Counter);
    Ok(Verdict { plan: plan.clone(), places, loader, counts, report })
}

/// The plan of the board that is `done` to, and that neither device nor layout is waived.
pub(crate) fn board_plan<'a>(question: &Question<'a>, done: &str) -> Result<&'a Plan, Failure> {
    let (_, plan) =
        question.authority.plan().ok_or_else(|| Failure::usage("which board? A manifest says where things are"))?;
    let unjudged = |input: &&Input| matches!(input, Input::Device | Input::Layout | Input::Beside);
    match question.without.iter().find(unjudged) {
        Some(input) => Err(Failure::usage(format!("a board is not {done} without judging `{}`", input.word()))),
        None => Ok(plan),
    }
}

fn boot_loader(plan: &Plan, name: &str, segments: Vec<Segment<'_>>) -> Option<BootLoader> {
    let loader = packer::loader::of_segments(plan, name, segments)?.ok()?;
    let piece = |segment: &Segment<'_>| Piece { address: segment.address, bytes: segment.bytes.to_vec() };
    Some(BootLoader {
        slot: plan.boot.slot.as_ref()?.value.clone(),
        pieces: loader.segments.iter().map(piece).collect(),
        digest: factory::digest(plan, &loader),
    })
}

/// The sealed images in a file that was accepted, each with the slot that it came for if that is said.
fn images(plan: &Plan, slot: Option<&str>, file: &[u8]) -> Vec<(Option<String>, Vec<u8>)> {
    if file.starts_with(&Kind::Release.magic()) {
        return members(file).unwrap_or_default().into_iter().map(|member| (None, member)).collect();
    }
    let named = slot.map(str::to_owned);
    let Some(Ok(segments)) = carried::on_part(&plan.device.part, file) else {
        return vec![(named, file.to_vec())];
    };
    let places = carried::places(plan, &segments);
    let wanted = places.into_iter().filter(|(_, place)| named.as_ref().is_none_or(|slot| *slot == place.slot.value));
    let image = |(_, place): (&Image, &Placement)| {
        let carried = carried::in_slot(plan, place, &segments).ok()?;
        Some((Some(place.slot.value.clone()), carried.file))
    };
    wanted.filter_map(image).collect()
}

/// The members of an accepted release.
fn members(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let header = Header::<ReleaseBody>::read(&mut Memory::file(file)).ok()?;
    let header = header.unauthenticated();
    let index = |offset: u32| usize::try_from(offset).ok();
    let payload = file.get(index(header.payload_start())?..index(header.auxiliary_start())?)?;
    let directory = Directory::parse(header, payload).ok()?;
    let member = |(offset, member): (u32, &image_format::release::Member)| {
        Some(file.get(index(offset)?..)?.get(..index(member.size.get())?)?.to_vec())
    };
    directory.members().map(member).collect()
}

/// The slots that an image says it runs in. That it does is judged for each.
fn fitting<'a>(plan: &'a Plan, file: &[u8]) -> Vec<(&'a Image, &'a Placement)> {
    let Ok(header) = Header::<ImageBody>::read(&mut Memory::file(file)) else { return Vec::new() };
    let body = &header.unauthenticated().body;
    let all = plan.images.iter().flat_map(|image| image.placements.iter().map(move |placement| (image, placement)));
    all.filter(|(image, placement)| image.fingerprint == body.layout && placement.run_address == body.run_address.get())
        .collect()
}

/// Bytes of the SHA-256 of an accepted file: what a record says was written.
pub(crate) fn digest(file: &[u8]) -> Digest {
    image_format::sha256(&mut SoftwareCrypto, file)
}
