//! Artefacts of the other kinds: layout, release, OTP blob.

use image_format::layout::{
    Group, GroupArea, GroupHead, GroupRegion, GroupSlot, LayoutBody, MEMORY_INTERNAL, ModeBits, PURPOSE_COUNTER,
    ROLE_RUN, RegionRuns, SectorRun,
};
use image_format::log::Strategy;
use image_format::otp::OtpBody;
use image_format::release::{LEAD, Member, ReleaseBody};
use image_format::{Body, Code, ImageBody, Kind, SoftwareCrypto, sha256};
use packer::Draft;
use zerocopy::IntoBytes as _;

use super::areas::{item, set_auxiliary};
use super::{Vector, contents, draft_of, firmware, seal};

pub(super) fn vectors() -> Result<Vec<Vector>, String> {
    Ok([layouts()?, releases()?, blobs()?].into_iter().flatten().collect())
}

fn draft<B: Body>(body: B, payload: Vec<u8>) -> Result<Draft<B>, String> {
    Draft::new(contents(body, payload)).map_err(|error| error.to_string())
}

/// Offsets in the bytes of [`group`].
const REGION: usize = size_of::<GroupHead>() + size_of::<ModeBits>();
const RUNS: usize = REGION + size_of::<GroupRegion>();
const SLOT: usize = RUNS + 2 * size_of::<SectorRun>();
const AREA: usize = SLOT + size_of::<GroupSlot>();

/// A group of one region, one slot and one area.
fn group() -> Result<Vec<u8>, String> {
    let region = GroupRegion {
        base: 0x0800_0000.into(),
        program_unit: 4.into(),
        ecc_word: 0.into(),
        erased: 0xFF,
        run_count: 0,
        memory: MEMORY_INTERNAL,
        reserved: [0; 5],
    };
    let runs =
        [SectorRun { size: 0x4000.into(), count: 4.into() }, SectorRun { size: 0x1_0000.into(), count: 1.into() }];
    let slot = GroupSlot {
        role: ROLE_RUN,
        region: 0,
        log_region: 0,
        reserved: 0,
        offset: 0.into(),
        size: 0x1_0000.into(),
        front_offset: 0.into(),
        run_address: 0x0800_0400.into(),
        log_offset: 0xFDC0.into(),
        log_size: 576.into(),
    };
    let area = GroupArea {
        purpose: PURPOSE_COUNTER,
        region: 0,
        reserved: [0; 2],
        offset: 0x1_0000.into(),
        size: 0x1_0000.into(),
    };
    let group = Group {
        strategy: Strategy::DirectXip,
        payload_offset: 1024,
        capacity: 0xF9C0,
        mode: &[ModeBits { register: 0x4002_3C14.into(), mask: 0x2000_0000.into(), value: 0.into() }],
        regions: &[RegionRuns { region, runs: &runs }],
        slots: &[slot],
        areas: &[area],
    };
    let mut bytes = Vec::new();
    group.emit(|piece| bytes.extend_from_slice(piece)).map_err(|_| "too many parts")?;
    Ok(bytes)
}

