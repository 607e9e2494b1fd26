//! Small ELF files: a file header, program headers, bytes and section headers, by the System V ABI's tables for 32-bit
//! objects.

/// Bytes of the file header.
const FILE_HEADER: u32 = 52;
/// Bytes of a program header.
const PROGRAM_HEADER: u32 = 32;
/// A stack pointer at the end of the 512 KiB of RAM that an STM32F767 has at 0x2000_0000.
const STACK: u32 = 0x2008_0000;

/// An executable for Arm, unless a test says otherwise.
#[derive(Clone, Debug)]
pub struct Elf {
    /// 1: 32-bit.
    pub class: u8,
    /// 1: little-endian.
    pub order: u8,
    /// 40: Arm.
    pub machine: u16,
    /// 2: executable.
    pub kind: u16,
    /// In the order of the program headers.
    pub segments: Vec<Segment>,
    /// Without any, the file has no section headers.
    pub sections: Vec<Section>,
}

/// A PT_LOAD segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Load address (LMA).
    pub address: u32,
    /// Where it is at run time (VMA).
    pub runs_at: u32,
    /// Content.
    pub bytes: Vec<u8>,
    /// Bytes in memory.
    pub size: u32,
}

/// A section that is loaded: bytes of a segment.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// Index of its segment.
    pub segment: usize,
    /// Where in the segment.
    pub offset: u32,
    /// How many bytes.
    pub size: u32,
}

impl Default for Elf {
    fn default() -> Self {
        Self { class: 1, order: 1, machine: 40, kind: 2, segments: Vec::new(), sections: Vec::new() }
    }
}

impl Elf {
    /// Firmware that runs at an address.
    pub fn firmware(address: u32, size: u32) -> Self {
        Self::default().segment(address, code(address, size))
    }

    /// With a segment that runs where it is loaded.
    pub fn segment(self, address: u32, bytes: Vec<u8>) -> Self {
        let size = u32::try_from(bytes.len()).unwrap();
        self.load(Segment { address, runs_at: address, bytes, size })
    }

    /// With a segment.
    pub fn load(mut self, segment: Segment) -> Self {
        self.segments.push(segment);
        self
    }

    /// With a section of a segment.
    pub fn section(mut self, name: &'static str, segment: usize, offset: u32, size: u32) -> Self {
        self.sections.push(Section { name, segment, offset, size });
        self
    }

    /// The file.
    pub fn file(&self) -> Vec<u8> {
        let count = u32::try_from(self.segments.len()).unwrap();
        let mut offset = FILE_HEADER + PROGRAM_HEADER * count;
        let mut offsets = Vec::new();
        let mut program_headers = Vec::new();
        for Segment { address, runs_at, bytes, size } in &self.segments {
            let in_file = u32::try_from(bytes.len()).unwrap();
            // Type LOAD, then file offset, virtual and physical address, sizes in file and memory, flags RX, alignment.
            words(&mut program_headers, &[1, offset, *runs_at, *address, in_file, *size, 5, 4]);
            offsets.push(offset);
            offset += in_file;
        }
        // Index 0 is no section; the last one holds the names.
        let names: String = self.sections.iter().map(|section| format!("{}\0", section.name)).collect();
        let names = format!("\0{names}");
        let mut section_headers = vec![0; 40];
        let mut name = 1;
        for section in &self.sections {
            let at = offsets[section.segment] + section.offset;
            let address = self.segments[section.segment].runs_at + section.offset;
            // Type PROGBITS, flags ALLOC and EXECINSTR.
            words(&mut section_headers, &[name, 1, 6, address, at, section.size, 0, 0, 4, 0]);
            name += u32::try_from(section.name.len()).unwrap() + 1;
        }
        words(&mut section_headers, &[0, 3, 0, 0, offset, u32::try_from(names.len()).unwrap(), 0, 0, 1, 0]);
        let table = if self.sections.is_empty() { 0 } else { offset + u32::try_from(names.len()).unwrap() };
        let sections = if table == 0 { 0 } else { u16::try_from(self.sections.len()).unwrap() + 2 };

        let mut file = b"\x7fELF".to_vec();
        file.extend([self.class, self.order, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        halves(&mut file, &[self.kind, self.machine]);
        words(&mut file, &[1, self.segments.first().map_or(0, |first| first.runs_at), FILE_HEADER, table, 0x0500_0000]);
        halves(&mut file, &[52, 32, u16::try_from(count).unwrap(), 40, sections, sections.saturating_sub(1)]);
        file.extend(program_headers);
        self.segments.iter().for_each(|segment| file.extend(&segment.bytes));
        if table > 0 {
            file.extend(names.as_bytes());
            file.extend(section_headers);
        }
        file
    }
}

/// Code that runs at an address: a vector table that starts right behind itself, and filler.
pub fn code(address: u32, size: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    words(&mut bytes, &[STACK, (address + size.min(0x400) / 2) | 1]);
    bytes.extend((8..size).map(|index| (index % 251) as u8));
    bytes
}

/// The ELF file of firmware that runs at an address.
pub fn firmware(address: u32, size: u32) -> Vec<u8> {
    Elf::firmware(address, size).file()
}

fn halves(file: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|value| file.extend(value.to_le_bytes()));
}

fn words(file: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| file.extend(value.to_le_bytes()));
}
