//! All images of a plan, sealed and judged.

use image_format::record::Record;
use image_format::{Device, Digest, Entry, ImageBody, PayloadType, Version};
use manifest::codes;
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Image, ImageKind, Placement, Plan, RoleName};
use manifest::rules;

use crate::artefact::Contents;
use crate::payload::{Payload, Subject, as_it_is, entry, lay_out};
use crate::signing::{NamedKey, Signing, same_keys, strangers};
use crate::{Draft, Format, Judge, PrivateKey, PublicKey, firmware};

/// A file to pack.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The image it is for.
    pub image: &'a str,
    /// The slot it is for.
    pub slot: &'a str,
    /// What the user called it.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// A sealed image for one slot, judged as the boot loader will; but for signatures that are still missing.
#[derive(Clone, Debug)]
pub struct Artefact {
    /// The image.
    pub image: String,
    /// The slot.
    pub slot: String,
    /// What the user called its input.
    pub input: String,
    /// Name of its file: `app.a.bin`.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its id: SHA-256 of the signed header.
    pub id: Digest,
    /// SHA-256 of the payload.
    pub payload_digest: Digest,
    /// Size of the payload in bytes.
    pub payload_size: u32,
    /// Where the payload is stored and runs.
    pub payload_address: u32,
    /// How the input came.
    pub format: Format,
    /// Bytes that filled gaps between segments.
    pub filled: u32,
    /// Erased bytes at the end of a BIN: see [`Payload::padding`].
    pub padding: u32,
    /// Where the core starts. `None`: it does not start data.
    pub entry: Option<Entry>,
    /// Ids of the images that it pins, in the order of `companions`.
    pub companions: Vec<Digest>,
    /// Names and keys of those who signed.
    pub signed: Vec<NamedKey>,
    /// Signatures that are still missing: until then no board accepts it.
    pub missing: u8,
    /// The keys with an external signer that have not signed.
    pub waiting: Vec<NamedKey>,
}

/// Checks an input against its slot without sealing it: what `check` can say of inputs that exist.
///
/// # Errors
/// What is wrong with it.
pub fn check_input(
    plan: &Plan,
    image: &Image,
    placement: &Placement,
    input: &Input<'_>,
) -> Result<Payload, Vec<Diagnostic>> {
    let subject = Subject { plan, image, placement, input: input.name };
    if image.kind.value == ImageKind::Data {
        return as_it_is(&subject, input.bytes);
    }
    let firmware = firmware::read(input.bytes, placement.run_address).map_err(|error| {
        let title = format!("`{}` is no firmware that can be packed", input.name);
        vec![Diagnostic::error(codes::INPUT, title).at(subject.span(), error.to_string())]
    })?;
    lay_out(&subject, &firmware)
}

