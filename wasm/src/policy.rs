//! The reader's side of the judgement, out of the caller's `Policy` object.

use image_format::record::is_revision;
use image_format::{Check, Device, Error, MAX_KEYS, Place, Policy, Revision, SoftwareCrypto, Trust};
use wasm_bindgen::JsValue;

use crate::argument::Argument;

/// One key more than a trust set may have: as many as it takes to be refused.
const KEYS: usize = MAX_KEYS.saturating_add(1);

/// What the caller has said, each value of its type. Whether the keys make a trust set is part of the judgement.
pub struct Reader {
    keys: [[u8; 32]; KEYS],
    key_count: usize,
    threshold: u8,
    device: Check<Device>,
    revision: Check<Revision>,
    place: Check<Place>,
    counter: Check<u32>,
    /// The slot's room in bytes; `None` if the artefact is a file.
    pub slot: Option<u32>,
}

impl Reader {
    /// Reads every property of the policy.
    ///
    /// # Errors
    /// A `TypeError` that names the first property that is missing or not of its type.
    pub fn from_argument(policy: &Argument) -> Result<Self, JsValue> {
        let mut keys = [[0; 32]; KEYS];
        let mut key_count: usize = 0;
        for (place, key) in keys.iter_mut().zip(policy.property("keys")?.elements()?) {
            *place = key.bytes()?;
            key_count = key_count.saturating_add(1);
        }
        Ok(Reader {
            keys,
            key_count,
            // One that does not fit is above the number of keys anyway, and refused as such.
            threshold: policy.property("threshold")?.integer()?.try_into().unwrap_or(u8::MAX),
            device: check(policy.property("device")?, device)?,
            revision: check(policy.property("revision")?, revision)?,
            place: check(policy.property("place")?, place)?,
            counter: check(policy.property("counter")?, |counter| counter.integer())?,
            slot: slot(&policy.property("extent")?)?,
        })
    }

    /// The policy to judge by.
    ///
    /// # Errors
    /// [`image_format::Code::TrustSet`].
    pub fn policy(&self) -> Result<Policy<'_>, Error> {
        let keys = self.keys.get(..self.key_count).unwrap_or(&[]);
        let trust = Trust::new(keys, self.threshold, &mut SoftwareCrypto)?;
        Ok(Policy { trust, device: self.device, revision: self.revision, place: self.place, counter: self.counter })
    }
}

/// `null` is the caller's word for leaving a check out.
fn check<T>(argument: Argument, read: impl FnOnce(&Argument) -> Result<T, JsValue>) -> Result<Check<T>, JsValue> {
    argument.unless_null().map_or(Ok(Check::Waived), |given| read(&given).map(Check::Require))
}

fn device(argument: &Argument) -> Result<Device, JsValue> {
    Ok(Device { vendor_id: argument.property("vendorId")?.bytes()?, class_id: argument.property("classId")?.bytes()? })
}

fn place(argument: &Argument) -> Result<Place, JsValue> {
    Ok(Place {
        layout: argument.property("layout")?.bytes()?,
        run_address: argument.property("runAddress")?.integer()?,
        payload_offset: argument.property("payloadOffset")?.integer()?,
    })
}

fn revision(argument: &Argument) -> Result<Revision, JsValue> {
    let text = argument.text(4).unwrap_or_default();
    let mut revision = [0; size_of::<Revision>()];
    for (place, byte) in revision.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    if text.len() > revision.len() || !is_revision(&revision) {
        return Err(argument.refuse("is not 1 to 4 printable ASCII characters"));
    }
    Ok(revision)
}

fn slot(argument: &Argument) -> Result<Option<u32>, JsValue> {
    if argument.text(4).as_deref() == Some("file") {
        return Ok(None);
    }
    if !argument.is_object() {
        return Err(argument.refuse("is neither \"file\" nor { slot: bytes }"));
    }
    argument.property("slot")?.integer().map(Some)
}
