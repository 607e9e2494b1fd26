//! A device without USB: it answers control transfers as the ROM does, on whatever memory it is given.
//!
//! It is for tests and for a demonstration without a board. Made from ST AN3156 and what hosts report of real devices;
//! that it behaves as a given ROM does is unproven.

use std::ops::Range;

use crate::effect::{Effect, Event, Request};
use crate::memory_map::MemoryMap;
use crate::status::{State, StatusCode};

/// What is behind an alternate setting.
pub trait Memory {
    /// Reads from an address.
    fn read(&mut self, address: u32, bytes: &mut [u8]);
    /// Erases a sector.
    fn erase(&mut self, sector: Range<u32>);
    /// Programs bytes, as well as the memory can: whoever wants to know reads back.
    fn program(&mut self, address: u32, bytes: &[u8]);
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The cable is pulled before this transfer, counted from 0.
    Unplugged(u32),
    /// This transfer is stalled.
    Stalled(u32),
    /// From this transfer on, GETSTATUS is stalled twice before each answer while the device is busy, as an L4 does.
    StatusStalls(u32),
    /// Erases never end until CLRSTATUS came twice, as on an H7's second bank.
    StaysBusy,
    /// CLRSTATUS changes nothing.
    Deaf,
    /// Every operation takes so many times as long as the device says.
    Slow(u32),
    /// The operation in this block or command, counted from 0, ends with this status.
    Status(u32, StatusCode),
    /// Uploads bring a byte less than asked for.
    ShortReads,
}

/// What a transfer came to if not to its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// The device stalled it.
    Stalled,
    /// The device is gone.
    Gone,
}

/// A device in its boot loader, with one alternate setting.
#[derive(Debug)]
pub struct Simulated<M> {
    /// The memory.
    pub memory: M,
    /// Its map.
    pub map: MemoryMap,
    /// Bytes of a whole block.
    pub transfer_size: u16,
    /// Whether the flash is read-protected.
    pub read_protected: bool,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    state: State,
    code: StatusCode,
    pointer: u32,
    /// wValue and data of the download that waits for GETSTATUS.
    pending: Option<(u16, Vec<u8>)>,
    /// How the operation under way will end, in so many milliseconds.
    busy: (u32, StatusCode),
    stalls: u32,
    transfers: u32,
    operations: u32,
    gone: bool,
}

/// What the device says an operation takes, in milliseconds.
const OPERATION: u32 = 10;

impl<M: Memory> Simulated<M> {
    /// A device that was just connected.
    pub fn new(memory: M, map: MemoryMap, transfer_size: u16) -> Self {
        Self {
            memory,
            map,
            transfer_size,
            read_protected: false,
            faults: Vec::new(),
            state: State::IDLE,
            code: StatusCode::OK,
            pointer: 0x0800_0000,
            pending: None,
            busy: (0, StatusCode::OK),
            stalls: 0,
            transfers: 0,
            operations: 0,
            gone: false,
        }
    }

    /// Performs an effect. What ends a session is answered with [`Event::Done`], which nobody reads.
    pub fn perform(&mut self, effect: &Effect) -> Event {
        let event = match effect {
            Effect::Out { request, value, data } => self.control_out(*request, *value, data).map(|()| Event::Done),
            Effect::In { request, value, length } => self.control_in(*request, *value, *length).map(Event::Received),
            Effect::Wait(milliseconds) => {
                self.wait(*milliseconds);
                Ok(Event::Done)
            }
            Effect::Progress { .. } | Effect::Finished(_) | Effect::Failed(_) => Ok(Event::Done),
        };
        event.unwrap_or_else(|stall| match stall {
            Stall::Stalled => Event::Stalled,
            Stall::Gone => Event::Gone,
        })
    }

    /// Plugs it in again: the ROM starts anew, the memory is what it was.
    pub fn reconnect(self) -> Self {
        let Self { memory, map, transfer_size, read_protected, .. } = self;
        Self { read_protected, ..Self::new(memory, map, transfer_size) }
    }

