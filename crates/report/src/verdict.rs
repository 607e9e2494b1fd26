//! What `verify` found, input by input.

use std::fmt::Write as _;
use std::ops::Range;

use geometry::address;
use image_format::{Check, Digest, Error, FrontHead, KeyId, Memory, Revision, SignaturePlace, VerifiedImage};
use packer::{Judge, PublicKey};
use serde_json::{Value, json};
use zerocopy::FromBytes as _;

use crate::exit::Exit;
use crate::findings::Report;
use crate::refusal;
use crate::text::{hex, thousands};

/// Where the inputs of a judgement come from, for people.
#[derive(Clone, Debug)]
pub struct Basis {
    /// Who gave the keys.
    pub source: String,
    /// Vendor and class in words.
    pub product: Option<String>,
    /// Image and slot that it is judged for.
    pub target: Option<(String, String)>,
    /// The trusted keys with their names.
    pub keys: Vec<(String, PublicKey)>,
    /// Bytes that the slot has for the artefact, if that is judged.
    pub room: Option<u32>,
    /// Whether the device compares hardware revisions.
    pub compares_revisions: bool,
    /// Ids of the images that were verified with it. `None`: what it pins is not judged.
    pub companions: Option<Vec<Digest>>,
    /// Addresses of what is beside the image and means something; `None` for a file that is the image alone.
    pub beside: Option<Vec<Range<u32>>>,
    /// Whether that is judged.
    pub judges_beside: bool,
}

/// A judgement.
pub struct Verdict<'a> {
    judge: Judge,
    basis: Basis,
    file: &'a [u8],
    outcome: Result<VerifiedImage, Error>,
}

impl<'a> Verdict<'a> {
    /// Judges a file: as a file, which it must fill exactly, and as the content of the slot, which must have room for it.
    pub fn new(judge: Judge, basis: Basis, file: &'a [u8]) -> Self {
        let in_slot = |verified| match basis.room {
            Some(room) => judge.judge_source(&mut Memory::slot(file, room)),
            None => Ok(verified),
        };
        let outcome = judge.judge(file).and_then(in_slot);
        Self { judge, basis, file, outcome }
    }

    /// The image's id, if it is verified.
    pub fn id(&self) -> Option<Digest> {
        self.outcome.as_ref().ok().map(|verified| *verified.id())
    }