fn layouts() -> Result<Vec<Vector>, String> {
    let group = group()?;
    let layout = |count: u16, payload: &[u8]| {
        draft(LayoutBody { group_count: count.into(), reserved: [0; 94] }, payload.to_vec()).map(|draft| seal(&draft))
    };
    let form = |name, why, count, payload: &[u8]| {
        Ok(Vector::refused(name, why, Code::PayloadForm, layout(count, payload)?).of(Kind::Layout))
    };
    let changed = |offset: usize, value: u8| {
        let mut bytes = group.clone();
        bytes[offset] = value;
        bytes
    };
    // Without the parts between two offsets, whose count is at another one.
    let without = |count: usize, from: usize, to: usize| {
        let mut bytes = changed(count, 0);
        bytes.drain(from..to);
        bytes
    };
    let mut reserved = draft(LayoutBody { group_count: 1.into(), reserved: [0; 94] }, group.clone())?;
    reserved.header.body.reserved[93] = 1;
    let vectors: Vec<Result<Vector, String>> = vec![
        Ok(Vector::accepted("layout", "a layout of one group", layout(1, &group)?).of(Kind::Layout)),
        Ok(Vector::refused(
            "layout_as_image",
            "a layout where an image should be",
            Code::WrongKind,
            layout(1, &group)?,
        )),
        Ok(Vector::refused("layout_reserved", "a bit set in the reserved field", Code::Reserved, seal(&reserved))
            .of(Kind::Layout)),
        form("layout_no_group", "a count of 0 groups", 0, &group),
        form("layout_two_groups", "a count above the number of groups", 2, &group),
        form("layout_trailing", "a byte behind the last group", 1, &[group.as_slice(), &[0]].concat()),
        form("layout_cut", "a group without its last byte", 1, &group[..group.len() - 1]),
        form("group_format_2", "an encoding that nobody knows", 1, &changed(0, 2)),
        Ok(Vector::accepted("group_strategy_5", "the last strategy", layout(1, &changed(2, 5))?).of(Kind::Layout)),
        form("group_strategy_6", "a strategy behind the last one", 1, &changed(2, 6)),
        form("group_strategy_0", "a strategy that nobody knows", 1, &changed(2, 0)),
        form("group_reserved", "a reserved byte that is not zero", 1, &changed(7, 1)),
        form("group_region_memory_0", "no kind of memory", 1, &changed(REGION + 10, 0)),
        Ok(Vector::accepted("group_region_memory_4", "the last kind of memory", layout(1, &changed(REGION + 10, 4))?)
            .of(Kind::Layout)),
        form("group_region_memory_5", "a kind of memory behind the last one", 1, &changed(REGION + 10, 5)),
        form("group_region_reserved", "a reserved byte of a region that is not zero", 1, &changed(REGION + 15, 1)),
        form("group_of_empty_sectors", "a run of sectors of no size", 1, &changed(RUNS + 1, 0)),
        form("group_of_no_sectors", "a run of no sectors", 1, &changed(RUNS + 4, 0)),
        Ok(Vector::accepted("group_slot_role_3", "the last role", layout(1, &changed(SLOT, 3))?).of(Kind::Layout)),
        form("group_slot_role_0", "no role", 1, &changed(SLOT, 0)),
        form("group_slot_role_4", "a role behind the last one", 1, &changed(SLOT, 4)),
        form("group_area_purpose_2", "a purpose behind the last one", 1, &changed(AREA, 2)),
        form("group_without_slot", "a group of no slot", 1, &without(5, SLOT, AREA)),
        form("group_without_runs", "a region of no sectors", 1, &without(REGION + 9, RUNS, SLOT)),
        form("group_slot_role", "a role that nobody knows", 1, &changed(SLOT, 9)),
        form("group_slot_region", "a slot in a region that is not there", 1, &changed(SLOT + 1, 1)),
        form("group_slot_log_region", "a log in a region that is not there", 1, &changed(SLOT + 2, 1)),
        form("group_slot_reserved", "a reserved byte of a slot that is not zero", 1, &changed(SLOT + 3, 1)),
        form("group_area_purpose", "a purpose that nobody knows", 1, &changed(AREA, 0)),
        form("group_area_region", "an area in a region that is not there", 1, &changed(AREA + 1, 1)),
        form("group_area_reserved", "a reserved byte of an area that is not zero", 1, &changed(AREA + 2, 1)),
    ];
    vectors.into_iter().collect()
}

/// A release before it is signed, and its members' files.
struct Release {
    body: ReleaseBody,
    members: Vec<Member>,
    digests: Vec<[u8; 32]>,
    auxiliary: Vec<u8>,
    files: Vec<Vec<u8>>,
}

const CHUNK_LOG2: u8 = 12;

impl Release {
    fn new() -> Result<Self, String> {
        let images = [draft_of(firmware(5000))?, draft_of(firmware(1000))?];
        let mut release = Release {
            body: ReleaseBody {
                member_count: 2.into(),
                chunk_log2: CHUNK_LOG2,
                commit: 2,
                members_size: 0.into(),
                expires: 20_819.into(),
                reserved: [0; 84],
            },
            members: Vec::new(),
            digests: Vec::new(),
            auxiliary: Vec::new(),
            files: Vec::new(),
        };
        images.iter().for_each(|image| release.add(image));
        Ok(release)
    }

