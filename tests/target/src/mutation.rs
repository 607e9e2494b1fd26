//! Mutated vectors, made from a seed and a number alone: the same on the host and on a Cortex-M7, which has no files.
//!
//! Most of them are signed by a stand-in that costs a hash instead of two million instructions, so that many come as far as
//! the deep rules. One of `REAL` has real signatures, keys and points at the edges of their ranges included.

use core::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use image_format::{
    Check, Crypto, Digest, Envelope, FRONT_HEAD_SIZE, HEADER_SIZE, MAX_KEYS, Memory, Policy, SIGNATURE_PLACES,
    Sha256 as _, SignaturePlace, SoftwareCrypto, Trust, key_id, sha256, whole,
};
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::{CASES, Case, SCRATCH, Verdict};

/// One of this many mutations has Ed25519 signatures.
const REAL: u64 = 16;
/// Room for a mutated file in bytes: the largest vector, and what is appended to it.
const ROOM: usize = 10 * 1024;
/// Size of header and signature places.
const HEAD: usize = FRONT_HEAD_SIZE as usize;
/// Size of the header.
const HEADER: usize = HEADER_SIZE as usize;
/// The keys of a mutated trust set: one more than there may be.
const KEYS: usize = MAX_KEYS + 1;

/// What numbers in fields are set to, beside neighbours of what was there.
const EXTREMES: [u32; 12] =
    [0, 1, 2, 3, 0xFF, 0x100, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, u32::MAX - 1, u32::MAX];

/// What keys, points and scalars are set to: the edges of RFC 8032's ranges, little-endian. First byte, the 30 between, last byte.
const EDGES: [(u8, u8, u8); 8] = [
    // The two points of order 4.
    (0x00, 0x00, 0x00),
    (0x00, 0x00, 0x80),
    // The neutral point, and the same with a sign bit, which 0 may not have.
    (0x01, 0x00, 0x00),
    (0x01, 0x00, 0x80),
    // p - 1 with p = 2^255 - 19, the point of order 2; p and p + 1, the encodings of 0 and 1 that are not canonical.
    (0xEC, 0xFF, 0x7F),
    (0xED, 0xFF, 0x7F),
    (0xEE, 0xFF, 0x7F),
    // The largest number.
    (0xFF, 0xFF, 0xFF),
];

/// The order of Ed25519's group, little-endian: the first scalar that is out of range (RFC 8032, section 5.1).
const ORDER: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Numbers without a pattern: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    fn below(&mut self, end: usize) -> usize {
        (((self.next() >> 32) * end as u64) >> 32) as usize
    }

    /// True once in `chances` times.
    fn once_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// A signature that costs a hash: SHA-256 over key and message, twice.
fn stand_in(key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let mut hash = SoftwareCrypto.sha256();
    hash.update(key);
    hash.update(message);
    let digest = hash.finish();
    core::array::from_fn(|index| digest[index % digest.len()])
}

/// Real hashes, and signatures as the mutation has them.
struct Mixed {
    real: bool,
}

impl Crypto for Mixed {
    type Sha256 = <SoftwareCrypto as Crypto>::Sha256;

    fn sha256(&mut self) -> Self::Sha256 {
        SoftwareCrypto.sha256()
    }

    fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        if self.real {
            SoftwareCrypto.verify_ed25519(key, message, signature)
        } else {
            *signature == stand_in(key, message)
        }
    }
}

/// Makes and judges mutations, in the same memory each time.
pub struct Mutator {
    seed: u64,
    signer: SigningKey,
    bytes: [u8; ROOM],
    size: usize,
    keys: [[u8; 32]; KEYS],
    key_count: usize,
}

