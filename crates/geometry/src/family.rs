//! What schema/devices/*.toml say of a family: facts, each with its source.

use crate::read::{Named, fields, tables, words};
use crate::{BlankRead, Citation, Corrected, EraseSelector, Fact, ReadWhileWrite, Rewrite, Run, Selects};

/// A statement about some parts of a family.
pub trait Statement {
    /// Patterns of order codes; empty: all parts of the family. `?` is any character, and a code may go on.
    fn parts(&self) -> &[String];
    /// Where it comes from.
    fn citation(&self) -> Citation;

    /// Whether it is about this part.
    fn is_about(&self, part: &str) -> bool {
        self.parts().is_empty() || self.parts().iter().any(|pattern| is_match(pattern, part))
    }
}

/// Whether an order code begins as the pattern says.
pub fn is_match(pattern: &str, part: &str) -> bool {
    pattern.len() <= part.len()
        && pattern.bytes().zip(part.bytes()).all(|(wanted, found)| wanted == b'?' || wanted == found)
}

/// All statements about a part.
pub fn all<'a, T: Statement>(statements: &'a [T], part: &'a str) -> impl Iterator<Item = &'a T> {
    statements.iter().filter(move |statement| statement.is_about(part))
}

/// The statement about a part.
///
/// # Errors
/// Two of them: nothing overrides anything.
pub fn one<'a, T: Statement>(
    statements: impl Iterator<Item = &'a T>,
    part: &str,
    what: &str,
) -> Result<Option<&'a T>, String> {
    let mut found = statements.filter(|statement| statement.is_about(part));
    let first = found.next();
    match found.next() {
        Some(_) => Err(format!("two statements about {what} of {part}")),
        None => Ok(first),
    }
}

fields! {
    /// What every statement has.
    struct About {
        parts: Vec<String> = default,
        citation: Citation,
    }
}

