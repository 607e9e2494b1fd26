//! One declaration per structure: the type, compile-time checks of its layout, and the table the documents are made of.

/// One field of a [`Structure`], as the specification's tables and the C header show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name of the field.
    pub name: &'static str,
    /// Offset from the structure's start, in bytes.
    pub offset: u32,
    /// Size in bytes.
    pub size: u32,
    /// Type as written in the declaration: `U16` and `U32` are little-endian, `[u8; N]` is raw bytes.
    pub type_name: &'static str,
    /// What the field holds; the lines of its doc comment.
    pub doc: &'static [&'static str],
}

/// A structure of fixed size whose bytes are its value: no padding, alignment 1, little-endian.
pub trait Structure {
    /// Name of the structure.
    const NAME: &'static str;
    /// Size in bytes.
    const SIZE: u32;
    /// What it is; the lines of its doc comment.
    const DOC: &'static [&'static str];
    /// All fields by ascending offset.
    const FIELDS: &'static [Field];
}

/// Turns a size or offset of a structure into the format's own width. Structures are small: nothing is cut off.
#[allow(clippy::as_conversions)]
pub(crate) const fn narrow(value: usize) -> u32 {
    assert!(value <= 0xFFFF);
    value as u32
}

/// Turns a size of the format into an index.
#[allow(clippy::as_conversions)]
pub(crate) const fn index(value: u32) -> usize {
    const { assert!(size_of::<usize>() >= size_of::<u32>()) };
    value as usize
}

/// The offset of a field, as an artefact's offset.
macro_rules! offset {
    ($type:ty, $($field:tt)+) => {
        const { $crate::structure::narrow(core::mem::offset_of!($type, $($field)+)) }
    };
}

/// Declares a structure with the size and the offsets that the format promises; a declaration that breaks a promise does
/// not compile.
macro_rules! structure {
    (
        $(#[doc = $doc:literal])+
        struct $name:ident: $size:literal bytes {
            $( $(#[doc = $field_doc:literal])+ $offset:literal => $field:ident: $type:ty, )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::KnownLayout, zerocopy::Immutable, zerocopy::Unaligned,
        )]
        #[repr(C)]
        pub struct $name {
            $( $(#[doc = $field_doc])+ pub $field: $type, )+
        }

        const _: () = {
            assert!(size_of::<$name>() == $size);
            $( assert!(core::mem::offset_of!($name, $field) == $offset); )+
        };

        impl $crate::structure::Structure for $name {
            const NAME: &'static str = stringify!($name);
            const SIZE: u32 = $size;
            const DOC: &'static [&'static str] = &[$($doc),+];
            const FIELDS: &'static [$crate::structure::Field] = &[
                $( $crate::structure::Field {
                    name: stringify!($field),
                    offset: $offset,
                    size: $crate::structure::narrow(size_of::<$type>()),
                    type_name: stringify!($type),
                    doc: &[$($field_doc),+],
                }, )+
            ];
        }
    };
}
