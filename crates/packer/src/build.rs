//! All images of a plan, sealed and judged.

use image_format::record::Record;
use image_format::{Body, Digest, ImageBody, PayloadType, SignaturePlace, Version};
use manifest::codes;
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Image, ImageKind, Placement, Plan, Role, RoleName};
use manifest::rules;

use crate::artefact::{Contents, DraftError};
use crate::built::{Artefact, Built, SealedFile};
use crate::crypto::HostCrypto;
use crate::hashed::Hashed;
use crate::hashes::{Hashes, hash};
use crate::judgement::{Judgement, Of};
use crate::payload::{Payload, Subject, as_it_is, entry, lay_out};
use crate::signing::{Signing, same_keys, strangers};
use crate::{Draft, Judge, PrivateKey, PublicKey, chunks, firmware, layout, parallel, release};

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

/// Checks an input against its slot without sealing it: what `check` can say of inputs that exist.
///
/// # Errors
/// What is wrong with it.
pub fn check_input<'a>(
    plan: &Plan,
    image: &Image,
    placement: &Placement,
    input: &Input<'a>,
) -> Result<Payload<'a>, Vec<Diagnostic>> {
    let subject = Subject { plan, image, placement, input: input.name };
    if image.kind.value == ImageKind::Data {
        return as_it_is(&subject, input.bytes);
    }
    let firmware = firmware::read(input.bytes, placement.run_address).map_err(|error| {
        let title = format!("`{}` is no firmware that can be packed", input.name);
        vec![Diagnostic::error(codes::INPUT, title).at(subject.span(), error.to_string())]
    })?;
    lay_out(&subject, firmware)
}

/// What is sealed beside the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The layout, if a role signs it.
    pub layout: bool,
    /// The release, if a role signs it.
    pub release: bool,
}

impl Wanted {
    /// Both.
    pub const ALL: Self = Self { layout: true, release: true };
}

