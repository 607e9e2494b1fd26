//! Artefacts with open signature places: what is to be signed elsewhere, and putting signatures back.
//!
//! Nothing is kept beside the sealed files themselves. A signature belongs where it verifies; what then counts as finished is
//! judged by the manifest, never by what lies in the folder.

use std::collections::HashMap;

use image_format::layout::LayoutBody;
use image_format::otp::OtpBody;
use image_format::release::ReleaseBody;
use image_format::{
    Body, Code, Digest, Error, FrontHead, HEADER_SIZE, Header, ImageBody, ImageHeader, Kind, Memory, SIGNATURE_PLACES,
    SignaturePlace, SignedHeader, sha256,
};
use manifest::plan::{Image, Placement, Plan, RoleName, Version};
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::crypto::HostCrypto;
use crate::signing::NamedKey;
use crate::{Judge, PublicKey, parallel};

/// A file of sealed artefacts, one behind the other: an image alone, or a release and its members.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its artefacts, the first one first.
    pub parts: Vec<Part>,
}

/// An artefact in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: Kind,
    /// Where in the file it starts.
    pub offset: usize,
    /// Its id: the SHA-256 of the bytes to sign.
    pub id: Digest,
}

/// A signature that somebody brings.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The file that it comes from.
    pub name: String,
    /// The 64 bytes.
    pub bytes: [u8; 64],
}

/// A signature that found its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The file that it comes from.
    pub signature: String,
    /// Whose it is.
    pub key: NamedKey,
    /// Id of what it signs.
    pub id: Digest,
}

/// Why signatures were not attached. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// It verifies nowhere.
    #[error("{0} is no signature of any of these artefacts by any of the manifest's keys")]
    Unmatched(String),
    /// The four places are used.
    #[error("{0} would be a fifth signature; an artefact has room for four")]
    NoPlace(String),
    /// It belongs to nothing that the manifest has.
    #[error("{file}: the manifest has no image for this slot group and run address")]
    Stranger {
        /// The file.
        file: String,
    },
    /// Made with another version than the manifest's.
    #[error("{file}: version {found} of `{image}`, and the manifest says {expected}")]
    OtherVersion {
        /// The file.
        file: String,
        /// The image.
        image: String,
        /// Its version.
        found: Version,
        /// The manifest's.
        expected: Version,
    },
    /// An image that was built with the others.
    #[error("`{image}` for slot `{slot}` is not there")]
    Absent {
        /// The image.
        image: String,
        /// The first slot that it would be for.
        slot: String,
    },
    /// Nobody's signature counts for it.
    #[error("{file}: nothing says whose signatures `roles.{role}` needs")]
    NoRole {
        /// The file.
        file: String,
        /// The role's name.
        role: &'static str,
    },
    /// Signatures are still missing.
    #[error("{file}: {has} of {needed} signatures; still to sign: {}", named(open))]
    TooFew {
        /// The file.
        file: String,
        /// Signatures that count.
        has: usize,
        /// Signatures that are needed.
        needed: u8,
        /// Keys that may sign and have not.
        open: Vec<NamedKey>,
    },
    /// Refused, with all signatures in place.
    #[error("{file}: refused: {error}")]
    Refused {
        /// The file.
        file: String,
        /// By the boot loader's rules.
        error: Error,
    },
}

impl Sealed {
    /// Takes a file apart.
    ///
    /// # Errors
    /// [`Code::NotSealed`] if it does not start with an artefact; what is wrong with a header; a file that ends within an
    /// artefact.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        let mut parts = Vec::new();
        let mut offset = 0;
        while offset < bytes.len() {
            let rest = &bytes[offset..];
            let (kind, size) = extent(rest).map_err(|error| at(error, offset))?;
            if size > rest.len() {
                return Err(at(Error { code: Code::Truncated, offset: 0 }, bytes.len()));
            }
            let id = sha256(&mut HostCrypto, &rest[..HEADER_SIZE as usize]);
            parts.push(Part { kind, offset, id });
            offset += size;
        }
        if parts.is_empty() { Err(Error { code: Code::NotSealed, offset: 0 }) } else { Ok(Self { bytes, parts }) }
    }

    /// Exactly the bytes to sign.
    pub fn to_sign(&self, part: &Part) -> &[u8] {
        &self.bytes[part.offset..part.offset + HEADER_SIZE as usize]
    }

    /// The header of an image.
    pub fn image(&self, part: &Part) -> Option<ImageHeader> {
        let header = (part.kind == Kind::Image).then(|| ImageHeader::read_from_bytes(self.to_sign(part)).ok());
        header.flatten()
    }

    /// The board that a blob is for.
    pub fn board(&self, part: &Part) -> Option<String> {
        let bytes = (part.kind == Kind::OtpBlob).then(|| self.to_sign(part))?;
        let header = SignedHeader::<OtpBody>::read_from_bytes(bytes).ok()?;
        let name = header.body.board.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// The signatures that it has.
    pub fn signatures(&self, part: &Part) -> Vec<SignaturePlace> {
        let head = FrontHead::ref_from_prefix(&self.bytes[part.offset..]).ok();
        let places = head.map_or([SignaturePlace::UNUSED; SIGNATURE_PLACES], |(head, _)| head.signatures);
        places.into_iter().filter(|place| *place != SignaturePlace::UNUSED).collect()
    }

    /// Adds a signature, in the order that the format wants. One that is there already stays as it is.
    ///
    /// # Errors
    /// `None` if no place is free.
    fn add(&mut self, part: &Part, signature: SignaturePlace) -> Option<()> {
        let mut used = self.signatures(part);
        if used.iter().any(|place| place.key_id == signature.key_id) {
            return Some(());
        }
        used.push(signature);
        used.sort_by_key(|place| place.key_id);
        let mut places = [SignaturePlace::UNUSED; SIGNATURE_PLACES];
        if used.len() > places.len() {
            return None;
        }
        places.iter_mut().zip(used).for_each(|(place, signature)| *place = signature);
        let start = part.offset + HEADER_SIZE as usize;
        let bytes = places.as_bytes();
        self.bytes.get_mut(start..start + bytes.len())?.copy_from_slice(bytes);
        Some(())
    }
}

