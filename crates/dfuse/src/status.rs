//! What a device answers to GETSTATUS.

use std::fmt;

/// Six bytes: how the last request went, and what the device does now (USB DFU 1.1 section 6.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// How the last request went.
    pub code: StatusCode,
    /// Milliseconds to wait before the next GETSTATUS, 24 bits.
    pub poll_timeout: u32,
    /// What the device does now.
    pub state: State,
}

impl Status {
    /// Reads an answer. `None`: it is too short.
    pub fn read(answer: &[u8]) -> Option<Self> {
        let [code, t0, t1, t2, state, ..] = *answer else { return None };
        Some(Self { code: StatusCode(code), poll_timeout: u32::from_le_bytes([t0, t1, t2, 0]), state: State(state) })
    }
}

/// bState (USB DFU 1.1 section 6.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State(pub u8);

impl State {
    /// dfuIDLE: waits for requests.
    pub const IDLE: Self = Self(2);
    /// dfuDNLOAD-SYNC: has a block, waits for GETSTATUS.
    pub const DOWNLOAD_SYNC: Self = Self(3);
    /// dfuDNBUSY: programs or erases.
    pub const BUSY: Self = Self(4);
    /// dfuDNLOAD-IDLE: waits for the next block.
    pub const DOWNLOAD_IDLE: Self = Self(5);
    /// dfuMANIFEST: leaves.
    pub const MANIFEST: Self = Self(7);
    /// dfuUPLOAD-IDLE: waits for the next upload.
    pub const UPLOAD_IDLE: Self = Self(9);
    /// dfuERROR: waits for CLRSTATUS.
    pub const ERROR: Self = Self(10);
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 11] = [
            "appIDLE",
            "appDETACH",
            "dfuIDLE",
            "dfuDNLOAD-SYNC",
            "dfuDNBUSY",
            "dfuDNLOAD-IDLE",
            "dfuMANIFEST-SYNC",
            "dfuMANIFEST",
            "dfuMANIFEST-WAIT-RESET",
            "dfuUPLOAD-IDLE",
            "dfuERROR",
        ];
        match NAMES.get(usize::from(self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "state {}", self.0),
        }
    }
}

/// bStatus (USB DFU 1.1 section 6.1.2; what the ROM means with two of them is in AN3156).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCode(pub u8);

impl StatusCode {
    /// No error.
    pub const OK: Self = Self(0x00);
    /// errTARGET: the ROM refuses the address.
    pub const TARGET: Self = Self(0x01);
    /// errVENDOR: the flash is protected from being read.
    pub const VENDOR: Self = Self(0x0B);
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 16] = [
            "OK",
            "errTARGET",
            "errFILE",
            "errWRITE",
            "errERASE",
            "errCHECK_ERASED",
            "errPROG",
            "errVERIFY",
            "errADDRESS",
            "errNOTDONE",
            "errFIRMWARE",
            "errVENDOR",
            "errUSBR",
            "errPOR",
            "errUNKNOWN",
            "errSTALLEDPKT",
        ];
        match NAMES.get(usize::from(self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "status {}", self.0),
        }
    }
}
