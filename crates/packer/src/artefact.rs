//! The artefact before its signatures: what is to be signed, and the file once it was.

use std::sync::LazyLock;

use image_format::record::{AreaFull, Record, RecordWriter};
use image_format::{
    Body, Device, Digest, Envelope, FORMAT, FRONT_HEAD_SIZE, FrontHead, MIN_FRONT, SIGNATURE_PLACES, SignaturePlace,
    SignedHeader, sha256,
};
use zerocopy::IntoBytes as _;

use crate::crypto::HostCrypto;

/// What cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The front area is smaller than its fixed part.
    #[error("a front area of {0} bytes has no room for header and signatures")]
    FrontSize(u32),
    /// The records need more room than the front area has.
    #[error("the critical records do not fit into a front area of {0} bytes: give the slot a larger `header`")]
    Records(u32),
    /// Payload or auxiliary area are too large for any artefact.
    #[error("4 GiB or more cannot be sealed")]
    Size,
}

/// An artefact, complete but for its signatures. `P` holds the payload: it may be borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft<B, P = Vec<u8>> {
    /// What is signed. Whoever changes it after [`Draft::new`] makes another artefact.
    pub header: SignedHeader<B>,
    /// The records' area, padded to the end of the front area.
    pub records: Vec<u8>,
    /// The payload.
    pub payload: P,
    /// The auxiliary area.
    pub auxiliary: Vec<u8>,
}

/// What goes into an artefact of any kind.
#[derive(Clone, Debug)]
pub struct Contents<'a, B, P = Vec<u8>> {
    /// Whom it is for.
    pub device: Device,
    /// Size of the front area in bytes.
    pub front_size: u32,
    /// What its kind says.
    pub body: B,
    /// Critical records, by ascending type.
    pub records: &'a [Record<'a>],
    /// The payload.
    pub payload: P,
    /// The auxiliary area.
    pub auxiliary: Vec<u8>,
}

impl<B: Body, P: AsRef<[u8]>> Draft<B, P> {
    /// Puts an artefact together and works out its sizes and digests.
    ///
    /// # Errors
    /// What does not fit.
    pub fn new(contents: Contents<'_, B, P>) -> Result<Self, DraftError> {
        let payload_digest = digest(contents.payload.as_ref());
        Self::of_digest(contents, payload_digest)
    }

    /// The same for a payload whose digest was worked out already.
    pub(crate) fn of_digest(contents: Contents<'_, B, P>, payload_digest: Digest) -> Result<Self, DraftError> {
        let Contents { device, front_size, body, records, payload, auxiliary } = contents;
        let area = front_size.checked_sub(FRONT_HEAD_SIZE).ok_or(DraftError::FrontSize(front_size))?;
        let mut area = vec![0; area as usize];
        let mut writer = RecordWriter::new(&mut area);
        for record in records {
            writer.push(*record).map_err(|AreaFull| DraftError::Records(front_size))?;
        }
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| DraftError::Size);
        let envelope = Envelope {
            magic: B::KIND.magic(),
            format: FORMAT.into(),
            reserved: [0; 2],
            front_size: front_size.into(),
            payload_size: size(payload.as_ref())?.into(),
            auxiliary_size: size(&auxiliary)?.into(),
            reserved_2: [0; 8],
            records_digest: records_digest(&area),
            payload_digest,
            auxiliary_digest: digest(&auxiliary),
            vendor_id: device.vendor_id,
            class_id: device.class_id,
        };
        Ok(Self { header: SignedHeader { envelope, body }, records: area, payload, auxiliary })
    }

    /// Its id: SHA-256 of the header. Known before anybody has signed, so that a release can name it in the same round.
    pub fn id(&self) -> Digest {
        self.header.id(&mut HostCrypto)
    }

    /// Sizes and digests anew, for areas that were changed.
    pub fn renew(&mut self) {
        let envelope = &mut self.header.envelope;
        envelope.records_digest = digest(&self.records);
        envelope.payload_size = (self.payload.as_ref().len() as u32).into();
        envelope.payload_digest = digest(self.payload.as_ref());
        envelope.auxiliary_size = (self.auxiliary.len() as u32).into();
        envelope.auxiliary_digest = digest(&self.auxiliary);
    }

    /// Exactly the bytes to sign.
    pub fn to_sign(&self) -> &[u8] {
        self.header.as_bytes()
    }

    /// The file, with these signatures in the order that the format wants. At most [`SIGNATURE_PLACES`] are taken.
    pub fn seal(&self, signatures: &[SignaturePlace]) -> Vec<u8> {
        [&self.front(signatures), self.payload.as_ref(), &self.auxiliary].concat()
    }

    /// The front area of [`Draft::seal`]'s file. Payload and auxiliary area follow it.
    pub fn front(&self, signatures: &[SignaturePlace]) -> Vec<u8> {
        let mut sorted = signatures.to_vec();
        sorted.sort_by_key(|place| place.key_id);
        let mut places = [SignaturePlace::UNUSED; SIGNATURE_PLACES];
        places.iter_mut().zip(sorted).for_each(|(place, signature)| *place = signature);
        self.front_with(places)
    }

    /// The file, with the signature places exactly as given.
    pub fn with_places(&self, signatures: [SignaturePlace; SIGNATURE_PLACES]) -> Vec<u8> {
        [&self.front_with(signatures), self.payload.as_ref(), &self.auxiliary].concat()
    }

    fn front_with(&self, signatures: [SignaturePlace; SIGNATURE_PLACES]) -> Vec<u8> {
        let mut head = FrontHead { header: [0; 256], signatures };
        head.header.copy_from_slice(self.header.as_bytes());
        [head.as_bytes(), &self.records].concat()
    }
}

/// The area without records of the smallest front area, as all boards of a line have it, and its digest.
static NO_RECORDS: LazyLock<(Vec<u8>, Digest)> = LazyLock::new(|| {
    let area = vec![0; (MIN_FRONT - FRONT_HEAD_SIZE) as usize];
    let digest = digest(&area);
    (area, digest)
});

fn records_digest(area: &[u8]) -> Digest {
    let (none, of_none) = &*NO_RECORDS;
    if area == none { *of_none } else { digest(area) }
}

fn digest(bytes: &[u8]) -> Digest {
    sha256(&mut HostCrypto, bytes)
}
