//! External memories of a plan, and how any memory is reached.

use std::ops::Range;

use geometry::Region;
use geometry::sort::sort_by;

use crate::source::Spanned;

/// An external memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its name in the manifest, which is its region's too; the entry is its table's header.
    pub name: Spanned<String>,
    /// Its part, as the device database or the manifest's own geometry calls it.
    pub part: String,
    /// What it is connected to.
    pub bus: Spanned<Bus>,
    /// Its sectors. The base is the address of the bus's window, or 0 where there is none.
    pub region: Region,
    /// Where commands must be written, from its base. Empty for serial memories, and where it is not known.
    pub command_offsets: Vec<u32>,
    /// How the core sees it while code runs from it.
    pub execute_as: Option<Spanned<Attribute>>,
    /// How the core sees it while it is written.
    pub program_as: Option<Spanned<Attribute>>,
    /// Where the routine runs that writes it.
    pub writer: Option<Spanned<Writer>>,
    /// What is accepted for code that runs from it.
    pub xip: Option<Spanned<Xip>>,
}

/// What a memory is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// The first chip select of the flexible memory controller, for parallel memories.
    FmcNe1,
    /// The second one.
    FmcNe2,
    /// The third one.
    FmcNe3,
    /// The fourth one.
    FmcNe4,
    /// The controller for serial memories that maps one.
    Quadspi,
    /// The first of two such controllers.
    Octospi1,
    /// The second of them.
    Octospi2,
    /// A plain serial port: the memory has no address, only offsets.
    Spi,
}

/// A memory attribute of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Every access reaches the memory, in order; nothing is fetched from it.
    Device,
    /// Every access reaches the memory.
    NonCacheable,
    /// Reads may come out of the cache, writes reach the memory.
    WriteThrough,
    /// Reads and writes may stay in the cache.
    WriteBack,
}

/// Where the routine runs that writes a memory. Only its author knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// In RAM, with all interrupts that it allows.
    Ram,
    /// Anywhere: it suspends the operation before anything is fetched.
    Suspend,
}

/// What is accepted for code that runs from an external memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Xip {
    /// Whoever can reprogram the chip can change the code behind the check.
    AcceptPhysical,
}

/// How a memory is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Internal flash.
    Internal,
    /// External, and seen in the address space.
    Mapped,
    /// External, and read by commands: it has offsets and no address.
    Commands,
}

impl Bus {
    /// Whether a parallel memory belongs on it.
    pub fn is_parallel(self) -> bool {
        matches!(self, Self::FmcNe1 | Self::FmcNe2 | Self::FmcNe3 | Self::FmcNe4)
    }
}

impl Memory {
    /// How it is reached.
    pub fn access(&self) -> Access {
        if self.bus.value == Bus::Spi { Access::Commands } else { Access::Mapped }
    }

    /// Addresses at which commands are written, lowest first.
    pub fn command_addresses(&self) -> Vec<u32> {
        let mut addresses: Vec<u32> = self.command_offsets.iter().map(|offset| self.region.base + offset).collect();
        sort_by(&mut addresses, Ord::cmp);
        addresses
    }
}

impl Access {
    /// A place as people write it: `0x6000_0000`, or `+0x10_0000` where there are only offsets.
    pub fn place(self, at: u32) -> String {
        match self {
            Self::Internal | Self::Mapped => geometry::address(at),
            Self::Commands => format!("+0x{:02X}_{:04X}", at >> 16, at & 0xFFFF),
        }
    }

    /// First and last place of a range: `0x6000_0000 to 0x603F_FFFF`.
    pub fn span(self, range: &Range<u32>) -> String {
        format!("{} to {}", self.place(range.start), self.place(range.end.saturating_sub(1)))
    }
}