/// Declares statements: tables that carry their source and its evidence.
macro_rules! statements {
    ($( $(#[$doc:meta])* struct $name:ident {
        $( $(#[$field_doc:meta])* $field:ident: $type:ty $(= $default:ident)?, )*
    } )*) => {$(
        tables! {
            $(#[$doc])*
            pub struct $name {
                $( $(#[$field_doc])* pub $field: $type $(= $default)?, )*
                about: About,
            }
        }

        impl Statement for $name {
            fn parts(&self) -> &[String] {
                &self.about.parts
            }

            fn citation(&self) -> Citation {
                self.about.citation.clone()
            }
        }
    )*};
}

statements! {
    /// A number of bytes.
    struct Bytes { bytes: u32, }
    /// What an erased byte reads as.
    struct Erased { value: u8, }
    /// What may be programmed over what.
    struct RewriteRule { rule: Rewrite, }
    /// What can be read meanwhile, in modes of so many banks.
    struct ReadRule { banks: usize, rule: ReadWhileWrite, }
    /// Which options make a mode of so many banks; with `regions`, also what it looks like.
    struct ModeRule {
        banks: usize,
        title: String,
        selectors: Named<u32> = default,
        regions: Option<Vec<RegionForm>>,
    }
    /// The numbers of each bank's first sector, in modes of so many banks.
    struct Numbers { banks: usize, first: Vec<u32>, }
    /// Which bits of an option byte protect a bank, in modes of so many banks.
    struct Protection {
        banks: usize,
        /// From 1; absent: of every bank.
        bank: Option<usize>,
        option: String,
        bits: u32,
        sectors_per_bit: u32,
        first_sector: u32 = default,
        rule: String,
    }
    /// Which option bytes protect ranges of pages of a bank, in modes of so many banks.
    struct Pages {
        banks: usize,
        /// From 1.
        bank: usize,
        options: Vec<String>,
        rule: String,
    }
    /// An option byte.
    struct OptionForm {
        name: String,
        kind: Kind,
        selects: Option<Selects>,
        register: RegisterForm,
        shift: u32,
        width: u32,
        address_shift: Option<u32>,
        meanings: Vec<String> = default,
        shipped: Option<u32>,
    }
    /// A second address of the flash, from `target` on.
    struct AliasForm { name: String, base: u32, target: u32, }
    /// RAM that a second core has a share of, by the blocks' names.
    struct Shared { blocks: Vec<String>, }
    /// A range of RAM or of stored option bytes, or a window.
    struct Block { name: String, base: u32, size: u32, }
    /// One-time-programmable memory; of size 0 if there is none.
    struct OtpForm {
        base: u32,
        size: u32,
        block: Option<u32>,
        unit: Option<u32>,
        /// What locks it, unless bytes do.
        lock: Option<LockWord>,
        /// The address of its lock bytes.
        lock_bytes: Option<u32>,
        unique_id: Option<u32>,
        blank_read: Option<BlankRead>,
    }
    /// How banks are exchanged.
    struct SwapForm { rule: String, bit: Option<BitForm>, }
    /// What an erase by number means after that.
    struct Selector { means: EraseSelector, }
    /// A stored word of option bytes: its lower half is 16 bits of a register from `shift` on, its upper half their complement.
    struct StoredForm { address: u32, register: RegisterForm, shift: u32, }
    /// Where an upstream database is wrong or silent, and why this one says otherwise.
    struct Correction { of: Corrected, upstream: String, ours: String, }
}

tables! {
    /// A region as a mode has it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RegionForm {
        /// Address of its first byte.
        pub base: u32,
        /// Its sectors.
        pub runs: Vec<Run>,
    }

    /// A bit of a register.
    pub struct BitForm {
        /// The reference manual's name.
        pub name: String,
        /// The register that it is in.
        pub register: RegisterForm,
        /// Its number.
        pub shift: u32,
    }

    /// A register and where it is.
    pub struct RegisterForm {
        /// The reference manual's name.
        pub name: String,
        /// Its address.
        pub address: u32,
    }
}

words! {
    /// How an option byte's value is to be read.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Kind {
        /// 0 or 1.
        Bit,
        /// A read protection level.
        Level,
        /// An address's upper bits.
        BootAddress,
        /// A bit for a group of sectors.
        WriteProtection,
        /// The first sector that a second core has for itself.
        SecureStart,
    }
}

words! {
    /// What locks one-time-programmable memory that has no lock bytes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LockWord {
        /// Bits of a register.
        Register,
        /// Nothing but that a unit is programmed once.
        Unit,
    }
}

tables! {
    /// A family's file.
    pub struct Family {
        /// What abbreviations in the statements' sources stand for.
        pub sources: Named<String> = default,
        /// Widest unit that needs no extra supply.
        pub program_unit: Vec<Bytes> = default,
        /// Bytes that share an error correction code; 0: there is none.
        pub ecc_word: Vec<Bytes> = default,
        /// See [`Erased`].
        pub erased: Vec<Erased> = default,
        /// See [`RewriteRule`].
        pub rewrite: Vec<RewriteRule> = default,
        /// See [`ReadRule`].
        pub read_while_write: Vec<ReadRule> = default,
        /// See [`ModeRule`].
        pub modes: Vec<ModeRule> = default,
        /// See [`Numbers`].
        pub numbers: Vec<Numbers> = default,
        /// See [`Protection`].
        pub write_protection: Vec<Protection> = default,
        /// See [`Pages`].
        pub page_protection: Vec<Pages> = default,
        /// See [`OptionForm`].
        pub options: Vec<OptionForm> = default,
        /// See [`AliasForm`].
        pub aliases: Vec<AliasForm> = default,
        /// RAM in more detail than the imported blocks; it stands instead of them.
        pub ram: Vec<Block> = default,
        /// See [`Shared`].
        pub shared_ram: Vec<Shared> = default,
        /// See [`OtpForm`].
        pub otp: Vec<OtpForm> = default,
        /// See [`SwapForm`].
        pub swap: Vec<SwapForm> = default,
        /// See [`Selector`].
        pub erase_selector: Vec<Selector> = default,
        /// Where the option bytes are stored, where they can be read as memory.
        pub option_memory: Vec<Block> = default,
        /// See [`StoredForm`].
        pub stored_options: Vec<StoredForm> = default,
        /// Where external memories appear.
        pub windows: Vec<Block> = default,
        /// See [`Correction`].
        pub corrections: Vec<Correction> = default,
    }
}

/// Of a statement the fact that it is about.
pub fn fact<S: Statement, T>(statement: Option<&S>, value: impl Fn(&S) -> T) -> Option<Fact<T>> {
    statement.map(|statement| Fact { value: value(statement), citation: statement.citation() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, part, matches) in [
            ("STM32F76", "STM32F767ZI", true),
            ("STM32F76??G", "STM32F767ZG", true),
            ("STM32F76??G", "STM32F767ZI", false),
            ("STM32F767ZIT", "STM32F767ZI", false),
        ] {
            assert_eq!(is_match(pattern, part), matches, "{pattern} {part}");
        }
    }
}
