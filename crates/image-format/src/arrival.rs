//! A release that is judged while it arrives, in bounded memory: header and directory first, then each chunk of each member.
//! Nothing behind the first fault is looked at, so that endless or wrong data cost no more than their first bytes.

use crate::auxiliary::Auxiliary;
use crate::header::{HEADER_SIZE, Header, SignedHeader};
use crate::policy::{Check, Device, Trust};
use crate::release::{Directory, Member, ReleaseBody};
use crate::structure::index;
use crate::{
    Code, Crypto, Digest, Error, Extent, FRONT_HEAD_SIZE, Fault, ImageBody, ReadAt, Sha256 as _, Structure as _,
    verify_sealed,
};

/// A release of a known size that arrives. The answer is the one of [`crate::whole::judge`] for the same bytes, but for a
/// release that ends early: its first fault may come before the end, and is then told instead.
#[derive(Debug)]
pub struct Arrival<'a, C: Crypto> {
    trust: Trust<'a>,
    device: Check<Device>,
    size: u32,
    received: u32,
    judged: u32,
    artefact: &'a mut [u8],
    head: [u8; index(HEADER_SIZE)],
    step: Step<C::Sha256>,
}

/// What arrives now.
#[derive(Debug)]
enum Step<H> {
    /// Header and signature places of the release.
    Front,
    /// The rest of the release, up to its members.
    Directory(SignedHeader<ReleaseBody>),
    /// A member's header.
    MemberHead(SignedHeader<ReleaseBody>, Current),
    /// The rest of a member's front area. The directory does not cover its signatures: whoever uses the member judges it.
    MemberFront(SignedHeader<ReleaseBody>, Current),
    /// A chunk of a member's payload, and its hash so far.
    Chunk(SignedHeader<ReleaseBody>, Current, u32, H),
    /// A member's auxiliary area.
    Auxiliary(SignedHeader<ReleaseBody>, Current),
    /// All of it has arrived.
    Complete,
    /// It is refused.
    Refused(Error),
}

/// The member that arrives, by offsets in the file.
#[derive(Clone, Copy, Debug)]
struct Current {
    number: u32,
    member: Member,
    start: u32,
    payload: u32,
}

impl Current {
    fn end(&self) -> u32 {
        self.start.saturating_add(self.member.size.get())
    }

    fn payload_end(&self) -> u32 {
        self.payload.saturating_add(self.member.payload_size.get())
    }

    /// Where a chunk ends.
    fn chunk_end(&self, chunk: u32, log2: u8) -> u32 {
        let size = 1u32.checked_shl(log2.into()).unwrap_or(u32::MAX);
        self.payload.saturating_add(chunk.saturating_add(1).saturating_mul(size)).min(self.payload_end())
    }
}

impl<'a, C: Crypto> Arrival<'a, C> {
    /// A release of `size` bytes, whose directory `scratch` has room for: 1024 bytes, 48 for each member, 32 for each chunk. One
    /// that has more is refused with [`Code::ReadFault`].
    #[must_use]
    pub fn new(size: u32, trust: Trust<'a>, device: Check<Device>, scratch: &'a mut [u8]) -> Self {
        Self {
            trust,
            device,
            size,
            received: 0,
            judged: 0,
            artefact: scratch,
            head: [0; index(HEADER_SIZE)],
            step: Step::Front,
        }
    }

    /// Takes in the next bytes.
    ///
    /// # Errors
    /// The code of the first rule that is broken, with its offset; from then on always this one.
    pub fn push(&mut self, mut bytes: &[u8], crypto: &mut C) -> Result<(), Error> {
        while !bytes.is_empty() {
            if let Step::Refused(error) = self.step {
                return Err(error);
            }
            let goal = self.goal();
            let wanted = index(goal.saturating_sub(self.received)).min(bytes.len());
            let Some((piece, rest)) = bytes.split_at_checked(wanted) else { break };
            if piece.is_empty() {
                return self.refuse(Code::TrailingBytes.at(self.size));
            }
            if let Err(error) = self.take(piece) {
                return self.refuse(error);
            }
            self.received = self.received.saturating_add(u32::try_from(piece.len()).unwrap_or(u32::MAX));
            bytes = rest;
            // What is empty ends where it starts.
            while self.received == self.goal() && !matches!(self.step, Step::Complete) {
                if let Err(error) = self.advance(crypto) {
                    return self.refuse(error);
                }
            }
        }
        Ok(())
    }

    /// How far the directory's promises were kept: header and directory are authentic, and each payload byte below this offset
    /// is in a chunk with the right digest.
    #[must_use]
    pub fn judged(&self) -> u32 {
        self.judged
    }

    /// The verdict, once nothing more comes.
    ///
    /// # Errors
    /// That of [`Arrival::push`]; [`Code::Truncated`] if something is missing.
    pub fn finish(mut self, crypto: &mut C) -> Result<(), Error> {
        if self.received < self.size && !matches!(self.step, Step::Refused(_)) {
            return Err(Code::Truncated.at(self.received));
        }
        if matches!(self.step, Step::Front) {
            self.advance(crypto)?;
        }
        match self.step {
            Step::Complete => Ok(()),
            Step::Refused(error) => Err(error),
            _ => Err(Code::Truncated.at(self.received)),
        }
    }

    fn refuse(&mut self, error: Error) -> Result<(), Error> {
        self.step = Step::Refused(error);
        Err(error)
    }