    /// Time passes.
    pub fn wait(&mut self, milliseconds: u32) {
        let slow =
            self.faults.iter().find_map(|fault| if let Fault::Slow(times) = fault { Some(*times) } else { None });
        self.busy.0 = self.busy.0.saturating_sub(milliseconds / slow.unwrap_or(1).max(1));
    }

    /// A control transfer to the device.
    ///
    /// # Errors
    /// It is stalled, or the device is gone.
    pub fn control_out(&mut self, request: Request, value: u16, data: &[u8]) -> Result<(), Stall> {
        self.transfer()?;
        match request {
            Request::Download if matches!(self.state, State::IDLE | State::DOWNLOAD_IDLE) => {
                self.pending = Some((value, data.to_vec()));
                self.state = State::DOWNLOAD_SYNC;
            }
            Request::ClearStatus if self.faults.contains(&Fault::Deaf) => {}
            Request::ClearStatus if self.state == State::BUSY => self.fail(StatusCode(0x0E)),
            Request::ClearStatus if self.state == State::ERROR => {
                (self.state, self.code) = (State::IDLE, StatusCode::OK);
            }
            Request::Abort if matches!(self.state, State::IDLE | State::DOWNLOAD_IDLE | State::UPLOAD_IDLE) => {
                self.state = State::IDLE;
            }
            _ => return self.stall(),
        }
        Ok(())
    }

    /// A control transfer from the device.
    ///
    /// # Errors
    /// It is stalled, or the device is gone.
    pub fn control_in(&mut self, request: Request, value: u16, length: u16) -> Result<Vec<u8>, Stall> {
        self.transfer()?;
        match request {
            Request::GetStatus => self.status(),
            Request::Upload if matches!(self.state, State::IDLE | State::UPLOAD_IDLE) => self.upload(value, length),
            _ => self.stall(),
        }
    }

    fn upload(&mut self, block: u16, length: u16) -> Result<Vec<u8>, Stall> {
        let start = self.address(block);
        if self.read_protected {
            self.fail(StatusCode::VENDOR);
            return Err(Stall::Stalled);
        }
        if !self.map.allows(&(start..start.saturating_add(length.into())), |access| access.read) {
            self.fail(StatusCode::TARGET);
            return Err(Stall::Stalled);
        }
        let short = u16::from(self.faults.contains(&Fault::ShortReads));
        let mut bytes = vec![0; length.saturating_sub(short).into()];
        self.memory.read(start, &mut bytes);
        self.state = if length < self.transfer_size { State::IDLE } else { State::UPLOAD_IDLE };
        Ok(bytes)
    }

    fn status(&mut self) -> Result<Vec<u8>, Stall> {
        if matches!(self.state, State::DOWNLOAD_SYNC | State::BUSY) && self.status_stalls() {
            return Err(Stall::Stalled);
        }
        let mut timeout = 0;
        match self.state {
            State::DOWNLOAD_SYNC => {
                self.begin();
                timeout = OPERATION;
            }
            State::BUSY if self.busy.0 > 0 => timeout = OPERATION,
            State::BUSY if self.busy.1 != StatusCode::OK => self.fail(self.busy.1),
            State::BUSY => self.state = State::DOWNLOAD_IDLE,
            // It has said that it leaves.
            State::MANIFEST => self.gone = true,
            _ => {}
        }
        let [t0, t1, t2, _] = timeout.to_le_bytes();
        Ok(vec![self.code.0, t0, t1, t2, self.state.0, 0])
    }

