//! Firmware out of an ELF file: what is loaded where, by load address (LMA).
//!
//! Only the file header, the program headers and the section headers are read; symbols and debug information may be as odd
//! as they like. What a segment holds outside its sections is left out, as objcopy does: linkers put the file's own headers
//! and alignment there, and ELF, HEX and BIN of one firmware shall give one image.

use std::borrow::Cow;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EM_ARM, ET_DYN, ET_EXEC, ET_REL, Header};
use goblin::elf::program_header::{PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{SHF_ALLOC, SHT_NOBITS, SectionHeader};

use crate::firmware::Segment;

/// What an ELF file begins with.
pub const MAGIC: &[u8] = b"\x7fELF";

/// Bytes of a section's name that a message shows.
const LONGEST_NAME: usize = 64;
/// Most segments of one file. Linkers make a handful; a hostile file could have as many as bytes.
const MOST_SEGMENTS: usize = 1024;

/// Why a file is no firmware that can be packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
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
    /// More segments than any linker makes.
    #[error("more than {MOST_SEGMENTS} segments to load: no linker makes such a file")]
    TooMany,
}

/// The bytes that a programmer would write, by ascending load address: the sections in the segments that are loaded. Of a file
/// without sections, the whole segments. NOBITS and empty ones are left out.
///
/// # Errors
/// Why the file is no firmware.
pub fn segments(file: &[u8]) -> Result<Vec<Segment<'_>>, ElfError> {
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
    let sections = sections(file, &header, context)?;
    let loads: Vec<&ProgramHeader> =
        headers.iter().filter(|segment| segment.p_type == PT_LOAD && segment.p_filesz > 0).collect();
    if loads.len() > MOST_SEGMENTS {
        return Err(ElfError::TooMany);
    }
    let mut segments = Vec::new();
    for load in loads {
        let range = index(load.p_offset)..index(load.p_offset.saturating_add(load.p_filesz));
        let bytes = file.get(range).ok_or(ElfError::Damaged("a segment"))?;
        if sections.is_empty() {
            segments.push(part(String::new(), load, bytes, 0, load.p_filesz)?);
        }
        for (name, section) in sections.iter().filter(|(_, section)| is_loaded_with(load, section)) {
            // Where segments share bytes of the file, sections count several times: no linker does that without end.
            if segments.len() > usize::from(u16::MAX) {
                return Err(ElfError::TooMany);
            }
            segments.push(part(name.clone(), load, bytes, section.sh_offset - load.p_offset, section.sh_size)?);
        }
    }
    segments.sort_by_key(|segment| segment.address);
    if segments.is_empty() { Err(ElfError::Nothing) } else { Ok(segments) }
}

/// Bytes of a segment, from an offset in it on.
fn part<'a>(
    name: String,
    load: &ProgramHeader,
    bytes: &'a [u8],
    offset: u64,
    size: u64,
) -> Result<Segment<'a>, ElfError> {
    let bytes = bytes.get(index(offset)..index(offset.saturating_add(size))).ok_or(ElfError::Damaged("a section"))?;
    let address = load.p_paddr.checked_add(offset).and_then(|address| u32::try_from(address).ok());
    let address = address.ok_or(ElfError::Damaged("an address"))?;
    Ok(Segment { name, address, bytes: Cow::Borrowed(bytes) })
}

/// Whether a section has bytes that are loaded with this segment.
fn is_loaded_with(load: &ProgramHeader, section: &SectionHeader) -> bool {
    let range = load.p_offset..load.p_offset.saturating_add(load.p_filesz);
    section.sh_type != SHT_NOBITS
        && section.sh_flags & u64::from(SHF_ALLOC) != 0
        && section.sh_size > 0
        && range.contains(&section.sh_offset)
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

/// Sections with their names; none where the file has none, as after `sstrip`.
fn sections(file: &[u8], header: &Header, context: Ctx) -> Result<Vec<(String, SectionHeader)>, ElfError> {
    if header.e_shoff == 0 {
        return Ok(Vec::new());
    }
    let headers = table(file, header.e_shoff, header.e_shnum, header.e_shentsize, 40)
        .filter(|()| header.e_shnum > 0)
        .and_then(|()| SectionHeader::parse(file, index(header.e_shoff), header.e_shnum.into(), context).ok())
        .ok_or(ElfError::Damaged("the table of section headers"))?;
    let names = headers.get(usize::from(header.e_shstrndx)).and_then(|section| {
        file.get(index(section.sh_offset)..index(section.sh_offset.saturating_add(section.sh_size)))
    });
    // Names only make messages better: cut off, so that a hostile table cannot fill the memory.
    let name = |section: &SectionHeader| {
        let bytes = names?.get(section.sh_name..)?;
        let bytes = bytes.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(bytes.get(..LONGEST_NAME).unwrap_or(bytes)).into_owned())
    };
    Ok(headers.iter().map(|section| (name(section).unwrap_or_default(), section.clone())).collect())
}
