//! Firmware out of an ELF file: what is loaded where, by load address (LMA).
//!
//! Only the file header, the program headers and the names of sections are read; symbols and debug information may be as
//! odd as they like.

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EM_ARM, ET_DYN, ET_EXEC, ET_REL, Header};
use goblin::elf::program_header::{PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{SHT_NOBITS, SectionHeader};

/// Bytes that are loaded at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Names of the sections in it, joined by commas; empty where the file does not say.
    pub name: String,
    /// Load address (LMA) of the first byte.
    pub address: u32,
    /// The bytes; never empty.
    pub bytes: &'a [u8],
}

/// Why a file is no firmware that can be packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Another format.
    #[error("not an ELF file{}", hint(*.0))]
    NotElf(Looks),
    /// 64-bit or big-endian.
    #[error("not a 32-bit little-endian ELF file: a Cortex-M runs nothing else")]
    Class,
    /// Built for another machine.
    #[error("built for another machine (e_machine {0}), not for Arm (40)")]
    Machine(u16),
    /// Not linked to its end.
    #[error("{0}: link it to an executable first")]
    NotExecutable(&'static str),
    /// A table or a segment lies outside the file.
    #[error("damaged or cut off: {0} lies outside the file")]
    Damaged(&'static str),
    /// Nothing to load.
    #[error("no segment with bytes to load")]
    Nothing,
}

/// What a file looks like that is no ELF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// Intel HEX.
    Hex,
    /// An artefact of ours.
    Sealed,
    /// Anything else.
    Unknown,
}

fn hint(looks: Looks) -> &'static str {
    match looks {
        Looks::Hex => ", but Intel HEX: this version packs ELF only, give it what the linker wrote",
        Looks::Sealed => ", but an image that is sealed already: give it what the linker wrote",
        Looks::Unknown => ": give it what the linker wrote, before objcopy",
    }
}

/// The segments that a programmer would write, by ascending load address. NOBITS and empty ones are left out.
///
/// # Errors
/// Why the file is no firmware.
pub fn segments(file: &[u8]) -> Result<Vec<Segment<'_>>, ElfError> {
    if file.is_empty() {
        return Err(ElfError::Empty);
    }
    if !file.starts_with(b"\x7fELF") {
        return Err(ElfError::NotElf(match file {
            [b':', digit, ..] if digit.is_ascii_hexdigit() => Looks::Hex,
            [0x89, b'W', b'X', ..] => Looks::Sealed,
            _ => Looks::Unknown,
        }));
    }
    // Class and byte order stand before anything that depends on them (e_ident, bytes 4 and 5).
    match file.get(4..6) {
        Some([1, 1]) => {}
        Some(_) => return Err(ElfError::Class),
        None => return Err(ElfError::Damaged("the file header")),
    }
    let header = goblin::elf::Elf::parse_header(file).map_err(|_| ElfError::Damaged("the file header"))?;
    if header.e_machine != EM_ARM {
        return Err(ElfError::Machine(header.e_machine));
    }
    match header.e_type {
        ET_EXEC => {}
        ET_REL => return Err(ElfError::NotExecutable("an object file")),
        ET_DYN => return Err(ElfError::NotExecutable("a shared or position-independent file")),
        _ => return Err(ElfError::NotExecutable("not an executable")),
    }
    let context = Ctx::new(Container::Little, Endian::Little);
    let headers = table(file, header.e_phoff, header.e_phnum, header.e_phentsize, 32)
        .and_then(|()| ProgramHeader::parse(file, index(header.e_phoff), header.e_phnum.into(), context).ok())
        .ok_or(ElfError::Damaged("the table of program headers"))?;
    let sections = sections(file, &header, context);
    let mut segments = Vec::new();
    for segment in headers.iter().filter(|segment| segment.p_type == PT_LOAD && segment.p_filesz > 0) {
        let range = index(segment.p_offset)..index(segment.p_offset.saturating_add(segment.p_filesz));
        let bytes = file.get(range).ok_or(ElfError::Damaged("a segment"))?;
        let address = u32::try_from(segment.p_paddr).map_err(|_| ElfError::Damaged("a segment's address"))?;
        segments.push(Segment { name: names(&sections, segment), address, bytes });
    }
    segments.sort_by_key(|segment| segment.address);
    if segments.is_empty() { Err(ElfError::Nothing) } else { Ok(segments) }
}

/// Whether a table of entries of the size that we know lies inside the file.
fn table(file: &[u8], offset: u64, count: u16, entry: u16, known: u16) -> Option<()> {
    let size = u64::from(count) * u64::from(known);
    let inside = offset.checked_add(size)? <= file.len() as u64;
    (inside && (count == 0 || entry == known)).then_some(())
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Sections with their names; none where the file has none that can be read. They only make messages better.
fn sections(file: &[u8], header: &Header, context: Ctx) -> Vec<(String, SectionHeader)> {
    let headers = table(file, header.e_shoff, header.e_shnum, header.e_shentsize, 40)
        .and_then(|()| SectionHeader::parse(file, index(header.e_shoff), header.e_shnum.into(), context).ok())
        .unwrap_or_default();
    let names = headers.get(usize::from(header.e_shstrndx)).and_then(|section| {
        file.get(index(section.sh_offset)..index(section.sh_offset.saturating_add(section.sh_size)))
    });
    let name = |section: &SectionHeader| {
        let bytes = names?.get(section.sh_name..)?;
        let bytes = bytes.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    headers.iter().map(|section| (name(section).unwrap_or_default(), section.clone())).collect()
}

/// Names of the sections whose bytes lie in a segment.
fn names(sections: &[(String, SectionHeader)], segment: &ProgramHeader) -> String {
    let range = segment.p_offset..segment.p_offset.saturating_add(segment.p_filesz);
    let inside = sections.iter().filter(|(name, section)| {
        section.sh_type != SHT_NOBITS && section.sh_size > 0 && !name.is_empty() && range.contains(&section.sh_offset)
    });
    inside.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}