    fn add(&mut self, image: &Draft<ImageBody>) {
        let file = seal(image);
        self.members.push(Member {
            image_id: image.id(),
            size: (file.len() as u32).into(),
            payload_size: image.header.envelope.payload_size,
            first_chunk: (self.digests.len() as u32).into(),
            flags: if self.members.is_empty() { LEAD } else { 0 }.into(),
        });
        let digest = |chunk: &[u8]| sha256(&mut SoftwareCrypto, chunk);
        self.digests.extend(image.payload.chunks(1 << CHUNK_LOG2).map(digest));
        self.files.push(file);
        self.body.members_size = (self.files.concat().len() as u32).into();
    }

    fn file(&self) -> Result<Vec<u8>, String> {
        let directory = [self.members.as_bytes(), self.digests.as_bytes()].concat();
        let mut draft = draft(self.body, directory)?;
        set_auxiliary(&mut draft, self.auxiliary.clone());
        Ok([seal(&draft), self.files.concat()].concat())
    }
}

fn releases() -> Result<Vec<Vector>, String> {
    let changed = |change: fn(&mut Release)| {
        let mut release = Release::new()?;
        change(&mut release);
        release.file()
    };
    let refused = |name, why, code, change| Ok(Vector::refused(name, why, code, changed(change)?).of(Kind::Release));
    let form = |name, why, change| refused(name, why, Code::PayloadForm, change);
    let good = Release::new()?.file()?;
    let short = good[..good.len() - 1].to_vec();
    let long = [good.as_slice(), &[0]].concat();
    let mut with_text = Release::new()?;
    with_text.auxiliary = item(1, b"a release");
    let (mut flipped, behind) = (with_text.file()?, with_text.files.concat().len());
    // The last letter of the text, before its padding.
    let letter = flipped.len() - behind - 4;
    flipped[letter] ^= 1;
    let vectors: Vec<Result<Vector, String>> = vec![
        Ok(Vector::accepted("release", "two images that go together", good.clone()).of(Kind::Release)),
        Ok(Vector::refused(
            "release_fault",
            "a byte of a member's chunk cannot be read",
            Code::ReadFault,
            good.clone(),
        )
        .of(Kind::Release)
        .fault(good.len() as u32 - 1)),
        Ok(Vector::refused("release_cut", "its last byte is missing", Code::Truncated, short).of(Kind::Release)),
        Ok(Vector::refused("release_trailing", "a byte behind the last member", Code::TrailingBytes, long)
            .of(Kind::Release)),
        Ok(Vector::accepted("release_auxiliary", "a release with a text of its own", with_text.file()?)
            .of(Kind::Release)),
        Ok(Vector::refused(
            "release_auxiliary_flipped",
            "a bit of the release's own text flipped after signing",
            Code::AuxiliaryDigest,
            flipped,
        )
        .of(Kind::Release)),
        refused("release_reserved", "a bit set in the reserved field", Code::Reserved, |release| {
            release.body.reserved[83] = 1;
        }),
        refused("release_members_overflow", "members beyond 4 GiB", Code::Sizes, |release| {
            release.body.members_size = u32::MAX.into();
        }),
        form("release_no_member", "a count of 0 members", |release| release.body.member_count = 0.into()),
        form("release_count_above", "a count above the directory", |release| release.body.member_count = 9.into()),
        form("release_chunks_of_2_kib", "chunks below 4 KiB", |release| release.body.chunk_log2 = 11),
        form("release_commit_0", "a commit rule that nobody knows", |release| release.body.commit = 0),
        form("release_member_twice", "the same image twice", |release| {
            release.members[1].image_id = release.members[0].image_id;
        }),
        form("release_no_lead", "no lead image", |release| release.members[0].flags = 0.into()),
        Ok(Vector::accepted(
            "release_two_leads",
            "a build of the lead image for each of two slots",
            changed(|release| release.members[1].flags = LEAD.into())?,
        )
        .of(Kind::Release)),
        form("release_flags", "a flag that nobody knows", |release| release.members[1].flags = 2.into()),
        form("release_chunk_gap", "a member's chunks that start elsewhere", |release| {
            release.members[1].first_chunk = 3.into();
        }),
        form("release_digest_missing", "a digest too few", |release| {
            release.digests.pop();
        }),
        form("release_sizes", "members that do not add up", |release| {
            let size = release.members[1].size.get();
            release.members[1].size = (size + 1).into();
        }),
        form("release_member_empty", "a member without payload", |release| {
            release.members[1].payload_size = 0.into();
        }),
        form("release_chunks_of_2_mib", "chunks above 1 MiB", |release| {
            release.body.chunk_log2 = 21;
            release.digests.remove(1);
            release.members[1].first_chunk = 1.into();
        }),
        form("release_member_all_payload", "a member whose payload is all of it", |release| {
            release.members[1].payload_size = release.members[1].size;
        }),
        refused(
            "release_member_size",
            "a payload of another size than the directory's",
            Code::OtherMember,
            |release| {
                release.members[1].payload_size = 999.into();
            },
        ),
        refused("release_member_cut", "a member below 544 bytes", Code::Truncated, |release| {
            release.files[1].truncate(500);
            release.members[1].payload_size = 1.into();
            release.members[1].size = 500.into();
            release.body.members_size = (release.files.concat().len() as u32).into();
        }),
        refused("release_other_member", "another image than the one named", Code::OtherMember, |release| {
            release.members[1].image_id[0] ^= 1;
        }),
        refused("release_member_no_image", "a member that is no image", Code::NotSealed, |release| {
            release.files[1][0] = 0;
        }),
        refused("release_chunk", "another digest of a chunk", Code::ChunkDigest, |release| {
            release.digests[1][31] ^= 1;
        }),
        refused("release_payload_flipped", "a bit of the second chunk flipped", Code::ChunkDigest, |release| {
            release.files[0].iter_mut().rev().take(1).for_each(|byte| *byte ^= 1);
        }),
    ];
    vectors.into_iter().collect()
}