impl Mutator {
    /// A mutator with all mutations of one seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // The key that the vectors are signed with.
        let signer = SigningKey::from_bytes(&[1; 32]);
        Self { seed, signer, bytes: [0; ROOM], size: 0, keys: [[0; 32]; KEYS], key_count: 0 }
    }

    /// What the mutation of this number comes to.
    pub fn judge(&mut self, number: u64) -> Verdict {
        let random = &mut Random(self.seed ^ number.wrapping_mul(0xD134_2543_DE82_EF95));
        random.next();
        let real = number.is_multiple_of(REAL);
        let case = &CASES[random.below(CASES.len())];
        self.start_with(case);
        for _ in 0..random.below(4) {
            self.edit(random);
        }
        if !random.once_in(8) {
            self.renew(random);
        }
        if !random.once_in(8) {
            self.sign(real, random);
        }
        if random.once_in(6) {
            self.edit(random);
        }
        self.verdict(case, real, random)
    }

    fn start_with(&mut self, case: &Case) {
        self.size = case.image.len().min(ROOM);
        self.bytes[..self.size].copy_from_slice(&case.image[..self.size]);
        self.key_count = case.keys.len().min(KEYS);
        self.keys[..self.key_count].copy_from_slice(&case.keys[..self.key_count]);
    }

    /// An offset in the file, more often where something is said.
    fn offset(&self, random: &mut Random) -> usize {
        let within = match random.below(8) {
            0..=2 => random.below(HEADER),
            3 => HEADER + random.below(HEAD - HEADER),
            4 => HEAD + random.below(64),
            5 => self.front_size() + random.below(192),
            _ => random.below(self.size),
        };
        within.min(self.size.saturating_sub(1))
    }

    fn edit(&mut self, random: &mut Random) {
        let offset = self.offset(random);
        match random.below(10) {
            0..=2 => self.with_byte(offset, |byte| byte ^ 1 << (random.below(8) as u8)),
            3 => self.with_byte(offset, |_| random.of(&[0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF])),
            4..=6 => self.set_number(offset, random),
            7 => self.size = if random.once_in(2) { self.size.saturating_sub(1 + random.below(8)) } else { offset },
            8 => {
                let end = (self.size + 1 + random.below(64)).min(ROOM);
                self.bytes[self.size..end].fill(random.of(&[0x00, 0xFF, 0x5A]));
                self.size = end;
            }
            _ => {
                let other = CASES[random.below(CASES.len())].image;
                let from = if random.once_in(4) { random.below(other.len()) } else { offset };
                let spliced = other.get(from..).unwrap_or_default();
                let room = &mut self.bytes[offset..self.size];
                let length = random.below(256).min(spliced.len()).min(room.len());
                room[..length].copy_from_slice(&spliced[..length]);
            }
        }
    }

    fn with_byte(&mut self, offset: usize, change: impl FnOnce(u8) -> u8) {
        if let Some(byte) = self.bytes[..self.size].get_mut(offset) {
            *byte = change(*byte);
        }
    }

    /// A field of two or four bytes at an extreme, or beside what it was, or beside the file's size.
    fn set_number(&mut self, offset: usize, random: &mut Random) {
        let width = random.of(&[2, 4, 4]);
        let file = self.size as u32;
        let Some(field) =
            self.bytes[..self.size].get_mut(offset & !(width - 1)..).and_then(|rest| rest.get_mut(..width))
        else {
            return;
        };
        let mut old = [0; 4];
        old[..width].copy_from_slice(field);
        let near = random.of(&[u32::MAX, 0, 1, 4]);
        let new = match random.below(4) {
            0 | 1 => random.of(&EXTREMES),
            2 => u32::from_le_bytes(old).wrapping_add(near),
            _ => file.wrapping_add(near),
        };
        field.copy_from_slice(&new.to_le_bytes()[..width]);
    }

    fn envelope(&self) -> Option<&Envelope> {
        Envelope::ref_from_prefix(&self.bytes[..self.size]).ok().map(|(envelope, _)| envelope)
    }

    fn front_size(&self) -> usize {
        self.envelope().map_or(HEAD, |envelope| envelope.front_size.get() as usize).clamp(HEAD, ROOM)
    }

    /// Makes digests right again, as whoever has a key would.
    fn renew(&mut self, random: &mut Random) {
        let front = self.front_size();
        let Some(envelope) = self.envelope() else { return };
        let end = |start: usize, size: u32| start.saturating_add(size as usize);
        let payload = end(front, envelope.payload_size.get());
        let auxiliary = end(payload, envelope.auxiliary_size.get());
        let digest = |area: core::ops::Range<usize>| -> Option<Digest> {
            Some(sha256(&mut SoftwareCrypto, self.bytes[..self.size].get(area)?))
        };
        let digests = [digest(HEAD..front), digest(front..payload), digest(payload..auxiliary)];
        let Ok((envelope, _)) = Envelope::mut_from_prefix(&mut self.bytes[..self.size]) else { return };
        let fields = [&mut envelope.records_digest, &mut envelope.payload_digest, &mut envelope.auxiliary_digest];
        for (field, digest) in fields.into_iter().zip(digests) {
            if let (Some(digest), false) = (digest, random.once_in(16)) {
                *field = digest;
            }
        }
    }

    /// Signs with some of the trusted keys, in order. Real signatures are made by one key.
    fn sign(&mut self, real: bool, random: &mut Random) {
        let mut places = [SignaturePlace::UNUSED; SIGNATURE_PLACES];
        let Some(header) = self.bytes[..self.size].get(..HEADER) else { return };
        if real {
            let mut key = self.signer.verifying_key().to_bytes();
            let mut signature = self.signer.sign(header).to_bytes();
            let (point, scalar) = signature.split_at_mut(32);
            match random.below(8) {
                0 => key = edge(random),
                1 => point.copy_from_slice(&edge(random)),
                2 => scalar.copy_from_slice(&edge(random)),
                3 => add_order(scalar),
                4 => (key, _) = (edge(random), point.copy_from_slice(&edge(random))),
                _ => {}
            }
            places[0] = SignaturePlace { key_id: key_id(&key, &mut SoftwareCrypto), signature };
            if random.once_in(2) {
                (self.keys[0], self.key_count) = (key, 1);
            }
        } else {
            let keys = self.keys[..self.key_count].iter().take(1 + random.below(SIGNATURE_PLACES));
            for (place, key) in places.iter_mut().zip(keys) {
                *place = SignaturePlace { key_id: key_id(key, &mut SoftwareCrypto), signature: stand_in(key, header) };
            }
            let used = self.key_count.min(SIGNATURE_PLACES);
            places[..used].sort_unstable_by_key(|place| (*place == SignaturePlace::UNUSED, place.key_id));
        }
        if let Some(area) = self.bytes[..self.size].get_mut(HEADER..HEAD) {
            area.copy_from_slice(places.as_bytes());
        }
    }

    /// Judges the file, now and then by another policy or from another source than the vector's.
    fn verdict(&self, case: &Case, real: bool, random: &mut Random) -> Verdict {
        let bytes = &self.bytes[..self.size];
        let slot = if random.once_in(8) { Some(self.size as u32 + random.of(&EXTREMES[..4])) } else { case.slot };
        let memory = slot.map_or(Memory::file(bytes), |room| Memory::slot(bytes, room));
        let fault = if random.once_in(16) { Some(self.offset(random) as u32) } else { case.fault };
        let mut source = fault.map_or(memory, |offset| memory.unreadable_at(offset));
        let threshold = if random.once_in(16) { random.below(6) as u8 } else { case.threshold };
        let mut crypto = Mixed { real };
        let mut scratch = [0; SCRATCH];
        let judged = Trust::new(&self.keys[..self.key_count], threshold, &mut crypto).and_then(|trust| {
            let policy = Policy {
                trust,
                device: or_waived(case.device, random),
                revision: or_waived(case.revision, random),
                place: or_waived(case.place, random),
                counter: or_waived(case.counter, random),
            };
            whole::judge(case.kind, &mut source, &policy, &mut scratch, &mut crypto)
        });
        judged.map_or_else(|error| (error.code.number(), error.offset), |()| (0, 0))
    }
}

