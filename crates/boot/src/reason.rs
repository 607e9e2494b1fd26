//! Why something is not done: numbers that never change their meaning.

use image_format::Error;

macro_rules! reasons {
    ($( $(#[doc = $doc:literal])+ $number:literal $name:ident, )+) => {
        /// Why nothing boots, or why a request of the application is refused. The list is extend-only: a number is never reused and never
        /// changes its meaning. Numbers below 1000 are [`image_format::Code`]s.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Reason {
            $( $(#[doc = $doc])+ $name = $number, )+
        }

        impl Reason {
            /// All reasons by ascending number.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),+];

            /// The number that crosses every boundary.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Reason::$name => $number,)+ }
            }

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$name => stringify!($name),)+ }
            }

            /// The lines of its description.
            #[must_use]
            pub const fn doc(self) -> &'static [&'static str] {
                match self { $(Reason::$name => &[$($doc),+],)+ }
            }
        }
    };
}

reasons! {
    /// The embedded layout is not the canonical bytes of one slot group that a boot loader can work with.
    1001 Layout,
    /// The chip's option bits are not those that the layout was made for: every address may be wrong.
    1002 Mode,
    /// The embedded trust set is unusable, or its image role does not have the key hash that was expected.
    1003 TrustSet,
    /// A memory does not answer.
    1004 Memory,
    /// The security counter cannot be read.
    1005 Counter,
    /// No image in any slot is accepted.
    1006 NothingVerifies,
    /// A verified image could not be copied to its place, three times.
    1007 Copy,
    /// An image that must be there with this one is not.
    1008 Companion,

    /// The running image is not confirmed, so there would be nothing to return to.
    1101 NotConfirmed,
    /// The state log has no room.
    1102 LogFull,
    /// The flash did not take what was written.
    1103 Write,
    /// There is no update of this kind for this slot: a fixed image, or a slot that the group does not have.
    1104 NoUpdate,
    /// The highest generation is reached.
    1105 Generation,
    /// The other slot must be erased by the boot loader first: request a clear, then reset.
    1106 ClearFirst,
    /// Something was given that was not asked for: another chunk, or the end before all chunks.
    1107 Order,
    /// The auxiliary area is not the one that the header names, or digests of the payload's chunks are not given.
    1108 Chunks,
}

/// A refusal: by this crate's own rules, or by the judgement of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// One of this crate's rules.
    Reason(Reason),
    /// The judgement of an image.
    Image(Error),
}

impl Refusal {
    /// The number that crosses every boundary: a [`Reason`]'s, or a [`image_format::Code`]'s.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Refusal::Reason(reason) => reason.number(),
            Refusal::Image(error) => error.code.number(),
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Refusal::Reason(reason)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Image(error)
    }
}