/// Seals every image of the plan for each of its slots. `public` are the plan's keys in its order, `signers` private keys
/// in any order. Nothing is returned that the boot loader would refuse for another reason than a signature that is still to
/// come from an external signer.
///
/// # Errors
/// Everything that is wrong with inputs and keys.
pub fn build(
    plan: &Plan,
    inputs: &[Input<'_>],
    public: &[PublicKey],
    signers: &[PrivateKey],
) -> Result<Vec<Artefact>, Vec<Diagnostic>> {
    let mut problems = same_keys(&plan.keys.iter().zip(public.iter().copied()).collect::<Vec<_>>());
    let signing = match plan.required_role(RoleName::Image) {
        Ok(role) => {
            problems.extend(strangers(plan, &[role], public, signers));
            Some(Signing::of(plan, role, public, signers, &mut problems))
        }
        Err(open) => {
            problems.push(*open);
            None
        }
    };
    let mut payloads = Vec::new();
    for image in &plan.images {
        for placement in &image.placements {
            let of_slot = |input: &&Input<'_>| input.image == image.name.value && input.slot == placement.slot.value;
            let Some(input) = inputs.iter().find(of_slot) else {
                problems.push(no_input(image, placement));
                continue;
            };
            match check_input(plan, image, placement, input) {
                Ok(payload) => payloads.push(Packed { image, placement, input, payload }),
                Err(found) => problems.extend(found),
            }
        }
    }
    problems.extend(plan.images.iter().filter(|image| image.version.is_none()).map(no_version));
    problems.extend(rules::unmet(plan));
    let mut payloads = one_of_each(payloads, &mut problems);
    let Some(signing) = signing.filter(|_| problems.is_empty()) else { return Err(problems) };
    // A lead holds its companions' ids, so that these are sealed before it.
    payloads.sort_by_key(|packed| !packed.image.companions.is_empty());
    let mut artefacts: Vec<Artefact> = Vec::new();
    for packed in payloads {
        artefacts.push(seal(plan, packed, &artefacts, &signing)?);
    }
    let order = |artefact: &Artefact| plan.images.iter().position(|image| image.name.value == artefact.image);
    artefacts.sort_by_key(order);
    Ok(artefacts)
}

/// An image's payload for one slot.
struct Packed<'a> {
    image: &'a Image,
    placement: &'a Placement,
    input: &'a Input<'a>,
    payload: Payload,
}

/// What runs at one address wherever it is stored is one artefact, and so are data: their files must not differ.
fn one_of_each<'a>(payloads: Vec<Packed<'a>>, problems: &mut Vec<Diagnostic>) -> Vec<Packed<'a>> {
    let mut kept: Vec<Packed<'a>> = Vec::new();
    for packed in payloads {
        let same = |first: &&Packed<'a>| {
            first.image.name.value == packed.image.name.value
                && first.placement.run_address == packed.placement.run_address
        };
        match kept.iter().find(same) {
            None => kept.push(packed),
            Some(first) if first.payload.bytes == packed.payload.bytes => {}
            Some(first) => {
                let (one, other) = (first.input.name, packed.input.name);
                let title = format!(
                    "`{}` is the same in each of its slots, and `{one}` and `{other}` differ",
                    packed.image.name.value
                );
                let error = Diagnostic::error(codes::TWICE, title).at(packed.placement.slot.span, format!("`{other}`"));
                problems.push(error.see(first.placement.slot.span, format!("`{one}`")).help("one file for all slots"));
            }
        }
    }
    kept
}

/// The ids of an image's companions: of each its only build, or the build for the slot of the same place in its list.
/// `None` if one of them was not sealed.
fn companions(plan: &Plan, lead: &Image, placement: &Placement, sealed: &[Artefact]) -> Option<Vec<Digest>> {
    let place = lead.placements.iter().position(|found| found.slot == placement.slot)?;
    let id = |name: &str| {
        let builds: Vec<&Artefact> = sealed.iter().filter(|artefact| artefact.image == name).collect();
        if let [only] = builds[..] {
            return Some(only.id);
        }
        let slot = &plan.image(name)?.placements.get(place)?.slot.value;
        builds.iter().find(|build| build.slot == *slot).map(|build| build.id)
    };
    lead.companions.iter().map(|name| id(&name.value)).collect()
}

fn no_input(image: &Image, placement: &Placement) -> Diagnostic {
    let (name, slot) = (&image.name.value, &placement.slot.value);
    Diagnostic::error(codes::MISSING_KEY, format!("no input for `{name}` in slot `{slot}`"))
        .at(placement.slot.span, "nothing says what goes here")
        .help(format!("inputs.{slot} = \"FILE\" in [images.{name}], or --input {name}.{slot}=FILE"))
}

fn no_version(image: &Image) -> Diagnostic {
    let name = &image.name.value;
    Diagnostic::error(codes::MISSING_KEY, format!("nothing says which version of `{name}` this is"))
        .at(image.version.span, "left to the command line")
        .help(format!("--image-version {name}=X.Y.Z"))
}

