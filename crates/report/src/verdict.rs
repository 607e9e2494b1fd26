//! What `verify` found, input by input.

use std::fmt::Write as _;
use std::ops::Range;

use geometry::address;
use image_format::{Check, Digest, Error, FrontHead, KeyId, Memory, Revision, SignaturePlace, VerifiedImage};
use packer::{Judge, PublicKey};
use serde_json::Value;
use zerocopy::FromBytes as _;

use crate::exit::Exit;
use crate::findings::Report;
use crate::json;
use crate::refusal;
use crate::text::{hex, thousands};
use crate::verify::{Reader, but};

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
    /// Who is told.
    pub reader: Reader,
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

    /// Says which images were verified with it. `None`: what it pins is not judged.
    pub fn set_companions(&mut self, companions: Option<Vec<Digest>>) {
        self.basis.companions = companions;
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
        let Basis { target, reader, .. } = &self.basis;
        let target = target.as_ref().map_or(String::new(), |(image, slot)| format!(", as {image} in slot {slot}"));
        let mut text = format!("{name}{target}\n");
        let inputs = self.inputs();
        let width = inputs.iter().map(|input| input.name.len()).max().unwrap_or(0);
        for Input { name, state } in &inputs {
            let (word, value) = match state.why(*reader) {
                None => ("given", state.value().unwrap_or_default()),
                Some(why) => ("waived", why),
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
                let _ = writeln!(text, "verified, as the boot loader will{}", but(&self.waived()));
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
        let device = given(&judge.device, |device| {
            let ids = format!("vendor {}, class {}", hex(&device.vendor_id), hex(&device.class_id));
            basis.product.as_ref().map_or(ids.clone(), |product| format!("{product} ({ids})"))
        });
        let place = given(&judge.place, |place| {
            let room = basis.room.map_or(String::new(), |room| format!(", room for {} bytes", thousands(room.into())));
            format!(
                "{}, runs at {}, payload at offset {}{room}",
                hex(&place.layout),
                address(place.run_address),
                thousands(place.payload_offset.into())
            )
        });
        let counter = given(&judge.counter, |lowest| format!("{lowest} or higher"));
        let revision = match given(&judge.revision, revision) {
            State::Waived if !basis.compares_revisions => State::NotCompared,
            state => state,
        };
        let mut inputs = vec![
            Input { name: "signatures", state: State::Given(trust) },
            Input { name: "device", state: device },
            Input { name: "layout", state: place },
            Input { name: "counter", state: counter },
            Input { name: "revision", state: revision },
        ];
        if self.pins() {
            let ids = |present: &Vec<Digest>| present.iter().map(|id| hex(id)).collect::<Vec<_>>().join(", ");
            let state = basis.companions.as_ref().map(ids).map_or(State::Waived, State::Given);
            inputs.push(Input { name: "companions", state });
        }
        if basis.beside.is_some() {
            let state = match basis.judges_beside {
                true => State::Given("erased bytes and state words, nothing else".to_owned()),
                false => State::Waived,
            };
            inputs.push(Input { name: "beside", state });
        }
        inputs
    }

    /// Names of the inputs that nobody has judged.
    pub fn waived(&self) -> Vec<&'static str> {
        self.inputs().iter().filter(|input| matches!(input.state, State::Waived)).map(|input| input.name).collect()
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
        let reader = self.basis.reader;
        let input = |Input { name, state }: &Input| json!({ "input": name, "value": state.value(), "waived": state.why(reader) });
        let target = self.basis.target.as_ref();
        let mut result = json!({
            "kind": "image",
            "verified": self.is_accepted(),
            "image": target.map(|(image, _)| image),
            "slot": target.map(|(_, slot)| slot),
            "inputs": self.inputs().iter().map(input).collect::<Vec<_>>(),
            "not_judged": self.waived(),
        });
        match &self.outcome {
            Ok(verified) => {
                let signer = |(id, name): (KeyId, Option<&str>)| json!({ "key_id": hex(&id), "name": name });
                result["image_id"] = json!(hex(verified.id()));
                let range = |range: &Range<u32>| json!({ "address": range.start, "size": range.len() });
                result["beside"] = self.beside().iter().map(range).collect();
                result["companions"] = verified.companions().iter().map(|id| hex(id)).collect();
                result["absent_companions"] = self.absent().into_iter().map(|id| hex(id)).collect();
                result["signed"] = self.signers().filter(|(_, name)| name.is_some()).map(signer).collect();
            }
            Err(error) => result["refusal"] = refusal::to_json(error, self.file),
        }
        result
    }
}

/// An input of the decision.
struct Input {
    name: &'static str,
    state: State,
}

/// How an input was judged.
enum State {
    /// Against this.
    Given(String),
    /// Not at all.
    Waived,
    /// Not at all, and the device does not either.
    NotCompared,
}

impl State {
    fn value(&self) -> Option<&str> {
        if let Self::Given(value) = self { Some(value) } else { None }
    }

    /// Why it was not judged.
    fn why(&self, reader: Reader) -> Option<&'static str> {
        match self {
            Self::Given(_) => None,
            Self::Waived => Some(reader.waived()),
            Self::NotCompared => Some("the device compares none"),
        }
    }
}

fn given<T>(check: &Check<T>, words: impl FnOnce(&T) -> String) -> State {
    match check {
        Check::Require(value) => State::Given(words(value)),
        Check::Waived => State::Waived,
    }
}

fn revision(revision: &Revision) -> String {
    String::from_utf8_lossy(revision).trim_end_matches('\0').to_owned()
}