    /// Begins what was downloaded: it runs from the first GETSTATUS on.
    fn begin(&mut self) {
        let Some((value, data)) = self.pending.take() else { return };
        let number = self.operations;
        self.operations += 1;
        self.state = State::BUSY;
        self.busy = (OPERATION, StatusCode::OK);
        let fault = self.faults.iter().find_map(|fault| match fault {
            Fault::Status(at, code) if *at == number => Some(*code),
            _ => None,
        });
        if let Some(code) = fault {
            self.busy.1 = code;
            return;
        }
        match (value, data.as_slice()) {
            (_, []) => self.state = State::MANIFEST,
            (0, [0x21, a, b, c, d]) => {
                let address = u32::from_le_bytes([*a, *b, *c, *d]);
                match self.map.sector(address) {
                    Some(_) => self.pointer = address,
                    None => self.fail(StatusCode::TARGET),
                }
            }
            (0, [0x41, a, b, c, d]) => match self.map.sector(u32::from_le_bytes([*a, *b, *c, *d])) {
                Some((sector, access)) if access.erase && !self.read_protected => {
                    self.memory.erase(sector.start as u32..sector.end as u32);
                    if self.faults.contains(&Fault::StaysBusy) {
                        self.busy.0 = u32::MAX;
                    }
                }
                Some(_) if self.read_protected => self.fail(StatusCode::VENDOR),
                _ => self.fail(StatusCode::TARGET),
            },
            (2.., bytes) => {
                let start = self.address(value);
                let range = start..start.saturating_add(bytes.len() as u32);
                if self.read_protected {
                    self.fail(StatusCode::VENDOR);
                } else if self.map.allows(&range, |access| access.write) {
                    self.memory.program(start, bytes);
                } else {
                    self.fail(StatusCode::TARGET);
                }
            }
            _ => self.fail(StatusCode(0x0F)),
        }
    }

    fn address(&self, block: u16) -> u32 {
        let blocks = u32::from(block.saturating_sub(2));
        self.pointer.saturating_add(blocks * u32::from(self.transfer_size))
    }

    fn transfer(&mut self) -> Result<(), Stall> {
        let number = self.transfers;
        self.transfers += 1;
        self.gone |= self.faults.contains(&Fault::Unplugged(number));
        if self.gone {
            Err(Stall::Gone)
        } else if self.faults.contains(&Fault::Stalled(number)) {
            Err(Stall::Stalled)
        } else {
            Ok(())
        }
    }

    /// Whether this GETSTATUS is one of the two that are stalled.
    fn status_stalls(&mut self) -> bool {
        let now = self.transfers;
        if !self.faults.iter().any(|fault| matches!(fault, Fault::StatusStalls(from) if *from < now)) {
            return false;
        }
        self.stalls = (self.stalls + 1) % 3;
        self.stalls != 0
    }

    fn fail(&mut self, code: StatusCode) {
        (self.state, self.code) = (State::ERROR, code);
    }

    /// A request in a state that does not take it (USB DFU 1.1 appendix A).
    fn stall<T>(&mut self) -> Result<T, Stall> {
        self.fail(StatusCode(0x0F));
        Err(Stall::Stalled)
    }
}

/// Plain memory: programming clears bits, erasing sets them, and nothing else ever happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    base: u32,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Plain {
    /// All bytes of a map's runs, from the lowest address to the highest, erased.
    pub fn of(map: &MemoryMap) -> Self {
        let base = map.runs.iter().map(|run| run.address).min().unwrap_or_default();
        let end = map.runs.iter().map(|run| run.range().end).max().unwrap_or_default();
        let size = usize::try_from(end.saturating_sub(base.into())).unwrap_or_default();
        Self { base, bytes: vec![0xFF; size] }
    }

    /// The bytes of a range. Empty where it is not all there.
    pub fn range(&mut self, range: &Range<u32>) -> &mut [u8] {
        let offset = |address: u32| address.checked_sub(self.base).map(|offset| offset as usize);
        match (offset(range.start), offset(range.end)) {
            (Some(start), Some(end)) => self.bytes.get_mut(start..end).unwrap_or_default(),
            _ => &mut [],
        }
    }
}

impl Memory for Plain {
    fn read(&mut self, address: u32, bytes: &mut [u8]) {
        let found = self.range(&(address..address.saturating_add(bytes.len() as u32)));
        bytes.iter_mut().zip(found).for_each(|(byte, found)| *byte = *found);
    }

    fn erase(&mut self, sector: Range<u32>) {
        self.range(&sector).fill(0xFF);
    }

    fn program(&mut self, address: u32, bytes: &[u8]) {
        let cells = self.range(&(address..address.saturating_add(bytes.len() as u32)));
        cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
    }
}