/// Seals every image of the plan for each of its slots, then the layout and the release, if wanted. `public` are the plan's keys in its
/// order, `signers` private keys in any order. Nothing is returned that the boot loader would refuse for another reason than a signature that is still to
/// come from an external signer.
///
/// # Errors
/// Everything that is wrong with inputs and keys.
pub fn build<'a>(
    plan: &Plan,
    inputs: &[Input<'a>],
    public: &[PublicKey],
    signers: &[PrivateKey],
    wanted: Wanted,
) -> Result<Built<'a>, Vec<Diagnostic>> {
    let mut problems = same_keys(&plan.keys.iter().zip(public.iter().copied()).collect::<Vec<_>>());
    let roles = [RoleName::Image, RoleName::Layout, RoleName::Release];
    let known: Vec<&Role> = roles.iter().filter_map(|name| plan.role(*name)).collect();
    let mut keys = strangers(plan, &known, public, signers);
    let strange = keys.len();
    let [images_by, layout_by, release_by] = roles.map(|name| match name {
        RoleName::Layout if !wanted.layout => None,
        RoleName::Release if !wanted.release => None,
        _ => signing(plan, name, public, signers, &mut keys),
    });
    let missing = keys.split_off(strange);
    problems.extend(keys);
    // If the only key is a wrong one, that the right one is missing is the same mistake.
    let is_one_mistake = strange == 1 && signers.len() == 1;
    problems.extend(missing.into_iter().filter(|found| !is_one_mistake || found.code != codes::SIGNERS.id));
    let mut payloads = Vec::new();
    for image in &plan.images {
        for placement in &image.placements {
            let of_slot = |input: &&Input<'_>| input.image == image.name.value && input.slot == placement.slot.value;
            let Some(input) = inputs.iter().find(of_slot).copied() else {
                problems.push(no_input(image, placement));
                continue;
            };
            match check_input(plan, image, placement, &input) {
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
    let chunk_size = chunks::of_release(payloads.iter().map(Packed::size));
    let bytes: Vec<_> = inputs.iter().map(|input| input.bytes).collect();
    let rooms: Vec<_> = payloads.iter().map(|packed| (&*packed.payload.bytes, packed.room())).collect();
    let (digests, hashes) = hash(&bytes, &rooms, release_by.as_ref().map(|_| chunk_size));
    let mut sealed: Vec<(Artefact<'a>, Vec<Digest>)> = Vec::new();
    let mut open = Vec::new();
    for (packed, mut hashes) in payloads.into_iter().zip(hashes) {
        let chunks = std::mem::take(&mut hashes.chunks);
        let (artefact, judgement) = seal(plan, packed, hashes, &sealed, &images_by)?;
        sealed.push((artefact, chunks));
        open.push(judgement);
    }
    let order = |artefact: &Artefact<'_>| plan.images.iter().position(|image| image.name.value == artefact.image);
    sealed.sort_by_key(|(artefact, _)| order(artefact));
    let (images, chunks): (Vec<_>, Vec<_>) = sealed.into_iter().unzip();
    let mut built = Built { images, layout: None, release: None, members: Vec::new(), inputs: digests };
    if let Some(by) = layout_by {
        built.layout = Some(seal_kind(plan, LAYOUT_FILE, layout::draft(plan), &by)?);
    }
    if let Some(by) = release_by {
        built.members = release::members(plan, &built.images);
        let members: Vec<_> = built.members.iter().map(|index| (&built.images[*index], &chunks[*index][..])).collect();
        let draft = release::draft(plan, &members, chunk_size);
        let Signed { file, judgement, .. } = sign_kind(plan, &release::file_name(plan), draft, &by)?;
        built.release = Some(file);
        open.push(judgement);
    }
    let verdicts = parallel::map(&open, |judgement| {
        // Each byte is read; what was hashed before is not hashed a second time.
        let pieces = judgement.hashed(&built, &chunks, chunk_size);
        judgement.pronounce(judgement.parts(&built), &mut &Hashed::new(&pieces))
    });
    verdicts.into_iter().collect::<Result<(), _>>()?;
    Ok(built)
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
            found.retain(|problem| !problems.iter().any(|known| known.labels == problem.labels));
            problems.extend(found);
            Some(signing)
        }
        Err(open) => {
            problems.extend((name == RoleName::Image || plan.is_of_profile(name)).then_some(open));
            None
        }
    }
}

/// Name of the layout's file.
pub(crate) const LAYOUT_FILE: &str = "layout.bin";

/// Signs an artefact of another kind than an image, and judges the file.
pub(crate) fn seal_kind<B: Body>(
    plan: &Plan,
    file_name: &str,
    draft: Result<Draft<B>, DraftError>,
    signing: &Signing<'_>,
) -> Result<SealedFile, Vec<Diagnostic>> {
    let signed = sign_kind(plan, file_name, draft, signing)?;
    signed.judgement.pronounce(vec![&signed.file.bytes], &mut HostCrypto)?;
    Ok(signed.file)
}

/// An artefact that was signed, and that nobody has judged yet.
pub(crate) struct Signed<B> {
    /// What was signed.
    pub draft: Draft<B>,
    /// The signatures of those who are here, in their order.
    pub places: Vec<SignaturePlace>,
    /// The file.
    pub file: SealedFile,
    /// How it is to be judged.
    pub judgement: Judgement,
}

/// Signs an artefact of another kind than an image.
pub(crate) fn sign_kind<B: Body>(
    plan: &Plan,
    file_name: &str,
    draft: Result<Draft<B>, DraftError>,
    signing: &Signing<'_>,
) -> Result<Signed<B>, Vec<Diagnostic>> {
    let (title, span) = (format!("`{file_name}` cannot be sealed"), plan.product.class.span);
    let draft = match draft {
        Ok(draft) => draft,
        Err(error) => return Err(vec![Diagnostic::error(codes::UNSEALABLE, title).at(span, error.to_string())]),
    };
    let judge = Judge::of_role(plan, &signing.role, signing.threshold);
    let judgement = Judgement::new(&draft, Of::Kind(B::KIND), judge, signing, title, span);
    let places = signing.sign(draft.to_sign());
    let bytes = draft.seal(&places);
    let file = SealedFile { file_name: file_name.to_owned(), bytes, id: draft.id(), signatures: signing.signatures() };
    Ok(Signed { draft, places, file, judgement })
}

/// An image's payload for one slot.
struct Packed<'p, 'a> {
    image: &'p Image,
    placement: &'p Placement,
    input: Input<'a>,
    payload: Payload<'a>,
}

impl Packed<'_, '_> {
    fn size(&self) -> u32 {
        u32::try_from(self.payload.bytes.len()).unwrap_or(u32::MAX)
    }

    /// What the payload leaves of its slot for the auxiliary area.
    fn room(&self) -> u32 {
        self.placement.capacity.saturating_sub(self.size())
    }
}

/// What runs at one address wherever it is stored is one artefact, and so are data: their files must not differ.
fn one_of_each<'p, 'a>(payloads: Vec<Packed<'p, 'a>>, problems: &mut Vec<Diagnostic>) -> Vec<Packed<'p, 'a>> {
    let mut kept: Vec<Packed<'p, 'a>> = Vec::new();
    for packed in payloads {
        let same = |first: &&Packed<'_, '_>| {
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
fn companions(
    plan: &Plan,
    lead: &Image,
    placement: &Placement,
    sealed: &[(Artefact<'_>, Vec<Digest>)],
) -> Option<Vec<Digest>> {
    let place = lead.placements.iter().position(|found| found.slot == placement.slot)?;
    let id = |name: &str| {
        let builds: Vec<_> = sealed.iter().map(|(build, _)| build).filter(|build| build.image == name).collect();
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

fn seal<'a>(
    plan: &Plan,
    packed: Packed<'_, 'a>,
    hashes: Hashes,
    sealed: &[(Artefact<'a>, Vec<Digest>)],
    signing: &Signing<'_>,
) -> Result<(Artefact<'a>, Judgement), Vec<Diagnostic>> {
    let Packed { image, placement, input, payload } = packed;
    let title = format!("`{}` cannot be sealed for slot `{}`", image.name.value, placement.slot.value);
    let refused = |why: String| vec![Diagnostic::error(codes::UNSEALABLE, title.clone()).at(placement.slot.span, why)];
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
        device: plan.product.device(),
        front_size: front,
        body: body(image, placement),
        records: &records,
        payload: payload.bytes,
        auxiliary: hashes.auxiliary,
    };
    let draft = Draft::of_digest(contents, hashes.payload).map_err(|error| refused(error.to_string()))?;
    let judge = Judge::of(plan, image, placement, &signing.role, signing.threshold);
    let id = draft.id();
    let judgement = Judgement::new(&draft, Of::Image(id), judge, signing, title, placement.slot.span);
    let artefact = Artefact {
        image: image.name.value.clone(),
        slot: placement.slot.value.clone(),
        input: input.name.to_owned(),
        file_name: file_name(image, placement),
        front: draft.front(&signing.sign(draft.to_sign())),
        id,
        payload_digest: draft.header.envelope.payload_digest,
        payload_size: draft.header.envelope.payload_size.get(),
        chunk_size: hashes.log2.map(|log2| 1 << log2),
        payload: draft.payload,
        auxiliary: draft.auxiliary,
        payload_address: placement.payload_address,
        format,
        run_address: placement.run_address,
        filled,
        padding,
        entry,
        companions,
        signatures: signing.signatures(),
    };
    Ok((artefact, judgement))
}

/// `app.bin`, or with a build for each slot `app.a.bin`.
pub(crate) fn file_name(image: &Image, placement: &Placement) -> String {
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
