//! What is fuzzed: plain functions over bytes. `cargo test` runs them too, over the vectors and what comes of them (see
//! tests/fuzz.rs). Each takes any bytes, and panics where what image-format says of them does not hold together.

use image_format::auxiliary::Auxiliary;
use image_format::layout::{Group, GroupView, LayoutBody, RegionRuns, groups};
use image_format::log::{LogForm, PlaceState, Status, Strategy, choose, read_place, scan};
use image_format::otp::{OtpBlob, OtpBody};
use image_format::record::{Record, RecordWriter, Records};
use image_format::release::{Directory, ReleaseBody};
use image_format::trust::{Role, TrustSet};
use image_format::{
    Body, Check, Crypto, FRONT_HEAD_SIZE, HEADER_SIZE, Header, ImageBody, Kind, Memory, Policy, SIGNATURE_PLACES,
    SignedHeader, SoftwareCrypto, Trust, verify, whole,
};
use zerocopy::{FromBytes as _, IntoBytes as _};

/// A function that takes any bytes, and the name of its cargo-fuzz target.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const BODIES: &[Target] = &[
    ("header", header),
    ("whole", judge_whole),
    ("records", records),
    ("auxiliary", auxiliary),
    ("layout", layout),
    ("release", release),
    ("otp", otp),
    ("trust", trust),
    ("log", log),
];

/// The public half of test key 1, which the vectors are signed with.
const KEY: [u8; 32] = [
    0x8a, 0x88, 0xe3, 0xdd, 0x74, 0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb, 0x2d, 0x3c, 0xba, 0x5d, 0x72, 0xca, 0x67, 0x09,
    0xbf, 0x1d, 0x94, 0x12, 0x1b, 0xf3, 0x74, 0x88, 0x01, 0xb4, 0x0f, 0x6f, 0x5c,
];

/// Takes any signature: a fuzzer cannot sign.
struct AnySignature;

impl Crypto for AnySignature {
    type Sha256 = <SoftwareCrypto as Crypto>::Sha256;

    fn sha256(&mut self) -> Self::Sha256 {
        SoftwareCrypto.sha256()
    }

    fn verify_ed25519(&mut self, _: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        true
    }
}

/// A header of any kind: one of right form has sizes that add up, and is of one kind only.
pub fn header(bytes: &[u8]) {
    let kinds = [
        sizes_add_up::<ImageBody>(bytes),
        sizes_add_up::<LayoutBody>(bytes),
        sizes_add_up::<ReleaseBody>(bytes),
        sizes_add_up::<OtpBody>(bytes),
    ];
    assert!(kinds.iter().filter(|read| **read).count() <= 1, "one header of several kinds");
}

fn sizes_add_up<B: Body>(bytes: &[u8]) -> bool {
    let Ok(header) = Header::<B>::read(&mut Memory::file(bytes)) else { return false };
    let raw = header.unauthenticated();
    let envelope = &raw.envelope;
    let sizes = [envelope.front_size, envelope.payload_size, envelope.auxiliary_size].map(|size| u64::from(size.get()));
    assert_eq!(u64::from(raw.artefact_size()), sizes.iter().sum::<u64>());
    assert!(u32::try_from(u64::from(raw.artefact_size()) + u64::from(raw.body.following())).is_ok());
    assert!(raw.payload_start() > FRONT_HEAD_SIZE);
    true
}

/// The whole judgement, with any signature: what is accepted ends where the file ends, is of one kind, and boots.
pub fn judge_whole(bytes: &[u8]) {
    let mut scratch = vec![0; bytes.len()];
    let crypto = &mut AnySignature;
    let Ok(trust) = Trust::new(&[KEY], 1, crypto) else { panic!("a set of one key") };
    let (device, revision, place, counter) = (Check::Waived, Check::Waived, Check::Waived, Check::Waived);
    let policy = Policy { trust, device, revision, place, counter };
    let mut judge = |kind, bytes: &[u8]| whole::judge(kind, &mut Memory::file(bytes), &policy, &mut scratch, crypto);
    let mut accepted = 0;
    for kind in Kind::ALL {
        match judge(kind, bytes) {
            Ok(()) => {
                accepted += 1;
                assert!(judge(kind, &bytes[..bytes.len() - 1]).is_err(), "accepted without its last byte");
                assert!(judge(kind, &[bytes, &[0]].concat()).is_err(), "accepted with a byte too many");
            }
            Err(error) => assert!(error.offset as usize <= bytes.len().max(HEADER_SIZE as usize), "{error}"),
        }
    }
    assert!(accepted <= 1, "one file of several kinds");
    let boots = verify(&mut Memory::file(bytes), &policy, &mut AnySignature).is_ok();
    assert!(boots || judge(Kind::Image, bytes).is_err(), "accepted, and does not boot");
}

/// Records: what reads well is what the writer writes.
pub fn records(bytes: &[u8]) {
    let read: Result<Vec<Record<'_>>, _> = Records::new(bytes, 0).collect();
    match read {
        Ok(records) => {
            let mut written = vec![0; bytes.len()];
            let mut writer = RecordWriter::new(&mut written);
            records.iter().for_each(|record| assert!(writer.push(*record).is_ok(), "no room for what was read"));
            assert_eq!(written, bytes);
        }
        Err(error) => assert!(error.offset as usize <= bytes.len(), "{error}"),
    }
}

