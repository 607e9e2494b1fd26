//! All images of a plan, sealed and judged.

use image_format::record::Record;
use image_format::{Body, Device, Digest, Entry, Error, ImageBody, Memory, PayloadType, SignaturePlace, Version};
use manifest::codes;
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Image, ImageKind, Placement, Plan, Role, RoleName};
use manifest::rules;

use crate::artefact::{Contents, DraftError};
use crate::payload::{Payload, Subject, as_it_is, entry, lay_out};
use crate::signing::{Signatures, Signing, same_keys, strangers};
use crate::{Draft, Format, Judge, PrivateKey, PublicKey, chunks, firmware, layout, release};

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
    /// Size of a chunk whose digests the auxiliary area has; `None`: the slot had no room for them.
    pub chunk_size: Option<u32>,
    /// Bytes of the auxiliary area.
    pub auxiliary_size: u32,
    /// Where the payload is stored.
    pub payload_address: u32,
    /// How the input came.
    pub format: Format,
    /// Where the payload runs.
    pub run_address: u32,
    /// Bytes that filled gaps between segments.
    pub filled: u32,
    /// Erased bytes at the end of a BIN: see [`Payload::padding`].
    pub padding: u32,
    /// Where the core starts. `None`: it does not start data.
    pub entry: Option<Entry>,
    /// Ids of the images that it pins, in the order of `companions`.
    pub companions: Vec<Digest>,
    /// Who signed, and who is to.
    pub signatures: Signatures,
}

impl Artefact {
    /// The payload's bytes.
    pub fn payload(&self) -> &[u8] {
        let end = self.bytes.len().saturating_sub(self.auxiliary_size as usize);
        self.bytes.get(end.saturating_sub(self.payload_size as usize)..end).unwrap_or_default()
    }
}

/// A sealed layout or release.
#[derive(Clone, Debug)]
pub struct SealedFile {
    /// Name of its file.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// SHA-256 of the signed header.
    pub id: Digest,
    /// Who signed, and who is to.
    pub signatures: Signatures,
}

/// Everything that is sealed of a plan.
#[derive(Clone, Debug)]
pub struct Built {
    /// The images, in the plan's order.
    pub images: Vec<Artefact>,
    /// The slot groups. `None`: nothing says who signs layouts.
    pub layout: Option<SealedFile>,
    /// The images that go together, in one file. `None`: nothing says who signs releases.
    pub release: Option<SealedFile>,
}

impl Built {
    /// Who signed what, and who is to.
    pub fn signatures(&self) -> impl Iterator<Item = &Signatures> {
        let images = self.images.iter().map(|artefact| &artefact.signatures);
        images.chain([&self.layout, &self.release].into_iter().flatten().map(|file| &file.signatures))
    }

    /// Whether signatures are still missing: until then no board accepts it.
    pub fn is_waiting(&self) -> bool {
        self.signatures().any(|signatures| signatures.missing > 0)
    }

    /// The artefact for a slot. What runs at one address wherever it is stored is one artefact for all of its slots.
    pub fn image(&self, image: &Image, placement: &Placement) -> Option<&Artefact> {
        let (name, slot) = (&image.name.value, &placement.slot.value);
        let of_image = || self.images.iter().filter(|artefact| artefact.image == *name);
        let same_address = || of_image().find(|artefact| artefact.run_address == placement.run_address);
        of_image().find(|artefact| artefact.slot == *slot).or_else(same_address)
    }
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

/// Seals every image of the plan for each of its slots, then the layout and the release. `public` are the plan's keys in its
/// order, `signers` private keys in any order. Nothing is returned that the boot loader would refuse for another reason than a signature that is still to
/// come from an external signer.
///
/// # Errors
/// Everything that is wrong with inputs and keys.
pub fn build(
    plan: &Plan,
    inputs: &[Input<'_>],
    public: &[PublicKey],
    signers: &[PrivateKey],
) -> Result<Built, Vec<Diagnostic>> {
    let mut problems = same_keys(&plan.keys.iter().zip(public.iter().copied()).collect::<Vec<_>>());
    let roles = [RoleName::Image, RoleName::Layout, RoleName::Release];
    let known: Vec<&Role> = roles.iter().filter_map(|name| plan.role(*name)).collect();
    let mut keys = strangers(plan, &known, public, signers);
    let strange = keys.len();
    let [images_by, layout_by, release_by] = roles.map(|name| signing(plan, name, public, signers, &mut keys));
    let missing = keys.split_off(strange);
    problems.extend(keys);
    // If the only key is a wrong one, that the right one is missing is the same mistake.
    let is_one_mistake = strange == 1 && signers.len() == 1;
    problems.extend(missing.into_iter().filter(|found| !is_one_mistake || found.code != codes::SIGNERS.id));
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
    let Some(images_by) = images_by.filter(|_| problems.is_empty()) else { return Err(problems) };
    // A lead holds its companions' ids, so that these are sealed before it.
    payloads.sort_by_key(|packed| !packed.image.companions.is_empty());
    let mut images: Vec<Artefact> = Vec::new();
    for packed in payloads {
        images.push(seal(plan, packed, &images, &images_by)?);
    }
    let order = |artefact: &Artefact| plan.images.iter().position(|image| image.name.value == artefact.image);
    images.sort_by_key(order);
    let layout = layout_by.map(|by| seal_kind(plan, LAYOUT_FILE, layout::draft(plan), &[], &by)).transpose()?;
    let members = release::members(plan, &images);
    let files: Vec<&[u8]> = members.iter().map(|artefact| artefact.bytes.as_slice()).collect();
    let name = release::file_name(plan);
    let seal_release = |by: Signing<'_>| seal_kind(plan, &name, release::draft(plan, &members), &files, &by);
    let release = release_by.map(seal_release).transpose()?;
    Ok(Built { images, layout, release })
}

/// Who signs as a role. `None` with a problem where nobody can; without one where the manifest has no such role, and what it
/// signs is not made.
fn signing<'a>(
    plan: &Plan,
    name: RoleName,
    public: &[PublicKey],
    signers: &'a [PrivateKey],
    problems: &mut Vec<Diagnostic>,
) -> Option<Signing<'a>> {
    match plan.required_role(name) {
        Ok(role) => {
            let mut found = Vec::new();
            let signing = Signing::of(plan, role, public, signers, &mut found);
            // The same keys for several roles are missed once.
            found.retain(|problem| !problems.contains(problem));
            problems.extend(found);
            Some(signing)
        }
        Err(open) => {
            problems.extend((name == RoleName::Image || plan.is_of_profile(name)).then_some(*open));
            None
        }
    }
}

