//! External memories: parallel and serial NOR.

use std::fmt;

use crate::family::{Bytes, Erased, ReadRule, RegionForm, RewriteRule, fact, one};
use crate::read::{Named, tables, words};
use crate::sort::sort_by;
use crate::{Citation, Ecc, Region, Run};

/// An external memory by its part name. Its region starts at 0: the bus decides about the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Part name without speed, package and options, in capitals: `MT28EW256ABA`.
    pub name: String,
    /// How it is connected.
    pub interface: Interface,
    /// Its sectors by the smallest erase, and its rules.
    pub region: Region,
    /// All sizes that one erase command can have, smallest first; where they hold is the region's sector map's business.
    pub erase_sizes: Vec<u32>,
    /// Most bytes that one program command takes, from a multiple of them on.
    pub page: u32,
    /// Where commands must be written, from its base, with a bus of 16 bits. Empty for serial memories.
    pub command_offsets: Vec<u32>,
    /// Where all this comes from.
    pub citation: Citation,
    /// What abbreviations in the citations' sources stand for.
    pub sources: Named<String>,
}

words! {
    /// How an external memory is connected.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Interface {
        /// Address and data lines: a bus FMC_NE1 to FMC_NE4.
        Parallel,
        /// A command interface: SPI, QUADSPI or OCTOSPI.
        Serial,
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parallel => "parallel NOR",
            Self::Serial => "serial NOR",
        })
    }
}

tables! {
    /// schema/devices/memories.toml.
    pub struct Memories {
        sources: Named<String>,
        memories: Vec<MemoryForm>,
        program_unit: Vec<Bytes>,
        ecc_word: Vec<Bytes> = default,
        erased: Vec<Erased>,
        rewrite: Vec<RewriteRule>,
        read_while_write: Vec<ReadRule>,
    }

    struct MemoryForm {
        name: String,
        interface: Interface,
        runs: Vec<Run>,
        erase_sizes: Vec<u32>,
        page: u32,
        command_offsets: Vec<u32> = default,
        citation: Citation,
    }
}

impl Memories {
    /// All of them, by name.
    ///
    /// # Errors
    /// Statements that contradict one another.
    pub fn list(&self) -> Result<Vec<Memory>, String> {
        let mut memories = self.memories.iter().map(|form| self.memory(form)).collect::<Result<Vec<_>, _>>()?;
        sort_by(&mut memories, |a, b| a.name.cmp(&b.name));
        Ok(memories)
    }

    fn memory(&self, form: &MemoryForm) -> Result<Memory, String> {
        let name = &form.name;
        let citation = &form.citation;
        let region = RegionForm { base: 0, runs: form.runs.clone() };
        let ecc = one(self.ecc_word.iter(), name, "the ECC word")?;
        Ok(Memory {
            name: name.clone(),
            interface: form.interface,
            region: Region {
                name: name.to_ascii_lowercase(),
                base: region.base,
                first_sector: 0,
                runs: region.runs,
                sectors_from: citation.clone(),
                numbers: Some(citation.clone()),
                program_unit: fact(one(self.program_unit.iter(), name, "the program unit")?, |unit| unit.bytes),
                ecc: fact(ecc, |ecc| if ecc.bytes == 0 { Ecc::None } else { Ecc::Word(ecc.bytes) }),
                erased: fact(one(self.erased.iter(), name, "the erased value")?, |erased| erased.value),
                rewrite: fact(one(self.rewrite.iter(), name, "rewriting")?, |rewrite| rewrite.rule),
                read_while_write: fact(
                    one(self.read_while_write.iter(), name, "reading while writing")?,
                    |read: &ReadRule| read.rule,
                ),
                write_protection: None,
                page_protection: None,
            },
            erase_sizes: form.erase_sizes.clone(),
            page: form.page,
            command_offsets: form.command_offsets.clone(),
            citation: citation.clone(),
            sources: self.sources.clone(),
        })
    }
}