/// Kind and size of the artefact that starts here.
fn extent(bytes: &[u8]) -> Result<(Kind, usize), Error> {
    fn of<B: Body>(bytes: &[u8]) -> Result<(Kind, usize), Error> {
        let header = Header::<B>::read(&mut Memory::file(bytes))?;
        Ok((B::KIND, header.unauthenticated().artefact_size() as usize))
    }
    let kind = Kind::ALL.into_iter().find(|kind| bytes.starts_with(&kind.magic()));
    match kind {
        Some(Kind::Layout) => of::<LayoutBody>(bytes),
        Some(Kind::Release) => of::<ReleaseBody>(bytes),
        Some(Kind::OtpBlob) => of::<OtpBody>(bytes),
        // The image's reader says what is wrong with anything else.
        _ => of::<ImageBody>(bytes),
    }
}

/// The error of an artefact that starts at this offset of its file.
fn at(error: Error, offset: usize) -> Error {
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    Error { offset: error.offset.saturating_add(offset), ..error }
}

/// What became of signatures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The signatures, each where it belongs.
    pub attached: Vec<Attached>,
    /// Boards' blobs that still wait for others; they are not among the files any more.
    pub waiting: Vec<AttachError>,
}

/// Puts each signature where it verifies, under a key of the plan's roles (`public` are the plan's keys in its order), and
/// judges every file as the boot loader will, but for the board's revision. Files are changed only if all are finished; but
/// boards have nothing to do with one another, so of their blobs those that are finished stay, and the others are left out.
///
/// # Errors
/// Everything that keeps a file from being finished.
pub fn attach(
    plan: &Plan,
    public: &[PublicKey],
    files: &mut Vec<(String, Sealed)>,
    signatures: &[Signature],
) -> Result<Outcome, Vec<AttachError>> {
    let keys: Vec<NamedKey> =
        plan.keys.iter().zip(public).map(|(key, public)| (key.name.value.clone(), *public)).collect();
    let mut done = files.clone();
    let are_blobs = done.iter().all(|(_, file)| matches!(&file.parts[..], [part] if part.kind == Kind::OtpBlob));
    let names: HashMap<&str, usize> = files.iter().zip(0..).map(|((name, _), index)| (name.as_str(), index)).collect();
    let mut outcome = Outcome::default();
    let mut problems = Vec::new();
    for signature in signatures {
        let mut found = None;
        // A name says nothing; but a signature that is called like its file need not be tried on a thousand others before.
        let likely = likely(&names, &signature.name);
        for index in likely.into_iter().chain((0..done.len()).filter(|index| Some(*index) != likely)) {
            let (_, file) = &mut done[index];
            for part in file.parts.clone() {
                let Some(key) = keys.iter().find(|(_, key)| key.verifies(file.to_sign(&part), &signature.bytes)) else {
                    continue;
                };
                let place = SignaturePlace { key_id: key.1.id(), signature: signature.bytes };
                if file.add(&part, place).is_none() {
                    problems.push(AttachError::NoPlace(signature.name.clone()));
                }
                found = Some(Attached { signature: signature.name.clone(), key: key.clone(), id: part.id });
            }
            if are_blobs && found.is_some() {
                break;
            }
        }
        match found {
            Some(found) => outcome.attached.push(found),
            None => problems.push(AttachError::Unmatched(signature.name.clone())),
        }
    }
    let judged = parallel::map(&done, |(name, file)| judge(plan, &keys, name, file).err());
    let mut finished = Vec::new();
    for (file, judged) in done.into_iter().zip(judged) {
        match judged {
            None => finished.push(file),
            Some(error @ AttachError::TooFew { .. }) if are_blobs => outcome.waiting.push(error),
            Some(error) => problems.push(error),
        }
    }
    if finished.is_empty() {
        problems.append(&mut outcome.waiting);
    }
    if !are_blobs {
        problems.extend(absent(plan, &finished));
    }
    if problems.is_empty() {
        *files = finished;
        Ok(outcome)
    } else {
        Err(problems)
    }
}

