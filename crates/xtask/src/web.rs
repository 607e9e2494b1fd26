//! Judging in WebAssembly against judging on the host by the same portable code, of the same image in the same run.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use image_format::{Check, Device, ImageBody, MIN_FRONT, Memory, PayloadType, Policy, SoftwareCrypto, Trust, Version};
use packer::{Draft, artefact::Contents};

use crate::{
    generated::hex,
    process::{Failure, Outcome, capture, root, target_folder},
    sample,
    test::wasm,
    tools,
    vectors::{EXAMPLE_KEY, test_key},
};

/// Size of the image's payload in bytes.
const PAYLOAD: usize = 8 << 20;
/// Runs of each, behind one that is not counted; odd, so that one is in the middle.
const RUNS: usize = 5;

/// Prints the ratio.
pub fn compare() -> Outcome {
    tools::NODE.ensure()?;
    wasm()?;
    let key = test_key(EXAMPLE_KEY);
    let contents = Contents {
        device: Device { vendor_id: [1; 16], class_id: [2; 16] },
        front_size: MIN_FRONT,
        body: ImageBody {
            layout: [0; 32],
            run_address: 0x6000_0400.into(),
            payload_offset: MIN_FRONT.into(),
            version: Version { major: 1.into(), minor: 0.into(), patch: 0.into() },
            security_counter: 1.into(),
            payload_type: PayloadType::Firmware.number().into(),
            reserved: [0; 40],
        },
        records: &[],
        payload: sample::payload(PAYLOAD, 0x6000_0400),
        auxiliary: Vec::new(),
    };
    let draft = Draft::new(contents).map_err(|error| Failure::new(error.to_string()))?;
    let image = draft.seal(&[key.sign(draft.to_sign())]);
    let keys = [*key.public().bytes()];
    let refused = |error: image_format::Error| Failure::new(error.to_string());
    let policy = Policy {
        trust: Trust::new(&keys, 1, &mut SoftwareCrypto).map_err(refused)?,
        device: Check::Waived,
        revision: Check::Waived,
        place: Check::Waived,
        counter: Check::Waived,
    };
    let mut times = Vec::new();
    for _ in 0..=RUNS {
        let start = Instant::now();
        image_format::verify(&mut Memory::file(&image), &policy, &mut SoftwareCrypto).map_err(refused)?;
        times.push(start.elapsed());
    }
    let here = median(times.split_off(1));

    let folder = target_folder()?.join("bench");
    let file = folder.join("large.bin");
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    fs::write(&file, image).map_err(Failure::at(&file))?;
    let mut node = Command::new("node");
    node.arg(root()?.join("wasm/testing/speed.mjs")).arg(&file).arg(hex(key.public().bytes())).arg(RUNS.to_string());
    let told = capture(&mut node)?;
    let there: f64 = told.trim().parse().map_err(|_| Failure::new(format!("speed.mjs: no time: {told}")))?;
    let ratio = there / 1000.0 / here.as_secs_f64();
    println!("Judging an image of 8 MiB in Node takes {ratio:.2} times the host's time (medians of {RUNS}; goal 2).");
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