fn blobs() -> Result<Vec<Vector>, String> {
    let mut board = [0; 32];
    board[..6].copy_from_slice(b"WX2511");
    let body = OtpBody {
        layout: [0xD4; 32],
        board,
        data_address: 0x1FF0_F000.into(),
        data_size: 64.into(),
        lock_address: 0x1FF0_F400.into(),
        lock_size: 16.into(),
        reserved: [0; 16],
    };
    let mut locks = [0xFF; 16];
    locks[0] = 0;
    let payload = [[0x0F; 64].as_slice(), &[0xFF; 64], &locks].concat();
    let blob = |change: fn(&mut OtpBody, &mut Vec<u8>)| {
        let (mut body, mut payload) = (body, payload.clone());
        change(&mut body, &mut payload);
        draft(body, payload).map(|draft| seal(&draft))
    };
    let refused = |name, why, code, change| Ok(Vector::refused(name, why, code, blob(change)?).of(Kind::OtpBlob));
    let form = |name, why, change| refused(name, why, Code::PayloadForm, change);
    let vectors: Vec<Result<Vector, String>> = vec![
        Ok(Vector::accepted("otp", "one board's data, mask and locks", blob(|_, _| ())?).of(Kind::OtpBlob)),
        refused("otp_reserved", "a bit set in the reserved field", Code::Reserved, |body, _| body.reserved[15] = 1),
        form("otp_no_data", "no data", |body, _| body.data_size = 0.into()),
        form("otp_locks_alone", "lock bytes and no data", |body, payload| {
            body.data_size = 0.into();
            payload.drain(..128);
        }),
        form("otp_trailing", "a byte behind the lock bytes", |_, payload| payload.push(0xFF)),
        form("otp_data_beyond", "more data than there is", |body, _| body.data_size = u32::MAX.into()),
        form("otp_locks_missing", "a lock byte too few", |_, payload| payload.truncate(143)),
        form("otp_outside_mask", "data outside the mask", |_, payload| payload[64] = 0xF0),
        form("otp_lock_value", "a lock byte of 0x01", |_, payload| payload[128] = 1),
        form("otp_board_blank", "no board", |body, _| body.board = [0; 32]),
        form("otp_board_gap", "a byte behind the board's name", |body, _| body.board[31] = b'x'),
    ];
    vectors.into_iter().collect()
}
