//! The release: one file with a signed directory and the images that go together.

use image_format::release::{LEAD, Member, ReleaseBody};
use image_format::{Digest, MIN_FRONT};
use manifest::plan::{Commit, Plan};
use zerocopy::IntoBytes as _;

use crate::Draft;
use crate::artefact::{Contents, DraftError};
use crate::built::Artefact;

/// The members in the order of the file, by their place among the images: that of installing, and of an image with several builds by
/// slot.
pub fn members(plan: &Plan, images: &[Artefact<'_>]) -> Vec<usize> {
    let place = |artefact: &Artefact<'_>| plan.release.members.iter().position(|name| *name == artefact.image);
    let mut members: Vec<usize> = (0..images.len()).collect();
    members.sort_by_key(|index| (place(&images[*index]), &images[*index].slot));
    members
}

/// The name of the release's file.
pub fn file_name(plan: &Plan) -> String {
    // An image without a version is not built.
    format!("{}.release", plan.release_label().unwrap_or_default())
}

/// The directory before its signatures. The members follow it in the file, in this order; each comes with the digests of its payload's
/// chunks of this size.
///
/// # Errors
/// [`DraftError::Size`].
pub fn draft(
    plan: &Plan,
    members: &[(&Artefact<'_>, &[Digest])],
    chunk_log2: u8,
) -> Result<Draft<ReleaseBody>, DraftError> {
    let mut directory = Vec::new();
    let mut digests = Vec::new();
    let mut members_size = 0u32;
    for (artefact, chunks) in members {
        let size = u32::try_from(artefact.size()).map_err(|_| DraftError::Size)?;
        members_size = members_size.checked_add(size).ok_or(DraftError::Size)?;
        let member = Member {
            image_id: artefact.id,
            size: size.into(),
            payload_size: artefact.payload_size.into(),
            first_chunk: u32::try_from(digests.len()).map_err(|_| DraftError::Size)?.into(),
            flags: if plan.release.lead == artefact.image { LEAD } else { 0 }.into(),
        };
        directory.extend_from_slice(member.as_bytes());
        digests.extend_from_slice(chunks);
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
        device: plan.product.device(),
        front_size: MIN_FRONT,
        body,
        records: &[],
        payload: [directory, digests.as_bytes().to_vec()].concat(),
        auxiliary: Vec::new(),
    })
}