/// Stands in for the signatures that are still missing while an artefact is judged. Everybody knows it, so nobody trusts it;
/// what it signs is never written.
const STAND_IN: [u8; 32] = [0; 32];

fn seal(
    plan: &Plan,
    packed: Packed<'_>,
    sealed: &[Artefact],
    signing: &Signing<'_>,
) -> Result<Artefact, Vec<Diagnostic>> {
    let Packed { image, placement, input, payload } = packed;
    let refused = |why: String| {
        let title = format!("`{}` cannot be sealed for slot `{}`", image.name.value, placement.slot.value);
        vec![Diagnostic::error(codes::UNSEALABLE, title).at(placement.slot.span, why)]
    };
    let front = placement.front_size;
    let companions = companions(plan, image, placement, sealed);
    let companions = companions.ok_or_else(|| refused("a companion of it was not sealed".to_owned()))?;
    let mut records = Vec::new();
    if !image.revisions.is_empty() {
        records.push(Record::Revisions(&image.revisions));
    }
    if !companions.is_empty() {
        records.push(Record::Companions(&companions));
    }
    let Payload { format, padding, .. } = payload;
    let filled = payload.gaps.iter().map(|gap| gap.end - gap.start).sum();
    let is_firmware = image.kind.value == ImageKind::Firmware;
    let entry = is_firmware.then(|| entry(&payload.bytes)).flatten();
    let contents = Contents {
        device: Device { vendor_id: plan.product.vendor_id, class_id: plan.product.class_id },
        front_size: front,
        body: body(image, placement),
        records: &records,
        payload: payload.bytes,
        auxiliary: Vec::new(),
    };
    let draft = Draft::new(contents).map_err(|error| refused(error.to_string()))?;
    let bytes = draft.seal(&signing.sign(draft.to_sign()));
    let verified = if signing.missing == 0 {
        Judge::of(plan, image, placement, &signing.role, signing.threshold).judge(&bytes)
    } else {
        let stand_in = PrivateKey::from_seed(&STAND_IN);
        let judge = Judge::of(plan, image, placement, &[stand_in.public()], 1);
        judge.judge(&draft.seal(&[stand_in.sign(draft.to_sign())]))
    };
    let id = *verified.map_err(|error| refused(format!("the boot loader would refuse it: {error}")))?.id();
    Ok(Artefact {
        image: image.name.value.clone(),
        slot: placement.slot.value.clone(),
        input: input.name.to_owned(),
        file_name: file_name(image, placement),
        bytes,
        id,
        payload_digest: draft.header.envelope.payload_digest,
        payload_size: draft.header.envelope.payload_size.get(),
        payload_address: placement.payload_address,
        format,
        filled,
        padding,
        entry,
        companions,
        signed: signing.signed(),
        missing: signing.missing,
        waiting: signing.waiting.clone(),
    })
}

/// `app.bin`, or with a build for each slot `app.a.bin`.
fn file_name(image: &Image, placement: &Placement) -> String {
    let other = |other: &&Placement| other.run_address != placement.run_address;
    let slot = image.placements.iter().find(other).map_or(String::new(), |_| format!(".{}", placement.slot.value));
    format!("{}{slot}.bin", image.name.value)
}

fn body(image: &Image, placement: &Placement) -> ImageBody {
    // An image without one was refused.
    let version = image.version.value.unwrap_or_default();
    let payload_type = match image.kind.value {
        ImageKind::Firmware => PayloadType::Firmware,
        ImageKind::Data => PayloadType::Data,
    };
    ImageBody {
        layout: image.fingerprint,
        run_address: placement.run_address.into(),
        payload_offset: placement.payload_offset().into(),
        version: Version { major: version.major.into(), minor: version.minor.into(), patch: version.patch.into() },
        security_counter: image.security_counter.value.into(),
        payload_type: payload_type.number().into(),
        reserved: [0; 40],
    }
}
