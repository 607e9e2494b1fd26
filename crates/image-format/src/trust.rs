//! A reader's trust set as bytes: what a boot loader embeds, and what its hash in OTP is taken over.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::{Code, Crypto, Digest, Error, Kind, Sha256 as _, Trust};

structure! {
    /// Starts a trust set. Its roles follow, by ascending number, each once.
    struct TrustHead: 8 bytes {
        /// Version of this encoding, 1.
        0 => format: U16,
        /// Number of roles.
        2 => role_count: u8,
        /// Zero.
        3 => reserved: u8,
        /// Epoch: only an artefact of the kind trust, signed by the root role, raises it.
        4 => epoch: U32,
    }
}

structure! {
    /// Starts a role. Its keys follow, 32 bytes each, in strictly ascending order.
    struct RoleHead: 4 bytes {
        /// 1 image, 2 release, 3 layout, 4 otp, 5 root.
        0 => role: u8,
        /// How many of the keys must have signed.
        1 => threshold: u8,
        /// Number of keys, 1 to 8.
        2 => key_count: u8,
        /// Zero.
        3 => reserved: u8,
    }
}

/// What a set of keys may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Images.
    Image,
    /// Releases.
    Release,
    /// Layouts.
    Layout,
    /// OTP blobs.
    Otp,
    /// Trust artefacts.
    Root,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 5] = [Role::Image, Role::Release, Role::Layout, Role::Otp, Role::Root];

    /// Whose signatures an artefact of a kind needs.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Image => Role::Image,
            Kind::Layout => Role::Layout,
            Kind::Release => Role::Release,
            Kind::OtpBlob => Role::Otp,
            Kind::Trust => Role::Root,
        }
    }

    /// What manifests and messages call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Image => "image",
            Role::Release => "release",
            Role::Layout => "layout",
            Role::Otp => "otp",
            Role::Root => "root",
        }
    }

    /// The number in the encoding.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Role::Image => 1,
            Role::Release => 2,
            Role::Layout => 3,
            Role::Otp => 4,
            Role::Root => 5,
        }
    }
}

/// A reader's trust set.
#[derive(Clone, Copy, Debug)]
pub struct TrustSet<'a> {
    head: &'a TrustHead,
    roles: &'a [u8],
}

impl<'a> TrustSet<'a> {
    /// Judges the form of a trust set. Whether each role is usable is judged when it is asked for.
    ///
    /// # Errors
    /// [`Code::TrustSet`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let refused = Code::TrustSet.at(0);
        let (head, roles) = TrustHead::ref_from_prefix(bytes).map_err(|_| refused)?;
        let (mut rest, mut last) = (roles, 0);
        for _ in 0..head.role_count {
            let RoleView { head, keys, rest: after } = role(rest).ok_or(refused)?;
            let known = Role::ALL.iter().any(|role| role.number() == head.role);
            if head.role <= last || !known || head.reserved != 0 || !keys.is_sorted_by(|a, b| a < b) {
                return Err(refused);
            }
            (rest, last) = (after, head.role);
        }
        let well_formed = head.format.get() == 1 && head.reserved == 0 && rest.is_empty();
        if well_formed { Ok(TrustSet { head, roles }) } else { Err(refused) }
    }

    /// Its epoch.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.head.epoch.get()
    }

    /// What a field of type key-hash holds for a role: the SHA-256 of a trust set that has this one role, and epoch 0.
    ///
    /// # Errors
    /// [`Code::TrustSet`]: the set lacks the role.
    pub fn key_hash(&self, wanted: Role, crypto: &mut impl Crypto) -> Result<Digest, Error> {
        let RoleView { head, keys, .. } = self.find(wanted)?;
        let alone = TrustHead { format: 1.into(), role_count: 1, reserved: 0, epoch: 0.into() };
        let mut hash = crypto.sha256();
        [alone.as_bytes(), head.as_bytes(), keys.as_bytes()].into_iter().for_each(|bytes| hash.update(bytes));
        Ok(hash.finish())
    }

    /// Whose signatures count for a role.
    ///
    /// # Errors
    /// [`Code::TrustSet`]: the set lacks the role, or [`Trust::new`] refuses it.
    pub fn role(&self, wanted: Role, crypto: &mut impl Crypto) -> Result<Trust<'a>, Error> {
        let found = self.find(wanted)?;
        Trust::new(found.keys, found.head.threshold, crypto)
    }

    fn find(&self, wanted: Role) -> Result<RoleView<'a>, Error> {
        let mut rest = self.roles;
        while let Some(found) = role(rest) {
            if found.head.role == wanted.number() {
                return Ok(found);
            }
            rest = found.rest;
        }
        Err(Code::TrustSet.at(0))
    }
}

/// A role out of its bytes.
struct RoleView<'a> {
    head: &'a RoleHead,
    keys: &'a [[u8; 32]],
    rest: &'a [u8],
}

/// The first role.
fn role(bytes: &[u8]) -> Option<RoleView<'_>> {
    let (head, rest) = RoleHead::ref_from_prefix(bytes).ok()?;
    let (keys, rest) = <[[u8; 32]]>::ref_from_prefix_with_elems(rest, head.key_count.into()).ok()?;
    Some(RoleView { head, keys, rest })
}
