//! Reading what build/main.rs packed: what is declared, in the order of its declaration, one thing behind the other.
//!
//! The build has the same declarations, with macros of the same names (build/pack.rs), and packs schema/devices by them. So a
//! mistake in a file is an error of the build, and here is nothing but what was packed: the reader looks no name up and tells no
//! mistake, which takes a quarter of the WebAssembly that a reader of JSON took.

/// What a file has under names of its own: by name, in their order.
pub type Named<T> = Vec<(String, T)>;

/// What can be read out of packed bytes.
pub trait Read {
    /// Takes it from their start.
    fn read(from: &mut Bytes<'_>) -> Self;
}

/// Packed bytes that are being read. Where they end too early, zeros follow.
pub struct Bytes<'a> {
    rest: &'a [u8],
    is_short: bool,
}

/// Takes one thing out of bytes; `None`: they are not exactly that.
pub fn whole<T: Read>(bytes: &[u8]) -> Option<T> {
    let mut from = Bytes { rest: bytes, is_short: false };
    let read = T::read(&mut from);
    (from.rest.is_empty() && !from.is_short).then_some(read)
}

impl<'a> Bytes<'a> {
    /// The next so many bytes; none if there are fewer.
    fn take(&mut self, size: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(size).unwrap_or_else(|| {
            self.is_short = true;
            (&[], &[])
        });
        self.rest = rest;
        taken
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    /// An integer: seven bits in each byte, lowest first, and a one above them where more follow (LEB128).
    fn number(&mut self) -> u32 {
        let mut number = 0;
        for shift in (0..u32::BITS).step_by(7) {
            let byte = self.byte();
            number |= u32::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }

    /// The size of a text or a list.
    fn size(&mut self) -> usize {
        usize::try_from(self.number()).unwrap_or(usize::MAX)
    }

    /// Reads something as often as a count says that stands before it.
    fn each(&mut self, mut read: impl FnMut(&mut Self)) {
        for _ in 0..self.size() {
            if self.is_short {
                break;
            }
            read(self);
        }
    }
}

/// Declares a table: a structure, and its reader. `= default` says of a field that a file may leave it out: it is then zero or empty.
macro_rules! tables {
    ($(
        $(#[$doc:meta])*
        $visibility:vis struct $name:ident {
            $( $(#[$field_doc:meta])* $field_visibility:vis $field:ident: $type:ty $(= $default:ident)?, )*
        }
    )*) => {$(
        $(#[$doc])*
        $visibility struct $name {
            $( $(#[$field_doc])* $field_visibility $field: $type, )*
        }

        impl $crate::read::Read for $name {
            fn read(from: &mut $crate::read::Bytes<'_>) -> Self {
                Self { $( $field: $crate::read::Read::read(from), )* }
            }
        }
    )*};
}
/// The same of fields that stand in the table of whoever has them, and not in one of their own.
pub(crate) use tables as fields;
/// The same of what stands in a file as a text, which `TryFrom<String>` reads.
pub(crate) use tables as texts;
pub(crate) use tables;

/// Declares an enumeration of words: the variants' names in lower case, with hyphens.
macro_rules! words {
    ($(#[$doc:meta])* pub enum $name:ident { $( $(#[$variant_doc:meta])* $variant:ident, )* }) => {
        $(#[$doc])*
        pub enum $name {
            $( $(#[$variant_doc])* $variant, )*
        }

        impl $crate::read::Read for $name {
            fn read(from: &mut $crate::read::Bytes<'_>) -> Self {
                [$( Self::$variant, )*][usize::from(from.byte())]
            }
        }
    };
}
pub(crate) use words;

impl Read for String {
    fn read(from: &mut Bytes<'_>) -> Self {
        let size = from.size();
        Self::from_utf8_lossy(from.take(size)).into_owned()
    }
}

impl Read for u8 {
    fn read(from: &mut Bytes<'_>) -> Self {
        from.byte()
    }
}

impl Read for u32 {
    fn read(from: &mut Bytes<'_>) -> Self {
        from.number()
    }
}

impl Read for usize {
    fn read(from: &mut Bytes<'_>) -> Self {
        from.size()
    }
}

impl<T: Read> Read for Option<T> {
    fn read(from: &mut Bytes<'_>) -> Self {
        (from.byte() == 1).then(|| T::read(from))
    }
}

impl<T: Read> Read for Vec<T> {
    #[inline(never)]
    fn read(from: &mut Bytes<'_>) -> Self {
        let mut read = Self::new();
        from.each(|from| read.push(T::read(from)));
        read
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(from: &mut Bytes<'_>) -> Self {
        (A::read(from), B::read(from))
    }
}

impl<A: Read, B: Read, C: Read> Read for (A, B, C) {
    fn read(from: &mut Bytes<'_>) -> Self {
        (A::read(from), B::read(from), C::read(from))
    }
}
