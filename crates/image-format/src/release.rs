//! The release: images that go together, in one file that can be judged while it arrives.
//!
//! What is sealed is a directory: who the members are, by image id, and the digests of their payloads' chunks. The members
//! follow the artefact in the same file, outside of it, so that all their signatures and the release's can be made in one
//! round: a member's id covers everything of it but its signatures.

use zerocopy::FromBytes as _;
use zerocopy::little_endian::{U16, U32};

use crate::chunk::{Chunks, chunk_count};
use crate::header::{Body, Envelope, Header, Kind, SignedHeader};
use crate::{Code, Crypto, Digest, Error, ImageBody};

structure! {
    /// The second part of a release's header.
    struct ReleaseBody: 96 bytes {
        /// Number of members, 1 at least.
        0 => member_count: U16,
        /// Size of a chunk as a power of two: 12 (4 KiB) to 20 (1 MiB).
        2 => chunk_log2: u8,
        /// 1: each member becomes current by itself; 2: all of them or none.
        3 => commit: u8,
        /// Size in bytes of all members, which follow the artefact in its file.
        4 => members_size: U32,
        /// Days since 1970-01-01 UTC after which hosts do not install it any more; 0: never expires.
        8 => expires: U32,
        /// Zero.
        12 => reserved: [u8; 84],
    }
}

structure! {
    /// A member in a release's directory. Members follow one another in this order.
    struct Member: 48 bytes {
        /// Id of the image: SHA-256 of its header.
        0 => image_id: [u8; 32],
        /// Size of the sealed image in bytes.
        32 => size: U32,
        /// Size of its payload in bytes.
        36 => payload_size: U32,
        /// Number of the directory's digest for the payload's first chunk.
        40 => first_chunk: U32,
        /// Bit 0: a build of the lead image, whose companions the others are; with a build for each slot there are several. Other
        /// bits zero.
        44 => flags: U32,
    }
}

/// The flag of the lead image's builds.
pub const LEAD: u32 = 1;

impl Body for ReleaseBody {
    const KIND: Kind = Kind::Release;

    fn judge_form(&self, _: &Envelope) -> Result<(), Error> {
        if self.reserved != [0; 84] {
            return Err(Code::Reserved.at(offset!(SignedHeader<ReleaseBody>, body.reserved)));
        }
        Ok(())
    }

    fn following(&self) -> u32 {
        self.members_size.get()
    }
}

/// A verified release's payload.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    members: &'a [Member],
    digests: &'a [Digest],
    chunk_log2: u8,
    start: u32,
}

impl<'a> Directory<'a> {
    /// Judges the form of a verified release's payload: a lead, distinct members, sizes that add up, a digest for each chunk.
    ///
    /// # Errors
    /// [`Code::PayloadForm`].
    pub fn parse(header: &SignedHeader<ReleaseBody>, payload: &'a [u8]) -> Result<Self, Error> {
        let refused = Code::PayloadForm.at(header.payload_start());
        let body = &header.body;
        let start = header.artefact_size();
        let (members, digests) =
            <[Member]>::ref_from_prefix_with_elems(payload, body.member_count.get().into()).map_err(|_| refused)?;
        let digests = <[Digest]>::ref_from_bytes(digests).map_err(|_| refused)?;
        let directory = Directory { members, digests, chunk_log2: body.chunk_log2, start };
        let known = (12..=20).contains(&body.chunk_log2) && matches!(body.commit, 1 | 2);
        if known && directory.adds_up(body.members_size.get()) == Some(true) { Ok(directory) } else { Err(refused) }
    }

    fn adds_up(&self, members_size: u32) -> Option<bool> {
        let (mut size, mut chunks, mut leads) = (0u32, 0u32, 0u32);
        for (index, member) in self.members.iter().enumerate() {
            let again = self.members.iter().take(index).any(|earlier| earlier.image_id == member.image_id);
            let inside = member.payload_size.get() > 0 && member.payload_size.get() < member.size.get();
            if again || !inside || member.flags.get() > LEAD || member.first_chunk.get() != chunks {
                return None;
            }
            leads = leads.checked_add(member.flags.get())?;
            size = size.checked_add(member.size.get())?;
            chunks = chunks.checked_add(chunk_count(member.payload_size.get(), self.chunk_log2))?;
        }
        Some(leads > 0 && size == members_size && u32::try_from(self.digests.len()) == Ok(chunks))
    }

    /// The members, each with its offset in the file.
    pub fn members(&self) -> impl Iterator<Item = (u32, &'a Member)> + use<'a> {
        let mut next = self.start;
        self.members.iter().map(move |member| {
            let offset = next;
            // The sizes were seen to add up.
            next = next.saturating_add(member.size.get());
            (offset, member)
        })
    }

    /// Judges that an image's header is the one that the directory names.
    ///
    /// # Errors
    /// [`Code::OtherMember`].
    pub fn judge_member(
        &self,
        member: &Member,
        header: &Header<ImageBody>,
        crypto: &mut impl Crypto,
    ) -> Result<(), Error> {
        let raw = header.unauthenticated();
        let sizes = raw.envelope.payload_size == member.payload_size && raw.artefact_size() == member.size.get();
        if sizes && raw.id(crypto) == member.image_id { Ok(()) } else { Err(Code::OtherMember.at(0)) }
    }

    /// The digests of a member's chunks.
    #[must_use]
    pub fn chunks(&self, member: &Member) -> Chunks<'a> {
        let first = crate::structure::index(member.first_chunk.get());
        Chunks::new(member.payload_size.get(), self.chunk_log2, self.digests.get(first..).unwrap_or_default())
    }
}
