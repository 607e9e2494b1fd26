//! The image that the verifier is measured with, sealed and listed as a vector of its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image_format::{Device, ImageBody, MIN_FRONT, PayloadType, Version, record::Record};
use packer::{Draft, artefact::Contents};
use serde_json::json;

use crate::{
    generated::hex,
    process::{Failure, Outcome},
    vectors::{EXAMPLE_KEY, test_key},
};

/// Size of its payload in bytes.
const PAYLOAD: usize = 256 * 1024;
/// Where it runs: any address will do.
const RUN_ADDRESS: u32 = 0x0802_0400;
/// The room of its slot in bytes.
const SLOT: u32 = 896 * 1024;
/// The board's revision.
const REVISION: [u8; 4] = *b"B\0\0\0";

/// Writes the image and an index with it alone to `folder`, every input of the decision required. Returns the index.
pub fn write(folder: &Path) -> Outcome<PathBuf> {
    let key = test_key(EXAMPLE_KEY);
    let image = ImageBody {
        layout: [3; 32],
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
        payload: payload(PAYLOAD, RUN_ADDRESS),
        auxiliary: Vec::new(),
    };
    let draft = Draft::new(contents).map_err(|e| Failure::new(e.to_string()))?;
    let index = json!({ "vectors": [{
        "name": "sample",
        "kind": "image",
        "file": "sample.bin",
        "slot": SLOT,
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

/// Firmware of `size` bytes for `run_address`: the start of a vector table, then bytes without a pattern.
pub fn payload(size: usize, run_address: u32) -> Vec<u8> {
    let vectors = [0x2008_0000, (run_address + 8) | 1].map(u32::to_le_bytes).concat();
    // Knuth's MMIX generator: the same bytes each time.
    let states = std::iter::successors(Some(1_u64), |state| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    });
    vectors.into_iter().chain(states.map(|state| (state >> 56) as u8)).take(size).collect()
}
