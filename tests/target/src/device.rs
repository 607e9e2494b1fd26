//! A device for the boot loader: one slot has the index's image, the other is erased, and so are logs and counter.

use boot::{Config, Fault, Flash, Raise};
use image_format::trust::{Role, RoleHead, TrustHead};
use image_format::{Check, Device};
use zerocopy::IntoBytes as _;

use crate::{Case, GROUP, SLOT_OFFSET};

/// Flash that is erased but for an image in its first region.
pub struct Memories<'a> {
    /// The image.
    pub image: &'a [u8],
}

impl Flash for Memories<'_> {
    fn settle(&mut self, _: u8) -> Result<(), Fault> {
        Ok(())
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let start = if region == 0 { offset.checked_sub(SLOT_OFFSET) } else { None };
        let stored = start.and_then(|start| self.image.get(start as usize..)).unwrap_or_default();
        let (copied, erased) = buffer.split_at_mut(stored.len().min(buffer.len()));
        copied.copy_from_slice(&stored[..copied.len()]);
        erased.fill(0xFF);
        Ok(())
    }

    /// Nothing is written when nobody has confirmed anything.
    fn program(&mut self, _: u8, _: u32, _: &[u8]) -> Result<(), Fault> {
        Err(Fault)
    }

    fn erase(&mut self, _: u8, _: u32) -> Result<(), Fault> {
        Err(Fault)
    }

    fn register(&mut self, _: u32) -> u32 {
        0
    }
}

/// Bytes of a trust set with one key.
pub const TRUST_SIZE: usize = size_of::<TrustHead>() + size_of::<RoleHead>() + 32;

/// A trust set with the first key of a vector; `None` if it has none.
#[must_use]
pub fn trust_set(case: &Case) -> Option<[u8; TRUST_SIZE]> {
    let head = TrustHead { format: 1.into(), role_count: 1, reserved: 0, epoch: 0.into() };
    let role = RoleHead { role: Role::Image.number(), threshold: 1, key_count: 1, reserved: 0 };
    let mut trust = [0; TRUST_SIZE];
    let key = case.keys.first()?;
    trust.iter_mut().zip(head.as_bytes().iter().chain(role.as_bytes()).chain(key)).for_each(|(to, from)| *to = *from);
    Some(trust)
}

/// What a vector's device is; `None` if the vector does not say.
#[must_use]
pub fn device(case: &Case) -> Option<Device> {
    match case.device {
        Check::Require(device) => Some(device),
        Check::Waived => None,
    }
}

/// What the boot loader of such a device embeds.
#[must_use]
pub fn config<'a>(case: &Case, trust: &'a [u8], device: Device) -> Config<'a> {
    Config {
        layout: core::hint::black_box(GROUP),
        trust,
        trust_digest: Check::Waived,
        device,
        revision: case.revision,
        present: &[],
        tries: 3,
        raise: Raise::KeepFallback,
        largest_step: 1,
    }
}
