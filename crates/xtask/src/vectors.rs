//! tests/vectors: artefacts, policies, and the answer that every consumer must give.
//!
//! Written from fixed test keys and checked byte for byte, so that a change of the format cannot go unnoticed. A vector
//! is judged as hosts do: `verify`, then the auxiliary area.

mod areas;
mod broken;
mod fields;
mod kinds;
mod logs;
mod trust;

use std::collections::BTreeMap;

use image_format::record::Record;
use image_format::{
    Body, Check, Code, Crypto, Device, Error, ImageBody, Kind, Memory, PayloadType, Place, Revision, SIGNATURE_PLACES,
    SignaturePlace, SoftwareCrypto, Version,
};
use packer::artefact::Contents;
use packer::crypto::HostCrypto;
use packer::known::KnownKeys;
use packer::{Draft, Judge, PrivateKey};
use serde_json::{Value, json};

use crate::generated::{Files, hex};
use crate::process::{Failure, Outcome, root};

/// The private key of a number. **For tests and examples only**: everybody knows it.
pub fn test_key(number: u8) -> PrivateKey {
    PrivateKey::from_seed(&[number; 32])
}

/// The key that the examples are signed with.
pub const EXAMPLE_KEY: u8 = 1;

const FRONT: u32 = 1024;
const RUN_ADDRESS: u32 = 0x0802_0400;
const COUNTER: u32 = 7;
const VENDOR_ID: [u8; 16] = [0xA1; 16];
const CLASS_ID: [u8; 16] = [0xB2; 16];
const LAYOUT: [u8; 32] = [0xC3; 32];
const REVISIONS: [Revision; 2] = [*b"B\0\0\0", *b"C1\0\0"];

/// A file, how it is judged, and the answer.
struct Vector {
    name: &'static str,
    why: &'static str,
    kind: Kind,
    bytes: Vec<u8>,
    judge: Judge,
    slot: Option<u32>,
    fault: Option<u32>,
    /// The answer that the specification asks for.
    expected: Result<(), Code>,
}

impl Vector {
    /// A file that is refused.
    fn refused(name: &'static str, why: &'static str, code: Code, bytes: Vec<u8>) -> Self {
        Self { name, why, kind: Kind::Image, bytes, judge: judge(), slot: None, fault: None, expected: Err(code) }
    }

    /// A file that is accepted.
    fn accepted(name: &'static str, why: &'static str, bytes: Vec<u8>) -> Self {
        Self { name, why, kind: Kind::Image, bytes, judge: judge(), slot: None, fault: None, expected: Ok(()) }
    }

    /// Of another kind than an image.
    fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// With another judge.
    fn by(mut self, change: impl FnOnce(&mut Judge)) -> Self {
        change(&mut self.judge);
        self
    }

    /// In a slot with room for this many bytes.
    fn in_slot(self, capacity: u32) -> Self {
        Self { slot: Some(capacity), ..self }
    }

    /// With a byte that faults when it is read.
    fn fault(self, offset: u32) -> Self {
        Self { fault: Some(offset), ..self }
    }

    /// The answer of a host, or of a boot loader's cryptography.
    fn verdict(&self, crypto: &mut impl Crypto) -> Result<(), Error> {
        let memory = self.slot.map_or_else(|| Memory::file(&self.bytes), |room| Memory::slot(&self.bytes, room));
        let mut source = self.fault.map_or(memory, |offset| memory.unreadable_at(offset));
        self.judge.judge_whole_by(self.kind, &mut source, crypto)
    }

    /// Its entry in the index. Vectors of equal bytes share a file.
    fn entry(&self, file: &str) -> Result<Value, String> {
        let verdict = self.verdict(&mut HostCrypto);
        let by_tables = self.verdict(&mut &KnownKeys::of(self.judge.keys.iter().copied()));
        if self.verdict(&mut SoftwareCrypto) != verdict || by_tables != verdict {
            return Err(format!("vector {}: hosts and boot loaders do not agree", self.name));
        }
        if verdict.map_err(|error| error.code) != self.expected {
            return Err(format!("vector {}: expected {:?}, judged {verdict:?}", self.name, self.expected));
        }
        let (code, name, offset) = match verdict {
            Ok(()) => (0, "Accepted", 0),
            Err(Error { code, offset }) => (code.number(), code.name(), offset),
        };
        Ok(json!({
            "name": self.name,
            "why": self.why,
            "kind": kind_name(self.kind),
            "file": file,
            "slot": self.slot,
            "fault": self.fault,
            "policy": policy(&self.judge),
            "code": code,
            "error": name,
            "offset": offset,
        }))
    }
}

/// The kind's name in the index.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "image",
        Kind::Layout => "layout",
        Kind::Release => "release",
        Kind::OtpBlob => "otp",
        Kind::Trust => "trust",
    }
}

/// A judge that trusts test key 1 alone and has every input.
fn judge() -> Judge {
    Judge {
        keys: vec![*test_key(EXAMPLE_KEY).public().bytes()],
        threshold: 1,
        device: Check::Require(Device { vendor_id: VENDOR_ID, class_id: CLASS_ID }),
        revision: Check::Require(REVISIONS[0]),
        place: Check::Require(Place { layout: LAYOUT, run_address: RUN_ADDRESS, payload_offset: FRONT }),
        counter: Check::Require(COUNTER),
    }
}

