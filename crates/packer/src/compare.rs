//! What was read back of a slot against what was to be written: where it differs, and how.

use std::borrow::Cow;

use geometry::Sector;
use image_format::{Code, Digest, Header, ImageBody, Memory, sha256};
use manifest::plan::{Placement, Plan};

use crate::carried::{self, CarriedError};
use crate::crypto::HostCrypto;
use crate::firmware::Segment;
use crate::placed::{Piece, pieces};

/// A read-back against an image.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Every sector that the image has bytes in, by ascending address.
    pub sectors: Vec<Compared>,
    /// The image that the slot holds instead, by its own header.
    pub holds: Option<Holds>,
}

/// A sector, as far as the image reaches into it.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The region's name.
    pub region: String,
    /// The sector.
    pub sector: Sector,
    /// Bytes of the image in it.
    pub bytes: u32,
    /// How many of them differ, or were not read.
    pub differing: u32,
    /// Address of the first one that does.
    pub first: Option<u32>,
    /// How.
    pub how: How,
}

/// How a sector differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Not at all.
    Same,
    /// The read-back does not have all of it.
    NotRead,
    /// It is erased: never programmed, or erased again.
    Erased,
    /// All bytes that differ are erased: programming stopped, or skipped some.
    PartlyProgrammed,
    /// It is as in the image that was there before: neither erased nor programmed.
    Old,
    /// The image's bytes are found so many bytes further on.
    Moved(i64),
    /// Bits that read one where the image has zeros, and the reverse.
    Bits {
        /// Bits that were wrongly one at least once.
        ones: u8,
        /// Bits that were wrongly zero at least once.
        zeros: u8,
    },
}

/// What a slot holds by its own header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holds {
    /// SHA-256 of the header.
    pub id: Digest,
    /// Its version, as text.
    pub version: String,
    /// Its security counter.
    pub counter: u32,
    /// Whether its payload is whole.
    pub is_whole: bool,
}

impl Comparison {
    /// Whether all of the image was read back as it is.
    pub fn is_same(&self) -> bool {
        self.sectors.iter().all(|sector| sector.how == How::Same)
    }
}

/// A read-back: Intel HEX or DfuSe, which have addresses, or the bytes from `base` on.
///
/// # Errors
/// A file with addresses that is damaged.
pub fn read_back<'a>(plan: &Plan, file: &'a [u8], base: u32) -> Result<Vec<Segment<'a>>, CarriedError> {
    let part = &plan.device.part;
    let bin = || Segment { name: String::new(), address: part.canonical(base), bytes: Cow::Borrowed(file) };
    carried::on_part(part, file).unwrap_or_else(|| Ok(vec![bin()]))
}

/// Compares what was read back with an image's file in one of its slots. `old` is the file of the image that was there
/// before, if it is at hand.
pub fn compare(
    plan: &Plan,
    placement: &Placement,
    image: &[u8],
    old: Option<&[u8]>,
    read: &[Segment<'_>],
) -> Comparison {
    let wanted = pieces(placement, image);
    let before = old.map(|old| pieces(placement, old)).unwrap_or_default();
    let mut moved = Moves::default();
    let mut sectors = Vec::new();
    let slot = plan.slot(&placement.slot.value);
    for sector in slot.iter().flat_map(|slot| &slot.extent.sectors) {
        let parts: Vec<(u32, &[u8])> = wanted.iter().filter_map(|piece| cut(piece, sector)).collect();
        let Some(region) = slot.map(|slot| &slot.extent.region).filter(|_| !parts.is_empty()) else { continue };
        let erased = region.erased.as_ref().map(|erased| erased.value);
        let bytes = parts.iter().map(|(_, bytes)| bytes.len() as u32).sum();
        let mut seen = Seen::default();
        for (address, bytes) in &parts {
            seen.add(*address, bytes, read, &before, erased);
        }
        let how = seen.how(|| moved.find(&parts, read));
        sectors.push(Compared {
            region: region.name.clone(),
            sector: *sector,
            bytes,
            differing: seen.differing,
            first: seen.first,
            how,
        });
    }
    let holds = holds(placement, read).filter(|holds| Some(holds.id) != id(image));
    Comparison { sectors, holds }
}

/// The bytes of a piece that lie in a sector.
pub(crate) fn cut<'a>(Piece { address: start, bytes }: &'a Piece<'a>, sector: &Sector) -> Option<(u32, &'a [u8])> {
    let first = sector.address.max(*start);
    let from = (first - start) as usize;
    let to = (u64::from(sector.range().end).saturating_sub((*start).into()) as usize).min(bytes.len());
    let part = bytes.get(from..to).filter(|part| !part.is_empty())?;
    Some((first, part))
}

/// The byte at an address, if these have it.
fn byte_at(pieces: &[Piece<'_>], at: u32) -> Option<u8> {
    pieces.iter().find_map(|piece| piece.bytes.get(usize::try_from(at.checked_sub(piece.address)?).ok()?).copied())
}

/// The bytes from an address on that lie in one segment of a read-back; at most `most`.
fn read_at<'a>(read: &'a [Segment<'_>], at: u32, most: usize) -> &'a [u8] {
    let found = read.iter().find(|one| one.address <= at && u64::from(at) < one.end());
    let bytes = found.and_then(|one| one.bytes.get((at - one.address) as usize..)).unwrap_or_default();
    bytes.get(..most).unwrap_or(bytes)
}

/// What is seen of a sector.
struct Seen {
    differing: u32,
    first: Option<u32>,
    not_read: bool,
    ones: u8,
    zeros: u8,
    /// Whether all bytes are erased, all that differ are, all are as before.
    all_erased: bool,
    wrong_erased: bool,
    all_old: bool,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            differing: 0,
            first: None,
            not_read: false,
            ones: 0,
            zeros: 0,
            all_erased: true,
            wrong_erased: true,
            all_old: true,
        }
    }
}

