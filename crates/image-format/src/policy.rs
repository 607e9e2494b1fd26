//! What the reader brings to the judgement: whom it trusts, what it is, what it has seen. Nothing of it comes from an
//! artefact.

use crate::{Code, Crypto, Digest, Error, KeyId, MAX_KEYS, key_id};

/// An input of the decision: given, or left out on purpose. Leaving one out is a decision that has to be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check<T> {
    /// Judge by this.
    Require(T),
    /// Do not judge.
    Waived,
}

/// The reader's trust set for one role: distinct keys, and how many of them must have signed.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    keys: &'a [[u8; 32]],
    ids: [KeyId; MAX_KEYS],
    threshold: u8,
}

impl<'a> Trust<'a> {
    /// A trust set of `threshold` out of these Ed25519 public keys.
    ///
    /// # Errors
    /// [`Code::TrustSet`]: no key, more than [`MAX_KEYS`], a threshold of zero or above the number of keys or of signature
    /// places, or two keys of one id.
    pub fn new(keys: &'a [[u8; 32]], threshold: u8, crypto: &mut impl Crypto) -> Result<Self, Error> {
        let refused = Code::TrustSet.at(0);
        let mut ids = [[0; 8]; MAX_KEYS];
        if keys.len() > MAX_KEYS || threshold == 0 || usize::from(threshold) > keys.len().min(crate::SIGNATURE_PLACES) {
            return Err(refused);
        }
        for (index, (slot, key)) in ids.iter_mut().zip(keys).enumerate() {
            let id = key_id(key, crypto);
            let unused = id == [0; 8];
            *slot = id;
            let again = keys.iter().take(index).any(|earlier| earlier == key);
            if unused || again {
                return Err(refused);
            }
        }
        let trust = Trust { keys, ids, threshold };
        let ids_twice = trust
            .pairs()
            .enumerate()
            .any(|(index, (id, _))| trust.pairs().take(index).any(|(earlier, _)| earlier == id));
        if ids_twice { Err(refused) } else { Ok(trust) }
    }

    /// The keys with their ids.
    fn pairs(&self) -> impl Iterator<Item = (&KeyId, &'a [u8; 32])> {
        self.ids.iter().zip(self.keys)
    }

    /// The trusted key of an id.
    pub(crate) fn key(&self, id: &KeyId) -> Option<&'a [u8; 32]> {
        self.pairs().find(|(candidate, _)| *candidate == id).map(|(_, key)| key)
    }

    /// The trusted keys.
    #[must_use]
    pub fn keys(&self) -> &'a [[u8; 32]] {
        self.keys
    }

    /// How many trusted keys must have signed.
    #[must_use]
    pub fn threshold(&self) -> u8 {
        self.threshold
    }
}

/// A hardware revision: 1 to 4 printable ASCII characters, padded with zero bytes.
pub type Revision = [u8; 4];

/// What the device is: whom an artefact of any kind must be made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// UUIDv5 of the vendor.
    pub vendor_id: [u8; 16],
    /// UUIDv5 of the device class.
    pub class_id: [u8; 16],
}

/// Where the image is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Fingerprint of the slot group.
    pub layout: Digest,
    /// Address of the payload when it runs from this slot.
    pub run_address: u32,
    /// Offset of the payload in the slot.
    pub payload_offset: u32,
}

/// All inputs of the decision whether an image may boot. Artefacts of other kinds need trust set and device alone.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Whose signatures count.
    pub trust: Trust<'a>,
    /// What the device is.
    pub device: Check<Device>,
    /// Which hardware revision the board has. An image that names no revisions is for all.
    pub revision: Check<Revision>,
    /// Where the image is to run.
    pub place: Check<Place>,
    /// The lowest security counter that is accepted.
    pub counter: Check<u32>,
}