fn policy(judge: &Judge) -> Value {
    json!({
        "keys": judge.keys.iter().map(|key| hex(key)).collect::<Vec<_>>(),
        "threshold": judge.threshold,
        "device": given(judge.device, |device| json!({
            "vendor_id": hex(&device.vendor_id),
            "class_id": hex(&device.class_id),
        })),
        "revision": given(judge.revision, |revision| json!(hex(&revision))),
        "place": given(judge.place, |place| json!({
            "layout": hex(&place.layout),
            "run_address": place.run_address,
            "payload_offset": place.payload_offset,
        })),
        "counter": given(judge.counter, |counter| json!(counter)),
    })
}

/// `null` for what is waived.
fn given<T>(check: Check<T>, show: impl FnOnce(T) -> Value) -> Value {
    match check {
        Check::Require(value) => show(value),
        Check::Waived => Value::Null,
    }
}

/// Firmware: a vector table, then bytes that tell their offset.
fn firmware(size: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..size).map(|offset| (offset % 251) as u8).collect();
    bytes[..4].copy_from_slice(&0x2008_0000u32.to_le_bytes());
    bytes[4..8].copy_from_slice(&(RUN_ADDRESS + 0x11).to_le_bytes());
    bytes
}

fn body() -> ImageBody {
    ImageBody {
        layout: LAYOUT,
        run_address: RUN_ADDRESS.into(),
        payload_offset: FRONT.into(),
        version: Version { major: 1.into(), minor: 4.into(), patch: 0.into() },
        security_counter: COUNTER.into(),
        payload_type: PayloadType::Firmware.number().into(),
        reserved: [0; 40],
    }
}

fn contents<B>(body: B, payload: Vec<u8>) -> Contents<'static, B> {
    let device = Device { vendor_id: VENDOR_ID, class_id: CLASS_ID };
    Contents { device, front_size: FRONT, body, records: &[], payload, auxiliary: Vec::new() }
}

fn draft_of(payload: Vec<u8>) -> Result<Draft<ImageBody>, String> {
    let records = &[Record::Revisions(&REVISIONS)];
    Draft::new(Contents { records, ..contents(body(), payload) }).map_err(|error| error.to_string())
}

/// The image that the broken ones are made from.
fn draft() -> Result<Draft<ImageBody>, String> {
    draft_of(firmware(1000))
}

/// The file of an artefact that test key 1 has signed.
fn seal<B: Body>(draft: &Draft<B>) -> Vec<u8> {
    draft.seal(&[test_key(EXAMPLE_KEY).sign(draft.to_sign())])
}

/// An image with its header or its areas changed before it is signed: only whoever has the key can make it.
fn signed(change: impl FnOnce(&mut Draft<ImageBody>)) -> Result<Vec<u8>, String> {
    let mut draft = draft()?;
    change(&mut draft);
    Ok(seal(&draft))
}

/// An image with its bytes changed after it was signed.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, String> {
    let mut bytes = signed(|_| ())?;
    change(&mut bytes);
    Ok(bytes)
}

/// An image with these signature places.
fn with_places(make: impl FnOnce(&Draft<ImageBody>) -> [SignaturePlace; SIGNATURE_PLACES]) -> Result<Vec<u8>, String> {
    let draft = draft()?;
    Ok(draft.with_places(make(&draft)))
}

/// Writes the vectors and their index, or checks that they are as they would be written.
///
/// # Errors
/// A vector that is judged otherwise than it should be, a code without a vector, or a difference.
pub fn run(check: bool) -> Outcome {
    let mut files = Files::new(root()?.join("tests/vectors"));
    collect(&mut files).map_err(Failure::new)?;
    files.finish(check)
}

fn collect(files: &mut Files) -> Result<(), String> {
    let vectors: Vec<Vector> =
        [broken::vectors()?, areas::vectors()?, trust::vectors()?, kinds::vectors()?].into_iter().flatten().collect();
    if let Some(code) = Code::ALL.iter().find(|code| !vectors.iter().any(|vector| vector.expected == Err(**code))) {
        return Err(format!("no vector produces {} ({})", code.name(), code.number()));
    }
    let mut written: BTreeMap<&[u8], String> = BTreeMap::new();
    let mut index = Vec::new();
    for vector in &vectors {
        let file = written.entry(&vector.bytes).or_insert_with(|| format!("{}.bin", vector.name));
        index.push(vector.entry(file)?);
    }
    for (bytes, file) in written {
        files.add(&file, bytes.to_vec());
    }
    let index = serde_json::to_string_pretty(&json!({ "vectors": index })).map_err(|error| error.to_string())?;
    files.add("index.json", format!("{index}\n").into_bytes());
    files.add("fields.json", fields::document()?.into_bytes());
    files.add("logs.json", logs::document()?.into_bytes());
    Ok(())
}