/// An auxiliary area of a payload whose size the first four bytes say.
pub fn auxiliary(bytes: &[u8]) {
    let Some((size, area)) = bytes.split_first_chunk() else { return };
    let size = u32::from_le_bytes(*size);
    match Auxiliary::parse(area, size, 0) {
        Ok(found) => {
            let Some(chunks) = found.chunks else { return };
            assert_eq!(chunks.digests().len() as u64, u64::from(size).div_ceil(chunks.size().into()));
            let number = chunks.digests().len() as u32;
            assert!(chunks.judge(number, &[], &mut SoftwareCrypto).is_err(), "a chunk behind the last");
        }
        Err(error) => assert!(error.offset as usize <= area.len(), "{error}"),
    }
}

/// Header and payload of a file of right form.
fn payload<B: Body>(bytes: &[u8]) -> Option<(&SignedHeader<B>, &[u8])> {
    let (raw, _) = SignedHeader::<B>::ref_from_prefix(bytes).ok()?;
    Header::parse(*raw).ok()?;
    let rest = bytes.get(raw.payload_start() as usize..)?;
    Some((raw, &rest[..rest.len().min(raw.envelope.payload_size.get() as usize)]))
}

/// A layout's groups, or a group alone: the bytes read are those that the same group has as its canonical ones.
pub fn layout(bytes: &[u8]) {
    if let Some((header, payload)) = payload::<LayoutBody>(bytes)
        && let Ok(found) = groups(header, payload)
    {
        assert_eq!(found.map(canonical).collect::<Vec<_>>().concat(), payload);
    }
    if let Some((group, rest)) = GroupView::parse(bytes) {
        assert_eq!(canonical(group), bytes[..bytes.len() - rest.len()]);
    }
}

fn canonical(view: GroupView<'_>) -> Vec<u8> {
    let head = view.head();
    let Some(strategy) = Strategy::from_number(head.strategy) else { panic!("an unknown strategy was read") };
    let regions: Vec<RegionRuns<'_>> = view.regions().collect();
    let group = Group {
        strategy,
        payload_offset: head.payload_offset.get(),
        capacity: head.capacity.get(),
        mode: view.mode(),
        regions: &regions,
        slots: view.slots(),
        areas: view.areas(),
    };
    let mut bytes = Vec::new();
    assert!(group.emit(|part| bytes.extend_from_slice(part)).is_ok(), "more parts than were read");
    assert_eq!(group.fingerprint(&mut SoftwareCrypto), Ok(view.fingerprint(&mut SoftwareCrypto)));
    bytes
}

/// A release's directory: members without gaps, from the artefact's end to the file's, and a digest for each chunk.
pub fn release(bytes: &[u8]) {
    let Some((header, payload)) = payload::<ReleaseBody>(bytes) else { return };
    let Ok(directory) = Directory::parse(header, payload) else { return };
    let (mut next, mut chunks) = (header.artefact_size(), 0);
    for (offset, member) in directory.members() {
        assert_eq!(offset, next);
        next += member.size.get();
        let own = directory.chunks(member);
        assert_eq!(own.digests().len() as u64, u64::from(member.payload_size.get()).div_ceil(own.size().into()));
        chunks += own.digests().len();
    }
    assert_eq!(next, header.artefact_size() + header.body.members_size.get());
    assert_eq!(payload.len(), usize::from(header.body.member_count.get()) * 48 + chunks * 32);
}

/// An OTP blob: data and mask of one size, nothing outside the mask, nothing left over.
pub fn otp(bytes: &[u8]) {
    let Some((header, payload)) = payload::<OtpBody>(bytes) else { return };
    let Ok(blob) = OtpBlob::parse(header, payload) else { return };
    assert_eq!([blob.data, blob.mask, blob.locks].concat(), payload);
    assert_eq!(blob.data.len(), blob.mask.len());
    assert!(blob.data.iter().zip(blob.mask).all(|(data, mask)| data | mask == *mask));
}

/// A trust set: whatever role it gives out has a threshold that can be reached.
pub fn trust(bytes: &[u8]) {
    let Ok(set) = TrustSet::parse(bytes) else { return };
    let roles = Role::ALL.iter().filter_map(|role| set.role(*role, &mut SoftwareCrypto).ok());
    roles.for_each(|trust| assert!((1..=SIGNATURE_PLACES).contains(&trust.threshold().into())));
}

/// A log, whose unit, tries and erased value the first three bytes say.
pub fn log(bytes: &[u8]) {
    let [unit, tries, erased, area @ ..] = bytes else { return };
    let area = &area[..area.len().min(1 << 16)];
    let size = area.len() as u32;
    let Some(form) = LogForm::new(size, (*unit).into(), *erased) else { return };
    let mut source = Memory::slot(area, size);
    let log = scan(&mut source, &form, *tries);
    assert!(log.next <= form.places());
    let mut valid = Vec::new();
    for number in 0..form.places() {
        let (Some(offset), state) = (form.offset(number), read_place(&mut source, &form, number)) else {
            panic!("a place without an offset")
        };
        let place = &area[offset as usize..][..form.place_size() as usize];
        match state {
            PlaceState::Free => assert!(place.iter().all(|byte| byte == erased)),
            PlaceState::Valid(entry) => {
                assert_eq!(entry.encode().as_bytes(), &place[..16]);
                assert!(number < log.next);
                valid.push(entry);
            }
            PlaceState::Spent | PlaceState::Dirty => assert!(number < log.next),
        }
    }
    let newest = valid.iter().map(|entry| entry.generation).max();
    assert_eq!(log.generation, newest.unwrap_or(0));
    assert!(log.status == Status::Blank || newest.is_some(), "a status out of nothing");
    let first = choose(&[log, log]).iter().next();
    assert_eq!(first.map(|candidate| candidate.slot), Some(0));
}
