//! The artefact before its signatures: what is to be signed, and the file once it was.

use image_format::record::{AreaFull, Record, RecordWriter};
use image_format::{
    Envelope, FORMAT, FrontHead, ImageBody, ImageHeader, Kind, SIGNATURE_PLACES, SignaturePlace, SoftwareCrypto,
    Structure as _, sha256,
};
use zerocopy::IntoBytes as _;

/// What cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The front area is smaller than its fixed part.
    #[error("a front area of {0} bytes has no room for header and signatures")]
    FrontSize(u32),
    /// The records need more room than the front area has.
    #[error("the critical records do not fit into a front area of {0} bytes: give the slot a larger `header`")]
    Records(u32),
    /// The payload is too large for any artefact.
    #[error("a payload of 4 GiB or more cannot be sealed")]
    PayloadSize,
}

/// An image, complete but for its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What is signed. Whoever changes it after [`Draft::new`] makes another image.
    pub header: ImageHeader,
    /// The records' area, padded to the end of the front area.
    pub records: Vec<u8>,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Draft {
    /// Puts an image together and works out its sizes and digests.
    ///
    /// # Errors
    /// What does not fit.
    pub fn new(
        front_size: u32,
        image: ImageBody,
        records: &[Record<'_>],
        payload: Vec<u8>,
    ) -> Result<Self, DraftError> {
        let area = front_size.checked_sub(FrontHead::SIZE).ok_or(DraftError::FrontSize(front_size))?;
        let payload_size = u32::try_from(payload.len()).map_err(|_| DraftError::PayloadSize)?;
        let mut area = vec![0; area as usize];
        let mut writer = RecordWriter::new(&mut area);
        for record in records {
            writer.push(*record).map_err(|AreaFull| DraftError::Records(front_size))?;
        }
        let crypto = &mut SoftwareCrypto;
        let envelope = Envelope {
            magic: Kind::Image.magic(),
            format: FORMAT.into(),
            reserved: [0; 2],
            front_size: front_size.into(),
            payload_size: payload_size.into(),
            auxiliary_size: 0.into(),
            reserved_2: [0; 8],
            records_digest: sha256(crypto, &area),
            payload_digest: sha256(crypto, &payload),
            auxiliary_digest: sha256(crypto, &[]),
        };
        Ok(Self { header: ImageHeader { envelope, image }, records: area, payload })
    }

    /// Exactly the bytes to sign.
    pub fn to_sign(&self) -> &[u8] {
        self.header.as_bytes()
    }

    /// The file, with these signatures in the order that the format wants. At most [`SIGNATURE_PLACES`] are taken.
    pub fn seal(&self, signatures: &[SignaturePlace]) -> Vec<u8> {
        let mut sorted = signatures.to_vec();
        sorted.sort_by_key(|place| place.key_id);
        let mut places = [SignaturePlace::UNUSED; SIGNATURE_PLACES];
        places.iter_mut().zip(sorted).for_each(|(place, signature)| *place = signature);
        self.with_places(places)
    }

    /// The file, with the signature places exactly as given.
    pub fn with_places(&self, signatures: [SignaturePlace; SIGNATURE_PLACES]) -> Vec<u8> {
        let head = FrontHead { header: self.header, signatures };
        [head.as_bytes(), &self.records, &self.payload].concat()
    }
}