    /// Where in the file the step ends.
    fn goal(&self) -> u32 {
        match &self.step {
            Step::Front => FRONT_HEAD_SIZE.min(self.size),
            Step::Directory(header) => header.artefact_size(),
            Step::MemberHead(_, current) => current.start.saturating_add(current.member.size.get().min(HEADER_SIZE)),
            Step::MemberFront(_, current) => current.payload,
            Step::Chunk(header, current, chunk, _) => current.chunk_end(*chunk, header.body.chunk_log2),
            Step::Auxiliary(_, current) => current.end(),
            Step::Complete | Step::Refused(_) => self.received,
        }
    }

    /// Keeps or hashes bytes of the step.
    fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        let (buffer, start): (&mut [u8], u32) = match &mut self.step {
            Step::Front | Step::Directory(_) => (self.artefact, 0),
            Step::MemberHead(_, current) => (&mut self.head, current.start),
            Step::Chunk(_, _, _, hash) => {
                hash.update(piece);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let at = index(self.received.saturating_sub(start));
        let room = buffer.get_mut(at..).and_then(|rest| rest.get_mut(..piece.len()));
        room.ok_or(Code::ReadFault.at(self.received))?.copy_from_slice(piece);
        Ok(())
    }

    /// Judges what has arrived of the step, and goes on to the next.
    fn advance(&mut self, crypto: &mut C) -> Result<(), Error> {
        let done = core::mem::replace(&mut self.step, Step::Complete);
        self.step = match done {
            Step::Front => {
                let mut source = Arrived { bytes: self.artefact, received: self.received, size: self.size };
                let authentic =
                    Header::<ReleaseBody>::read(&mut source)?.authenticate(&mut source, &self.trust, crypto)?;
                authentic.is_for(Extent::File(self.size), self.device)?;
                let header = *authentic.header();
                if index(header.artefact_size()) > self.artefact.len() {
                    return Err(Code::ReadFault.at(header.payload_start()));
                }
                Step::Directory(header)
            }
            Step::Directory(_) => {
                let mut source = Arrived { bytes: self.artefact, received: self.received, size: self.size };
                let verified = verify_sealed::<ReleaseBody>(&mut source, &self.trust, self.device, crypto)?;
                verified.auxiliary(&mut source, crypto)?;
                let header = *verified.header();
                let (payload, auxiliary) = self.areas(&header);
                Auxiliary::parse(auxiliary, header.envelope.payload_size.get(), header.auxiliary_start())?;
                Directory::parse(&header, payload)?;
                self.judged = self.received;
                self.member(header, 0)?
            }
            Step::MemberHead(header, current) => {
                let received = current.member.size.get().min(HEADER_SIZE);
                let mut source = Arrived { bytes: &self.head, received, size: current.member.size.get() };
                let in_file = |error: Error| Error { offset: error.offset.saturating_add(current.start), ..error };
                let image = Header::<ImageBody>::read(&mut source).map_err(in_file)?;
                let (payload, _) = self.areas(&header);
                let directory = Directory::parse(&header, payload)?;
                directory.judge_member(&current.member, &image, crypto).map_err(in_file)?;
                let payload = current.start.saturating_add(image.unauthenticated().payload_start());
                Step::MemberFront(header, Current { payload, ..current })
            }
            Step::MemberFront(header, current) => Step::Chunk(header, current, 0, crypto.sha256()),
            Step::Chunk(header, current, chunk, hash) => {
                let start = match chunk.checked_sub(1) {
                    Some(before) => current.chunk_end(before, header.body.chunk_log2),
                    None => current.payload,
                };
                if self.digest(&header, &current, chunk) != Some(&hash.finish()) {
                    return Err(Code::ChunkDigest.at(start));
                }
                self.judged = self.received;
                if self.received < current.payload_end() {
                    Step::Chunk(header, current, chunk.saturating_add(1), crypto.sha256())
                } else {
                    Step::Auxiliary(header, current)
                }
            }
            Step::Auxiliary(header, current) => self.member(header, current.number.saturating_add(1))?,
            other => other,
        };
        Ok(())
    }

    /// The step of a member's header; behind the last one all is complete.
    fn member(&self, header: SignedHeader<ReleaseBody>, number: u32) -> Result<Step<C::Sha256>, Error> {
        let (payload, _) = self.areas(&header);
        let directory = Directory::parse(&header, payload)?;
        let found = directory.members().nth(index(number));
        Ok(match found {
            Some((start, member)) => {
                Step::MemberHead(header, Current { number, member: *member, start, payload: start })
            }
            None => Step::Complete,
        })
    }

    /// Payload and auxiliary area of the release.
    fn areas(&self, header: &SignedHeader<ReleaseBody>) -> (&[u8], &[u8]) {
        let (start, end) = (index(header.payload_start()), index(header.auxiliary_start()));
        let area = |from: usize, to: usize| self.artefact.get(from..to).unwrap_or_default();
        (area(start, end), area(end, index(header.artefact_size())))
    }

    /// The directory's digest for a member's chunk.
    fn digest(&self, header: &SignedHeader<ReleaseBody>, current: &Current, chunk: u32) -> Option<&Digest> {
        let members = u32::from(header.body.member_count.get()).checked_mul(Member::SIZE)?;
        let number = current.member.first_chunk.get().checked_add(chunk)?;
        let start = members.checked_add(number.checked_mul(u32::try_from(size_of::<Digest>()).ok()?)?)?;
        self.areas(header).0.get(index(start)..)?.first_chunk()
    }
}

/// What has arrived of a file.
struct Arrived<'a> {
    bytes: &'a [u8],
    received: u32,
    size: u32,
}

impl ReadAt for Arrived<'_> {
    fn extent(&self) -> Extent {
        Extent::File(self.size)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let there = self.bytes.get(..index(self.received)).ok_or(Fault)?;
        let bytes = there.get(index(offset)..).and_then(|rest| rest.get(..buffer.len())).ok_or(Fault)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}