impl Seen {
    fn add(&mut self, start: u32, wanted: &[u8], read: &[Segment<'_>], before: &[Piece<'_>], erased: Option<u8>) {
        let mut at = start;
        let mut wanted = wanted;
        while !wanted.is_empty() {
            let found = read_at(read, at, wanted.len());
            if found.is_empty() {
                // To the next byte that was read, in one step: a read-back may be short by megabytes.
                let next = read.iter().map(|one| one.address).filter(|next| *next > at).min().unwrap_or(u32::MAX);
                let missing = wanted.len().min((next - at) as usize);
                self.not_read = true;
                self.differing += missing as u32;
                self.first.get_or_insert(at);
                at += missing as u32;
                wanted = &wanted[missing..];
                continue;
            }
            for (address, (wanted, found)) in (at..).zip(wanted.iter().zip(found)) {
                self.byte(address, *wanted, *found, erased, before);
            }
            at += found.len() as u32;
            wanted = &wanted[found.len()..];
        }
    }

    fn byte(&mut self, at: u32, wanted: u8, found: u8, erased: Option<u8>, before: &[Piece<'_>]) {
        self.all_erased &= Some(found) == erased;
        // Behind the old image, what was there is erased.
        self.all_old &= !before.is_empty() && Some(found) == byte_at(before, at).or(erased);
        if wanted != found {
            self.differing += 1;
            self.first.get_or_insert(at);
            self.ones |= found & !wanted;
            self.zeros |= wanted & !found;
            self.wrong_erased &= Some(found) == erased;
        }
    }

    fn how(&self, moved: impl FnOnce() -> Option<i64>) -> How {
        if self.differing == 0 {
            How::Same
        } else if self.not_read {
            How::NotRead
        } else if self.all_erased {
            How::Erased
        } else if self.all_old {
            How::Old
        } else if self.wrong_erased {
            How::PartlyProgrammed
        } else if let Some(by) = moved() {
            How::Moved(by)
        } else {
            How::Bits { ones: self.ones, zeros: self.zeros }
        }
    }
}

/// Distances at which the image was found.
#[derive(Default)]
struct Moves {
    known: Vec<i64>,
    searches: u32,
}

/// Bytes that are looked for elsewhere. Code repeats shorter ones.
const ANCHOR: usize = 32;
/// A search reads all that was read back; where this many found nothing, one more will not.
const SEARCHES: u32 = 8;

impl Moves {
    /// How far away the bytes of a sector are found.
    fn find(&mut self, parts: &[(u32, &[u8])], read: &[Segment<'_>]) -> Option<i64> {
        let (start, bytes) = parts.iter().max_by_key(|(_, bytes)| bytes.len())?;
        // Something that is not all one byte: that would be found everywhere.
        let offset = bytes.windows(ANCHOR).position(|window| window.iter().any(|byte| *byte != window[0]))?;
        let anchor = bytes.get(offset..offset + ANCHOR)?;
        let at = i64::from(*start) + offset as i64;
        let is_there = |by: &i64| most_is_at(parts, read, *by);
        if let Some(known) = self.known.iter().copied().find(is_there) {
            return Some(known);
        }
        self.searches += 1;
        if self.searches > SEARCHES {
            return None;
        }
        let places = read.iter().filter_map(|one| {
            let offset = one.bytes.windows(ANCHOR).position(|window| window == anchor)?;
            Some(i64::from(one.address) + offset as i64 - at)
        });
        let by = places.filter(|by| *by != 0 && is_there(by)).min_by_key(|by| by.abs())?;
        self.known.push(by);
        Some(by)
    }
}

/// Whether at least nine tenths of these bytes are found so many bytes further on: the rest may have been cut off.
fn most_is_at(parts: &[(u32, &[u8])], read: &[Segment<'_>], by: i64) -> bool {
    let (mut all, mut same) = (0, 0);
    for (start, bytes) in parts {
        all += bytes.len();
        let at = u32::try_from(i64::from(*start) + by);
        let found = at.map_or(&[][..], |at| read_at(read, at, bytes.len()));
        same += bytes.iter().zip(found).filter(|(wanted, found)| wanted == found).count();
    }
    same * 10 >= all * 9
}

fn id(file: &[u8]) -> Option<Digest> {
    let header = Header::<ImageBody>::read(&mut Memory::file(file)).ok()?;
    Some(header.unauthenticated().id(&mut HostCrypto))
}

/// The image in the slot that was read back, if its header can be read.
fn holds(placement: &Placement, read: &[Segment<'_>]) -> Option<Holds> {
    let front = read_at(read, placement.front_address, usize::MAX);
    let header = Header::<ImageBody>::read(&mut Memory::file(front)).ok()?;
    let header = header.unauthenticated();
    let size = header.envelope.payload_size.get() as usize;
    let payload = read_at(read, placement.payload_address, size);
    let is_whole = payload.len() == size && sha256(&mut HostCrypto, payload) == header.envelope.payload_digest;
    let version = &header.body.version;
    Some(Holds {
        id: header.id(&mut HostCrypto),
        version: format!("{}.{}.{}", version.major, version.minor, version.patch),
        counter: header.body.security_counter.get(),
        is_whole,
    })
}

/// Whether a file is a sealed image, as far as its header's form tells.
///
/// # Errors
/// Why it is none.
pub fn is_image(file: &[u8]) -> Result<(), Code> {
    Header::<ImageBody>::read(&mut Memory::file(file)).map(|_| ()).map_err(|error| error.code)
}
