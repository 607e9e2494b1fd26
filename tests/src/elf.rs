//! Small ELF files: a file header, program headers and bytes, by the System V ABI's tables for 32-bit objects.

/// Bytes of the file header.
const FILE_HEADER: u32 = 52;
/// Bytes of a program header.
const PROGRAM_HEADER: u32 = 32;
/// A stack pointer at the end of the 512 KiB of RAM that an STM32F767 has at 0x2000_0000.
const STACK: u32 = 0x2008_0000;

/// A PT_LOAD segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Load address (LMA).
    pub address: u32,
    /// Content.
    pub bytes: Vec<u8>,
}

/// An executable for Arm with these segments.
pub fn file(segments: &[Segment]) -> Vec<u8> {
    let count = u16::try_from(segments.len()).unwrap();
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    // Type EXEC, machine Arm, version 1.
    halves(&mut file, &[2, 40]);
    words(&mut file, &[1, segments.first().map_or(0, |first| first.address), FILE_HEADER, 0, 0x0500_0000]);
    halves(&mut file, &[52, 32, count, 40, 0, 0]);
    let mut offset = FILE_HEADER + PROGRAM_HEADER * u32::from(count);
    for Segment { address, bytes } in segments {
        let size = u32::try_from(bytes.len()).unwrap();
        // Type LOAD, then file offset, virtual and physical address, sizes in file and memory, flags RX, alignment.
        words(&mut file, &[1, offset, *address, *address, size, size, 5, 4]);
        offset += size;
    }
    segments.iter().for_each(|segment| file.extend(&segment.bytes));
    file
}

/// Firmware that runs at an address: a vector table that starts right behind itself, and filler.
pub fn firmware(address: u32, size: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    words(&mut bytes, &[STACK, (address + 0x200) | 1]);
    bytes.extend((8..size).map(|index| (index % 251) as u8));
    file(&[Segment { address, bytes }])
}

fn halves(file: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|value| file.extend(value.to_le_bytes()));
}

fn words(file: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| file.extend(value.to_le_bytes()));
}