/// The file that a signature's name begins with: `A.otp` of `sigs/A.otp.sig`.
fn likely(names: &HashMap<&str, usize>, signature: &str) -> Option<usize> {
    let mut stem = signature.rsplit(['/', '\\']).next()?;
    loop {
        if let Some(index) = names.get(stem) {
            return Some(*index);
        }
        stem = stem.rsplit_once('.')?.0;
    }
}

/// Images of the plan that no file has: a set without them is not what was built.
fn absent(plan: &Plan, files: &[(String, Sealed)]) -> Vec<AttachError> {
    let headers: Vec<ImageHeader> =
        files.iter().flat_map(|(_, file)| file.parts.iter().filter_map(|part| file.image(part))).collect();
    let mut missing = Vec::new();
    for image in &plan.images {
        let mut seen = Vec::new();
        for place in &image.placements {
            let is_there = headers.iter().any(|header| is_for(header, image, place));
            if !is_there && !seen.contains(&place.run_address) {
                missing.push(AttachError::Absent { image: image.name.value.clone(), slot: place.slot.value.clone() });
            }
            // What runs at one address is one artefact.
            seen.push(place.run_address);
        }
    }
    missing
}

/// Whether an image's header is for this place.
fn is_for(header: &ImageHeader, image: &Image, place: &Placement) -> bool {
    header.body.layout == image.fingerprint && header.body.run_address.get() == place.run_address
}

/// The version in an image's header.
fn version(header: &ImageHeader) -> Version {
    let version = &header.body.version;
    Version { major: version.major.get(), minor: version.minor.get(), patch: version.patch.get() }
}

/// `ci 7f02c1a9..., hsm d3996b10...`
fn named(keys: &[NamedKey]) -> String {
    keys.iter().map(|(name, key)| format!("{name} {key}")).collect::<Vec<_>>().join(", ")
}

/// Judges every artefact of a file, images each for its place.
fn judge(plan: &Plan, keys: &[NamedKey], name: &str, file: &Sealed) -> Result<(), AttachError> {
    for (index, part) in file.parts.iter().enumerate() {
        let stranger = || AttachError::Stranger { file: name.to_owned() };
        let role = RoleName::of(part.kind);
        let nobody = || AttachError::NoRole { file: name.to_owned(), role: role.name() };
        let wanted = plan.role(role).ok_or_else(nobody)?;
        let needed = wanted.threshold.value;
        let of_role = |(name, _): &&NamedKey| wanted.keys.contains(name);
        let role: Vec<_> = keys.iter().filter(of_role).cloned().collect();
        let refused = |error: Error| match error.code {
            Code::TooFewSignatures => {
                let ids: Vec<_> = file.signatures(part).iter().map(|place| place.key_id).collect();
                let (has, open): (Vec<_>, Vec<_>) = role.iter().cloned().partition(|(_, key)| ids.contains(&key.id()));
                AttachError::TooFew { file: name.to_owned(), has: has.len(), needed, open }
            }
            _ => AttachError::Refused { file: name.to_owned(), error: at(error, part.offset) },
        };
        let role: Vec<PublicKey> = role.iter().map(|(_, key)| *key).collect();
        let end = file.parts.get(index + 1).map_or(file.bytes.len(), |next| next.offset);
        let bytes = &file.bytes[part.offset..end];
        match file.image(part) {
            Some(header) => {
                let (image, place) = placement(plan, &header).ok_or_else(stranger)?;
                Judge::of(plan, image, place, &role, needed).judge(bytes).map_err(refused)?;
                let found = version(&header);
                // Where the command line said it, nothing here knows it.
                if let Some(expected) = image.version.value.filter(|expected| *expected != found) {
                    let (file, image) = (name.to_owned(), image.name.value.clone());
                    return Err(AttachError::OtherVersion { file, image, found, expected });
                }
            }
            None => {
                let judge = Judge::of_role(plan, &role, needed);
                judge.judge_whole(part.kind, &mut Memory::file(&file.bytes[part.offset..])).map_err(refused)?;
            }
        }
    }
    Ok(())
}

/// The place that an image's header is for.
fn placement<'a>(plan: &'a Plan, header: &ImageHeader) -> Option<(&'a Image, &'a Placement)> {
    let mut places = plan.images.iter().flat_map(|image| image.placements.iter().map(move |place| (image, place)));
    places.find(|(image, place)| is_for(header, image, place))
}