/// Name of the layout's file.
const LAYOUT_FILE: &str = "layout.bin";

/// Signs an artefact of another kind than an image, puts what belongs behind it there, and judges the file.
pub(crate) fn seal_kind<B: Body>(
    plan: &Plan,
    file_name: &str,
    draft: Result<Draft<B>, DraftError>,
    following: &[&[u8]],
    signing: &Signing<'_>,
) -> Result<SealedFile, Vec<Diagnostic>> {
    let refused = |why: String| {
        let title = format!("`{file_name}` cannot be sealed");
        vec![Diagnostic::error(codes::UNSEALABLE, title).at(plan.product.class.span, why)]
    };
    let draft = draft.map_err(|error| refused(error.to_string()))?;
    let judge = Judge::of_role(plan, &signing.role, signing.threshold);
    let whole = |judge: &Judge, file: &[u8]| judge.judge_whole(B::KIND, &mut Memory::file(file));
    let (bytes, ()) = seal_and_judge(&draft, following, judge, signing, whole)
        .map_err(|error| refused(format!("a reader would refuse it: {error}")))?;
    Ok(SealedFile { file_name: file_name.to_owned(), bytes, id: draft.id(), signatures: signing.signatures() })
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

/// Seals an artefact, and judges it: without signatures that come later, a copy with the stand-in's.
fn seal_and_judge<B: Body, V>(
    draft: &Draft<B>,
    following: &[&[u8]],
    judge: Judge,
    signing: &Signing<'_>,
    verify: impl Fn(&Judge, &[u8]) -> Result<V, Error>,
) -> Result<(Vec<u8>, V), Error> {
    let file = |places: &[SignaturePlace]| [draft.seal(places), following.concat()].concat();
    let bytes = file(&signing.sign(draft.to_sign()));
    let verified = if signing.missing == 0 {
        verify(&judge, &bytes)?
    } else {
        let stand_in = PrivateKey::from_seed(&STAND_IN);
        let judge = Judge { keys: vec![*stand_in.public().bytes()], threshold: 1, ..judge };
        verify(&judge, &file(&[stand_in.sign(draft.to_sign())]))?
    };
    Ok((bytes, verified))
}

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
    let room = placement.capacity.saturating_sub(u32::try_from(payload.bytes.len()).unwrap_or(u32::MAX));
    let auxiliary = chunks::auxiliary(&payload.bytes, room);
    let contents = Contents {
        device: Device { vendor_id: plan.product.vendor_id, class_id: plan.product.class_id },
        front_size: front,
        body: body(image, placement),
        records: &records,
        payload: payload.bytes,
        auxiliary,
    };
    let draft = Draft::new(contents).map_err(|error| refused(error.to_string()))?;
    let judge = Judge::of(plan, image, placement, &signing.role, signing.threshold);
    let (bytes, verified) = seal_and_judge(&draft, &[], judge, signing, |judge, file| judge.judge(file))
        .map_err(|error| refused(format!("the boot loader would refuse it: {error}")))?;
    let id = *verified.id();
    Ok(Artefact {
        image: image.name.value.clone(),
        slot: placement.slot.value.clone(),
        input: input.name.to_owned(),
        file_name: file_name(image, placement),
        bytes,
        id,
        payload_digest: draft.header.envelope.payload_digest,
        payload_size: draft.header.envelope.payload_size.get(),
        chunk_size: chunks::size_of_chunk(&draft.auxiliary, draft.header.envelope.payload_size.get()),
        auxiliary_size: draft.header.envelope.auxiliary_size.get(),
        payload_address: placement.payload_address,
        format,
        run_address: placement.run_address,
        filled,
        padding,
        entry,
        companions,
        signatures: signing.signatures(),
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
