//! The image that programs on the target judge, sealed and listed as a vector of its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image_format::layout::{self, Group, GroupArea, GroupRegion, GroupSlot, RegionRuns, SectorRun};
use image_format::{
    Device, ImageBody, MIN_FRONT, PayloadType, SoftwareCrypto, Version,
    log::{Strategy, state_space},
    record::Record,
    sha256,
};
use packer::{Draft, artefact::Contents};
use serde_json::json;

use crate::{
    generated::hex,
    process::{Failure, Outcome},
    vectors::{EXAMPLE_KEY, test_key},
};

/// Size of each of the two slots, sectors 5 to 11 and 17 to 23 of an STM32F767ZI in two banks, and their offset in each bank.
const SLOT: u32 = 896 * 1024;
const SLOT_OFFSET: u32 = 128 * 1024;
/// The banks' bases.
const BANKS: [u32; 2] = [0x0800_0000, 0x0810_0000];
/// Bytes of an internal region's program unit.
const UNIT: u16 = 4;
/// Where it runs.
const RUN_ADDRESS: u32 = BANKS[0] + SLOT_OFFSET + MIN_FRONT;
/// The board's revision.
const REVISION: [u8; 4] = *b"B\0\0\0";

/// Writes an image with a payload of `size` bytes and an index with it alone to `folder`, every input of the decision required. Returns
/// the index.
pub fn write(folder: &Path, size: usize) -> Outcome<PathBuf> {
    let key = test_key(EXAMPLE_KEY);
    let log =
        state_space(Strategy::DirectXip, 3, UNIT.into(), 0).ok_or_else(|| Failure::new("no room for a state log"))?;
    let group = group(log)?;
    let image = ImageBody {
        layout: sha256(&mut SoftwareCrypto, &group),
        run_address: RUN_ADDRESS.into(),
        payload_offset: MIN_FRONT.into(),
        version: Version { major: 1.into(), minor: 0.into(), patch: 0.into() },
        security_counter: 1.into(),
        payload_type: PayloadType::Firmware.number().into(),
        reserved: [0; 40],
    };
    let device = Device { vendor_id: [1; 16], class_id: [2; 16] };
    let contents = Contents {
        device,
        front_size: MIN_FRONT,
        body: image,
        records: &[Record::Revisions(&[REVISION])],
        payload: payload(size, RUN_ADDRESS),
        auxiliary: Vec::new(),
    };
    let draft = Draft::new(contents).map_err(|e| Failure::new(e.to_string()))?;
    let boot = json!({ "group": hex(&group), "slot_offset": SLOT_OFFSET });
    let index = json!({ "boot": boot, "vectors": [{
        "name": "sample",
        "kind": "image",
        "file": "sample.bin",
        "slot": SLOT - log,
        "fault": null,
        "policy": {
            "keys": [hex(key.public().bytes())],
            "threshold": 1,
            "device": { "vendor_id": hex(&device.vendor_id), "class_id": hex(&device.class_id) },
            "revision": hex(&REVISION),
            "place": { "layout": hex(&image.layout), "run_address": RUN_ADDRESS, "payload_offset": MIN_FRONT },
            "counter": image.security_counter.get(),
        },
        "code": 0,
        "offset": 0,
    }] });
    let (image_file, index_file) = (folder.join("sample.bin"), folder.join("sample.json"));
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    fs::write(&image_file, draft.seal(&[key.sign(draft.to_sign())])).map_err(Failure::at(&image_file))?;
    fs::write(&index_file, index.to_string()).map_err(Failure::at(&index_file))?;
    Ok(index_file)
}

/// The canonical bytes of the slot group, with this many bytes for each state log: direct-xip with three tries.
fn group(log: u32) -> Outcome<Vec<u8>> {
    let runs = [(0x4000, 4), (0x1_0000, 1), (0x2_0000, 7)];
    let runs = runs.map(|(size, count): (u32, u32)| SectorRun { size: size.into(), count: count.into() });
    let region = |base: u32| GroupRegion {
        base: base.into(),
        program_unit: UNIT.into(),
        ecc_word: 0.into(),
        erased: 0xFF,
        run_count: 0,
        memory: layout::MEMORY_INTERNAL,
        reserved: [0; 5],
    };
    let slot = |region: u8, base: u32| GroupSlot {
        role: layout::ROLE_RUN,
        region,
        log_region: region,
        reserved: 0,
        offset: SLOT_OFFSET.into(),
        size: SLOT.into(),
        front_offset: 0.into(),
        run_address: (base + SLOT_OFFSET + MIN_FRONT).into(),
        log_offset: (SLOT_OFFSET + SLOT - log).into(),
        log_size: log.into(),
    };
    // Sectors 2 and 3.
    let counter = GroupArea {
        purpose: layout::PURPOSE_COUNTER,
        region: 0,
        reserved: [0; 2],
        offset: 0x8000.into(),
        size: 0x8000.into(),
    };
    let group = Group {
        strategy: Strategy::DirectXip,
        payload_offset: MIN_FRONT,
        capacity: SLOT - MIN_FRONT - log,
        mode: &[],
        regions: &BANKS.map(|base| RegionRuns { region: region(base), runs: &runs }),
        slots: &[slot(0, BANKS[0]), slot(1, BANKS[1])],
        areas: &[counter],
    };
    let mut bytes = Vec::new();
    group.emit(|piece| bytes.extend_from_slice(piece)).map_err(|_| Failure::new("too many parts of a slot group"))?;
    Ok(bytes)
}

/// Firmware of `size` bytes for `run_address`: the start of a vector table, then bytes without a pattern.
pub fn payload(size: usize, run_address: u32) -> Vec<u8> {
    let vectors = [0x2008_0000, (run_address + 8) | 1].map(u32::to_le_bytes).concat();
    // Knuth's MMIX generator: the same bytes each time.
    let states = std::iter::successors(Some(1_u64), |state| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    });
    vectors.into_iter().chain(states.map(|state| (state >> 56) as u8)).take(size).collect()
}
