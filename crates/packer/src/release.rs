//! The release: one file with a signed directory and the images that go together.

use image_format::release::{LEAD, Member, ReleaseBody};
use image_format::{Device, MIN_FRONT};
use manifest::plan::{Commit, Plan};
use zerocopy::IntoBytes as _;

use crate::artefact::{Contents, DraftError};
use crate::build::Artefact;
use crate::{Draft, chunks};

/// The members in the order of the file: that of installing, and of an image with several builds by slot.
pub fn members<'a>(plan: &Plan, images: &'a [Artefact]) -> Vec<&'a Artefact> {
    let place = |artefact: &Artefact| plan.release.members.iter().position(|name| *name == artefact.image);
    let mut members: Vec<&Artefact> = images.iter().collect();
    members.sort_by_key(|artefact| (place(artefact), &artefact.slot));
    members
}

/// The name of the release's file.
pub fn file_name(plan: &Plan) -> String {
    // An image without a version is not built.
    format!("{}.release", plan.release_label().unwrap_or_default())
}

/// The directory before its signatures. The members follow it in the file, in this order.
///
/// # Errors
/// [`DraftError::Size`].
pub fn draft(plan: &Plan, members: &[&Artefact]) -> Result<Draft<ReleaseBody>, DraftError> {
    let chunk_log2 = chunks::of_release(members.iter().map(|member| member.payload_size));
    let mut directory = Vec::new();
    let mut digests = Vec::new();
    let mut members_size = 0u32;
    for artefact in members {
        let size = u32::try_from(artefact.bytes.len()).map_err(|_| DraftError::Size)?;
        members_size = members_size.checked_add(size).ok_or(DraftError::Size)?;
        let member = Member {
            image_id: artefact.id,
            size: size.into(),
            payload_size: artefact.payload_size.into(),
            first_chunk: u32::try_from(digests.len()).map_err(|_| DraftError::Size)?.into(),
            flags: if plan.release.lead == artefact.image { LEAD } else { 0 }.into(),
        };
        directory.extend_from_slice(member.as_bytes());
        digests.extend(chunks::digests(artefact.payload(), chunk_log2));
    }
    let body = ReleaseBody {
        member_count: u16::try_from(members.len()).map_err(|_| DraftError::Size)?.into(),
        chunk_log2,
        commit: match plan.update.commit.value {
            Commit::Each => 1,
            Commit::Together => 2,
        },
        members_size: members_size.into(),
        expires: plan.release.expires.as_ref().map_or(0, |date| date.days()).into(),
        reserved: [0; 84],
    };
    Draft::new(Contents {
        device: Device { vendor_id: plan.product.vendor_id, class_id: plan.product.class_id },
        front_size: MIN_FRONT,
        body,
        records: &[],
        payload: [directory, digests.as_bytes().to_vec()].concat(),
        auxiliary: Vec::new(),
    })
}