    /// Whether it is verified and pins others.
    pub fn pins(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|verified| !verified.companions().is_empty())
    }

    /// Ids that it pins and that are not there.
    fn absent(&self) -> Vec<&Digest> {
        let (Ok(verified), Some(present)) = (&self.outcome, &self.basis.companions) else { return Vec::new() };
        verified.companions().iter().filter(|id| !present.contains(id)).collect()
    }

    /// What is beside the image, if that is judged.
    fn beside(&self) -> &[Range<u32>] {
        let Basis { beside, judges_beside, .. } = &self.basis;
        beside.as_deref().filter(|_| *judges_beside).unwrap_or_default()
    }

    /// Whether nothing speaks against it.
    pub fn is_accepted(&self) -> bool {
        self.outcome.is_ok() && self.absent().is_empty() && self.beside().is_empty()
    }

    /// The verdict for people and programs.
    pub fn report(&self, name: &str) -> Report {
        let exit = if self.is_accepted() { Exit::Done } else { Exit::Refused };
        Report { exit, result: Some(self.to_json()), ..Report::done(self.text(name)) }
    }

    fn text(&self, name: &str) -> String {
        let Basis { target, .. } = &self.basis;
        let target = target.as_ref().map_or(String::new(), |(image, slot)| format!(", as {image} in slot {slot}"));
        let mut text = format!("{name}{target}\n");
        let inputs = self.inputs();
        let width = inputs.iter().map(|input| input.name.len()).max().unwrap_or(0);
        for Input { name, value } in &inputs {
            let (word, value) = match value {
                Ok(value) => ("given", value.as_str()),
                Err(why) => ("waived", *why),
            };
            let _ = writeln!(text, "  {word:<6}  {name:<width$}  {value}");
        }
        match &self.outcome {
            Ok(verified) => {
                for line in self.found(verified) {
                    let _ = writeln!(text, "  found   {line}");
                }
                for id in self.absent() {
                    let _ = writeln!(text, "refused: it pins image {}, which no companion is", hex(id));
                }
                for range in self.beside() {
                    let (first, last) = (address(range.start), address(range.end.saturating_sub(1)));
                    let count = thousands(range.len() as u64);
                    let _ = writeln!(
                        text,
                        "refused: {first} to {last}, {count} bytes: neither the image's, nor erased, nor state words"
                    );
                }
                if !self.is_accepted() {
                    return text;
                }
                let waived = inputs.iter().filter(|input| input.value.as_ref().err() == Some(&WAIVED));
                let waived: Vec<_> = waived.map(|input| input.name).collect();
                let but = if waived.is_empty() { String::new() } else { format!(", but for {}", waived.join(", ")) };
                let _ = writeln!(text, "verified, as the boot loader will{but}");
            }
            Err(error) => {
                let _ = write!(text, "refused: {}", refusal::describe(error, self.file));
                text.push_str("  = note: judging ends at the first fault; what comes after it was not judged\n");
            }
        }
        text
    }

    /// The inputs of the decision, in the order in which they are judged.
    fn inputs(&self) -> Vec<Input> {
        let Self { judge, basis, .. } = self;
        let keys: Vec<_> = basis.keys.iter().map(|(name, key)| format!("{name} {key}")).collect();
        let trust = format!("{} of {}, keys from {}: {}", judge.threshold, keys.len(), basis.source, keys.join(", "));
        let device = required(&judge.device).map(|device| {
            let ids = format!("vendor {}, class {}", hex(&device.vendor_id), hex(&device.class_id));
            basis.product.as_ref().map_or(ids.clone(), |product| format!("{product} ({ids})"))
        });
        let place = required(&judge.place).map(|place| {
            let room = basis.room.map_or(String::new(), |room| format!(", room for {} bytes", thousands(room.into())));
            format!(
                "{}, runs at {}, payload at offset {}{room}",
                hex(&place.layout),
                address(place.run_address),
                thousands(place.payload_offset.into())
            )
        });
        let counter = required(&judge.counter).map(|lowest| format!("{lowest} or higher"));
        let unasked = if basis.compares_revisions { WAIVED } else { "the device compares none" };
        let revision = required(&judge.revision).map(revision).map_err(|_| unasked);
        let mut inputs = vec![
            Input { name: "signatures", value: Ok(trust) },
            Input { name: "device", value: device },
            Input { name: "layout", value: place },
            Input { name: "counter", value: counter },
            Input { name: "revision", value: revision },
        ];
        if self.pins() {
            let ids = |present: &Vec<Digest>| present.iter().map(|id| hex(id)).collect::<Vec<_>>().join(", ");
            let value = basis.companions.as_ref().map(ids).ok_or(WAIVED);
            inputs.push(Input { name: "companions", value });
        }
        if self.basis.beside.is_some() {
            let value = if self.basis.judges_beside {
                Ok("erased bytes and state words, nothing else".to_owned())
            } else {
                Err(WAIVED)
            };
            inputs.push(Input { name: "beside", value });
        }
        inputs
    }

    /// What may be said now that it is authentic.
    fn found(&self, verified: &VerifiedImage) -> Vec<String> {
        let header = verified.header();
        let image = &header.body;
        let version = &image.version;
        let mut lines = vec![
            format!(
                "version {}.{}.{}, counter {}",
                version.major, version.minor, version.patch, image.security_counter
            ),
            format!("image id {}", hex(verified.id())),
            format!(
                "payload {} bytes, sha256 {}",
                thousands(header.envelope.payload_size.get().into()),
                hex(&header.envelope.payload_digest)
            ),
        ];
        if let Some(entry) = verified.entry() {
            lines.push(format!("entry: stack {}, reset {}", address(entry.stack), address(entry.reset)));
        }
        let signed = self.signers().map(|(id, name)| match name {
            Some(name) => format!("signed by {name} {}", hex(&id)),
            None => format!("passed over: a signature of {}, a key that is not trusted", hex(&id)),
        });
        lines.extend(signed);
        lines
    }

    /// Used signature places and the trusted keys' names. Of an image that verified: a place under a trusted key's id is
    /// that key's good signature, or the image would have been refused.
    fn signers(&self) -> impl Iterator<Item = (KeyId, Option<&str>)> {
        let places = FrontHead::ref_from_prefix(self.file).map(|(head, _)| &head.signatures[..]).unwrap_or_default();
        places.iter().filter(|place| **place != SignaturePlace::UNUSED).map(|place| {
            let known = self.basis.keys.iter().find(|(_, key)| key.id() == place.key_id);
            (place.key_id, known.map(|(name, _)| name.as_str()))
        })
    }

    fn to_json(&self) -> Value {
        let input = |Input { name, value }: &Input| json!({ "input": name, "value": value.as_ref().ok(), "waived": value.as_ref().err() });
        let target = self.basis.target.as_ref();
        let mut result = json!({
            "kind": "image",
            "verified": self.is_accepted(),
            "image": target.map(|(image, _)| image),
            "slot": target.map(|(_, slot)| slot),
            "inputs": self.inputs().iter().map(input).collect::<Vec<_>>(),
        });
        match &self.outcome {
            Ok(verified) => {
                let signer = |(id, name): (KeyId, Option<&str>)| json!({ "key_id": hex(&id), "name": name });
                result["image_id"] = json!(hex(verified.id()));
                let range = |range: &Range<u32>| json!({ "address": range.start, "size": range.len() });
                result["beside"] = self.beside().iter().map(range).collect();
                result["absent_companions"] = self.absent().into_iter().map(|id| hex(id)).collect();
                result["signed"] = self.signers().filter(|(_, name)| name.is_some()).map(signer).collect();
            }
            Err(error) => result["refusal"] = refusal::to_json(error, self.file),
        }
        result
    }
}

/// Why an input is not judged, if the command line says so.
const WAIVED: &str = "by --without: not judged";

/// An input of the decision in words, or why it is not judged.
struct Input {
    name: &'static str,
    value: Result<String, &'static str>,
}

fn required<T>(check: &Check<T>) -> Result<&T, &'static str> {
    match check {
        Check::Require(value) => Ok(value),
        Check::Waived => Err(WAIVED),
    }
}

fn revision(revision: &Revision) -> String {
    String::from_utf8_lossy(revision).trim_end_matches('\0').to_owned()
}