fn or_waived<T>(check: Check<T>, random: &mut Random) -> Check<T> {
    if random.once_in(8) { Check::Waived } else { check }
}

fn edge(random: &mut Random) -> [u8; 32] {
    if random.once_in(8) {
        return ORDER;
    }
    let (first, middle, last) = random.of(&EDGES);
    let mut bytes = [middle; 32];
    (bytes[0], bytes[31]) = (first, last);
    bytes
}

/// The same scalar in another encoding, which a strict reader refuses.
fn add_order(scalar: &mut [u8]) {
    let mut carry = 0;
    for (byte, order) in scalar.iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
}

/// Which mutations, and of how many at a time the verdicts are told.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// What all of them are made from.
    pub seed: u64,
    /// Number of the first one.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// How many have a line together; of one the verdict is told.
    pub block: u64,
}

impl Range {
    /// A range out of a program's arguments: seed, first, count, block. `None` if they are others.
    pub fn parse<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut number = || arguments.next()?.parse().ok();
        let range = Self { seed: number()?, first: number()?, count: number()?, block: number()? };
        (range.block > 0 && arguments.next().is_none()).then_some(range)
    }

    /// Judges the range and tells a line for each block: the number of its first mutation, and its verdict or the digest of all.
    pub fn judge(self, mut line: impl FnMut(fmt::Arguments<'_>)) {
        let mut mutator = Mutator::new(self.seed);
        let end = self.first.saturating_add(self.count);
        let mut first = self.first;
        while first < end {
            let next = first.saturating_add(self.block).min(end);
            let mut hash = SoftwareCrypto.sha256();
            let mut last = (0, 0);
            for number in first..next {
                last = mutator.judge(number);
                hash.update(&last.0.to_le_bytes());
                hash.update(&last.1.to_le_bytes());
            }
            if self.block == 1 {
                line(format_args!("{first} {} {}", last.0, last.1));
            } else {
                let [a, b, c, d, e, f, g, h, ..] = hash.finish();
                line(format_args!("{first} {:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h])));
            }
            first = next;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use image_format::Code;

    use super::Mutator;

    /// Mutations that are all refused at the first rule would prove nothing.
    #[test]
    fn mutations_reach_every_code_and_acceptance() {
        let mut mutator = Mutator::new(1);
        let verdicts = (0..30_000).map(|number| mutator.judge(number).0).collect::<Vec<_>>();
        let missing = Code::ALL.iter().filter(|code| !verdicts.contains(&code.number()));
        let missing = missing.map(|code| code.name()).collect::<Vec<_>>();
        assert!(missing.is_empty(), "no mutation gives {missing:?}");
        let accepted = verdicts.iter().filter(|code| **code == 0).count();
        assert!(accepted > 100, "{accepted} accepted");
    }

    #[test]
    fn a_mutation_depends_on_its_number_alone() {
        let mut mutator = Mutator::new(2);
        let forwards = (0..500).map(|number| mutator.judge(number)).collect::<Vec<_>>();
        let mut backwards = (0..500).rev().map(|number| mutator.judge(number)).collect::<Vec<_>>();
        backwards.reverse();
        assert_eq!(forwards, backwards);
    }
}
