//! Where things lie: ranges of whole sectors, and an image in one of them.

use std::cmp::Ordering;
use std::ops::Range;

use geometry::{Region, Sector};

use crate::memory::Access;
use crate::source::{Resolved, Span, Spanned};

/// Whole sectors of one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The region, which says how its flash behaves.
    pub region: Region,
    /// Where the region is named.
    pub region_span: Span,
    /// How the region is reached.
    pub access: Access,
    /// Lowest address first; never empty.
    pub sectors: Vec<Sector>,
    /// What says which sectors: the value of `sectors`, or of `offset`.
    pub span: Span,
    /// The addresses; offsets, of a memory that has none.
    pub range: Range<u32>,
}

/// A range of whole sectors that holds an image or the boot loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name; the entry is its table's header.
    pub name: Spanned<String>,
    /// Where it lies.
    pub extent: Extent,
    /// Bytes for header, signatures and records. The boot loader's slot has no header: `None`.
    pub header: Option<Resolved<u32>>,
    /// The alias that its image is linked for and runs at.
    pub run_alias: Option<Spanned<RunAlias>>,
    /// Whether its sectors are write-protected.
    pub write_protect: Resolved<bool>,
    /// The area that keeps its state log, by name: of a slot in external memory.
    pub log: Option<Spanned<String>>,
}

/// A second address of the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAlias {
    /// The F7's flash on the core's ITCM bus: it can be fetched from there, and not programmed.
    Itcm,
}

/// A range of whole sectors that holds no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Its name; the entry is its table's header.
    pub name: Spanned<String>,
    /// Where it lies.
    pub extent: Extent,
    /// What it is for.
    pub purpose: Spanned<Use>,
    /// The log of states that the application keeps in it, from its first byte on.
    pub log: Option<AreaLog>,
}

/// A log of states: an array of entries, each of which goes through the states in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaLog {
    /// The states.
    pub states: Vec<String>,
    /// How many entries.
    pub entries: u32,
    /// Bytes that one program operation fills.
    pub unit: u32,
    /// The states' words, where each is written over the one before. `None`: each state has a program unit of its own.
    pub values: Option<Vec<u32>>,
}

impl AreaLog {
    /// Program units of an entry.
    fn units(&self) -> u64 {
        if self.values.is_some() { 1 } else { u64::try_from(self.states.len()).unwrap_or(u64::MAX) }
    }

    /// Bytes of an entry.
    pub fn entry_size(&self) -> u64 {
        self.units().saturating_mul(self.unit.into())
    }

    /// Bytes of all entries.
    pub fn size(&self) -> u64 {
        self.entry_size().saturating_mul(self.entries.into())
    }

    /// How many entries fit into so many bytes.
    pub fn most(&self, room: u32) -> u64 {
        u64::from(room) / self.entry_size().max(1)
    }

    /// `3 units of 4 bytes x 256 entries = 3072 of 4096 bytes`.
    pub fn sizes(&self, room: u32) -> String {
        let Self { entries, unit, .. } = self;
        let units = match self.units() {
            1 => "1 unit".to_owned(),
            units => format!("{units} units"),
        };
        format!("{units} of {unit} bytes x {entries} entries = {} of {room} bytes", self.size())
    }
}

/// What an area is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The boot loader's security counter.
    Counter,
    /// The application's own: nobody else writes or erases it, and no layout fingerprint covers it.
    Application,
    /// The state log of a slot in external memory.
    Log,
}

/// The slots of an image that it does not run from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Where updates are staged, by name.
    pub download: Option<Spanned<String>>,
    /// Where a copy of what an update overwrites is kept, by name.
    pub backup: Option<Spanned<String>>,
}

/// An image in one of its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The slot, by name, where the image names it.
    pub slot: Spanned<String>,
    /// The slot's first byte.
    pub store_address: u32,
    /// Where header, signatures and records are stored: in front of the payload, or without a boot loader at the slot's end.
    pub front_address: u32,
    /// Bytes for header, signatures and records.
    pub front_size: u32,
    /// Where its payload is stored.
    pub payload_address: u32,
    /// Where its payload must be linked to run; 0 for data, as the format has it.
    pub run_address: u32,
    /// Where the state words start; they end with the slot, with overwrite with the slot that updates are staged in. Without
    /// a boot loader there are none, and this is the slot's end.
    pub state_address: u32,
    /// Bytes of the state words.
    pub state_size: u32,
    /// The area that starts with the state words, by name, where they are in no slot.
    pub state_area: Option<String>,
    /// Bytes that payload and auxiliary area may take: slot without header and state words.
    pub capacity: u32,
    /// The file, relative to the manifest. `None`: the command line names it.
    pub input: Option<Spanned<String>>,
}

impl Placement {
    /// Offset of the payload in the slot, in bytes.
    pub fn payload_offset(&self) -> u32 {
        self.payload_address.saturating_sub(self.store_address)
    }

    /// Bytes that the whole artefact may take.
    pub fn room(&self) -> u32 {
        self.capacity.saturating_add(self.front_size)
    }
}

impl Extent {
    /// Bytes.
    pub fn size(&self) -> u32 {
        self.range.end - self.range.start
    }

    /// Whether both lie in one memory and share a sector.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.region.name == other.region.name
            && self.range.start < other.range.end
            && other.range.start < self.range.end
    }

    /// The order of all extents: internal flash, then external memories, each by ascending address.
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |extent: &Self| (extent.access, extent.region.base);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.region.name.cmp(&other.region.name))
            .then_with(|| self.range.start.cmp(&other.range.start))
    }

    /// The first and the last sector number.
    pub fn numbers(&self) -> (u32, u32) {
        let number = |sector: Option<&Sector>| sector.map_or(0, |sector| sector.number);
        (number(self.sectors.first()), number(self.sectors.last()))
    }
}
