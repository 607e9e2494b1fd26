//! A device without USB: it answers control transfers as the ROM does, on whatever memory it is given.
//!
//! It is for tests and for a demonstration without a board. Made from ST AN3156 and what hosts report of real devices;
//! that it behaves as a given ROM does is unproven.

mod board;
mod chip;
mod descriptors;
mod fault;
mod memory;

use std::ops::Range;

pub use self::board::{Board, BoardError, Operation};
pub use self::chip::Chip;
pub use self::descriptors::IDS;
pub use self::fault::{Fault, Moment};
pub use self::memory::{Memory, Plain};
use crate::effect::{Effect, Event, Request};
use crate::memory_map::{LayoutError, MemoryMap};
use crate::status::{State, StatusCode};
use crate::usb::Setup;
use descriptors::Descriptors;

/// What a transfer came to if not to its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// The device stalled it.
    Stalled,
    /// The device is gone.
    Gone,
}

/// A device in its boot loader.
#[derive(Clone, Debug)]
pub struct Simulated<M> {
    /// The memory.
    pub memory: M,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What of it went wrong.
    reached: Vec<Fault>,
    maps: Vec<MemoryMap>,
    descriptors: Descriptors,
    alternate: usize,
    state: State,
    code: StatusCode,
    pointer: u32,
    /// wValue and data of the download that waits for GETSTATUS.
    pending: Option<(u16, Vec<u8>)>,
    /// How the operation under way will end, in so many milliseconds.
    busy: (u32, StatusCode),
    stalls: u32,
    is_mute: bool,
    transfers: u32,
    erases: u32,
    /// Blocks.
    programs: u32,
    /// Blocks.
    reads: u32,
    /// How often the byte that somebody else programs was read.
    looks: u32,
    gone: bool,
}

/// What the device says an operation takes, in milliseconds.
const OPERATION: u32 = 10;
/// Status: errSTALLEDPKT.
const STALLED_PACKET: StatusCode = StatusCode(0x0F);
/// Status: errUNKNOWN.
const UNKNOWN: StatusCode = StatusCode(0x0E);

impl<M: Memory> Simulated<M> {
    /// A device that was just connected, with the names of its alternate settings: layout strings.
    ///
    /// # Errors
    /// A name that is no layout string.
    pub fn new(memory: M, alternates: Vec<String>, transfer_size: u16) -> Result<Self, LayoutError> {
        let maps = alternates.iter().map(|name| name.parse()).collect::<Result<Vec<MemoryMap>, _>>()?;
        let serial = "000000000000".to_owned();
        Ok(Self::plugged(memory, maps, Descriptors { serial, alternates, transfer_size }))
    }

    fn plugged(memory: M, maps: Vec<MemoryMap>, descriptors: Descriptors) -> Self {
        Self {
            memory,
            maps,
            descriptors,
            faults: Vec::new(),
            reached: Vec::new(),
            alternate: 0,
            state: State::IDLE,
            code: StatusCode::OK,
            pointer: 0x0800_0000,
            pending: None,
            busy: (0, StatusCode::OK),
            stalls: 0,
            is_mute: false,
            transfers: 0,
            erases: 0,
            programs: 0,
            reads: 0,
            looks: 0,
            gone: false,
        }
    }

    /// With this serial number.
    pub fn with_serial(mut self, serial: &str) -> Self {
        serial.clone_into(&mut self.descriptors.serial);
        self
    }

    /// The serial number that it says.
    pub fn serial(&self) -> &str {
        &self.descriptors.serial
    }

    /// The map of the alternate setting that is chosen.
    pub fn map(&self) -> Option<&MemoryMap> {
        self.maps.get(self.alternate)
    }

    /// Bytes of a whole block.
    pub fn transfer_size(&self) -> u16 {
        self.descriptors.transfer_size
    }

    /// Control transfers so far.
    pub fn transfers(&self) -> u32 {
        self.transfers
    }

    /// Performs an effect. What ends a session is answered with [`Event::Done`], which nobody reads.
    pub fn perform(&mut self, effect: &Effect) -> Event {
        match effect {
            Effect::Out { request, value, data } => self.out(&Setup::class_out(*request, *value, 0), data),
            Effect::In { request, value, length } => self.ask(&Setup::class_in(*request, *value, 0), *length),
            Effect::Wait(milliseconds) => {
                self.wait(*milliseconds);
                Event::Done
            }
            Effect::Progress { .. } | Effect::Finished(_) | Effect::Failed(_) => Event::Done,
        }
    }

    /// A control transfer to the device, as an event.
    pub fn out(&mut self, setup: &Setup, data: &[u8]) -> Event {
        self.control_out(setup, data).map_or_else(Event::from, |()| Event::Done)
    }

    /// A control transfer from the device, as an event.
    pub fn ask(&mut self, setup: &Setup, length: u16) -> Event {
        self.control_in(setup, length).map_or_else(Event::from, Event::Received)
    }

    /// Plugs it in again: the ROM starts anew, the memory is what it was. Nothing goes wrong any more.
    pub fn reconnect(self) -> Self {
        Self::plugged(self.memory, self.maps, self.descriptors)
    }

    /// Time passes.
    pub fn wait(&mut self, milliseconds: u32) {
        let slow = self.find(|fault| if let Fault::Slow(times) = fault { Some(times) } else { None });
        self.busy.0 = self.busy.0.saturating_sub(milliseconds / slow.unwrap_or(1).max(1));
    }

    /// Chooses an alternate setting: SET_INTERFACE.
    ///
    /// # Errors
    /// There is none of this number, or the device is gone.
    pub fn select(&mut self, alternate: u8) -> Result<(), Stall> {
        self.transfer()?;
        if usize::from(alternate) >= self.maps.len() {
            return Err(Stall::Stalled);
        }
        self.alternate = alternate.into();
        Ok(())
    }

    /// A control transfer to the device.
    ///
    /// # Errors
    /// It is stalled, or the device is gone.
    pub fn control_out(&mut self, setup: &Setup, data: &[u8]) -> Result<(), Stall> {
        self.transfer()?;
        match setup.class() {
            Some(Request::Download) if matches!(self.state, State::IDLE | State::DOWNLOAD_IDLE) => {
                let change = self.change_by(setup.value, data);
                if change.is_some_and(|change| self.strikes(Fault::Stalled(change))) {
                    return Err(Stall::Stalled);
                }
                self.pending = Some((setup.value, data.to_vec()));
                self.state = State::DOWNLOAD_SYNC;
            }
            Some(Request::ClearStatus) if self.strikes(Fault::Deaf) => {}
            Some(Request::ClearStatus) if self.state == State::BUSY => self.fail(UNKNOWN),
            Some(Request::ClearStatus) if self.state == State::ERROR => {
                (self.state, self.code) = (State::IDLE, StatusCode::OK);
            }
            Some(Request::Abort) if matches!(self.state, State::IDLE | State::DOWNLOAD_IDLE | State::UPLOAD_IDLE) => {
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
    pub fn control_in(&mut self, setup: &Setup, length: u16) -> Result<Vec<u8>, Stall> {
        self.transfer()?;
        if let Some((kind, index)) = setup.asked() {
            let mut descriptor = self.descriptors.get(kind, index).ok_or(Stall::Stalled)?;
            descriptor.truncate(length.into());
            return Ok(descriptor);
        }
        match setup.class() {
            Some(Request::GetStatus) => self.status(),
            Some(Request::Upload) if matches!(self.state, State::IDLE | State::UPLOAD_IDLE) => {
                self.upload(setup.value, length)
            }
            _ => self.stall(),
        }
    }

    fn upload(&mut self, block: u16, length: u16) -> Result<Vec<u8>, Stall> {
        if block == 0 {
            // The commands that there are.
            let mut commands = vec![0x00, 0x21, 0x41, 0x92];
            commands.truncate(length.into());
            return Ok(commands);
        }
        let read = Moment::Read(self.reads);
        self.reads += 1;
        if self.strikes(Fault::Unplugged(read)) {
            self.gone = true;
            return Err(Stall::Gone);
        }
        if self.strikes(Fault::Stalled(read)) {
            return Err(Stall::Stalled);
        }
        let start = self.address(block);
        let short = u16::from(self.strikes(Fault::ShortReads));
        self.change(start..start.saturating_add(length.into()));
        let mut bytes = vec![0; length.saturating_sub(short).into()];
        if let Err(code) = self.memory.read(start, &mut bytes) {
            self.fail(code);
            return Err(Stall::Stalled);
        }
        self.state = if length < self.transfer_size() { State::IDLE } else { State::UPLOAD_IDLE };
        Ok(bytes)
    }

    /// What somebody else programs before this is read.
    fn change(&mut self, read: Range<u32>) {
        let written = self.faults.iter().find_map(|fault| match fault {
            Fault::Written(address, byte, time) if read.contains(address) => Some((*address, *byte, *time)),
            _ => None,
        });
        if let Some((address, byte, time)) = written {
            if self.looks == time && self.strikes(Fault::Written(address, byte, time)) {
                let _ = self.memory.program(address, &[byte]);
            }
            self.looks += 1;
        }
    }

    fn status(&mut self) -> Result<Vec<u8>, Stall> {
        if matches!(self.state, State::DOWNLOAD_SYNC | State::BUSY) && self.status_stalls() {
            return Err(Stall::Stalled);
        }
        let mut timeout = 0;
        match self.state {
            State::DOWNLOAD_SYNC => {
                self.begin()?;
                timeout = OPERATION;
            }
            State::BUSY if self.busy.0 > 0 => timeout = OPERATION,
            State::BUSY if self.busy.1 != StatusCode::OK => self.fail(self.busy.1),
            State::BUSY => self.state = State::DOWNLOAD_IDLE,
            // It has said that it leaves.
            State::MANIFEST => self.gone = true,
            _ => {}
        }
        if self.is_mute {
            return Err(Stall::Stalled);
        }
        let [t0, t1, t2, _] = timeout.to_le_bytes();
        Ok(vec![self.code.0, t0, t1, t2, self.state.0, 0])
    }

    /// The erase or block that a download asks for.
    fn change_by(&self, value: u16, data: &[u8]) -> Option<Moment> {
        match (value, data) {
            (0, [0x41, _, _, _, _]) => Some(Moment::Erase(self.erases)),
            (2.., [_, ..]) => Some(Moment::Program(self.programs)),
            _ => None,
        }
    }

    /// Begins what was downloaded: it runs from the first GETSTATUS on.
    fn begin(&mut self) -> Result<(), Stall> {
        let Some((value, data)) = self.pending.take() else { return Ok(()) };
        self.state = State::BUSY;
        self.busy = (OPERATION, StatusCode::OK);
        if let Some(change) = self.change_by(value, &data) {
            return self.carry_out(change, value, &data);
        }
        match (value, data.as_slice()) {
            (_, []) => self.state = State::MANIFEST,
            (0, [0x21, a, b, c, d]) => {
                let address = u32::from_le_bytes([*a, *b, *c, *d]);
                if self.memory.has(address) {
                    self.pointer = address;
                } else {
                    self.fail(StatusCode::TARGET);
                }
            }
            (0, [0x92]) => {
                self.memory.unprotect();
                self.gone = true;
            }
            _ => self.fail(STALLED_PACKET),
        }
        Ok(())
    }

    /// Erases a sector, or programs a block, with what goes wrong then.
    fn carry_out(&mut self, change: Moment, value: u16, data: &[u8]) -> Result<(), Stall> {
        match change {
            Moment::Erase(_) => self.erases += 1,
            _ => self.programs += 1,
        }
        let status = self.find(|fault| match fault {
            Fault::Status(at, code) if at == change => Some(code),
            _ => None,
        });
        if let Some(code) = status {
            self.busy.1 = code;
            return Ok(());
        }
        let is_cut = self.strikes(Fault::Unplugged(change));
        let done = match (change, data) {
            (Moment::Erase(_), [_, a, b, c, d]) => self.erase(u32::from_le_bytes([*a, *b, *c, *d]), is_cut),
            _ => self.program(self.address(value), data, is_cut),
        };
        if is_cut {
            self.gone = true;
            return Err(Stall::Gone);
        }
        match done {
            Ok(()) => {
                let is_erase = matches!(change, Moment::Erase(_));
                if self.strikes(Fault::StaysBusyIn(change)) || is_erase && self.strikes(Fault::StaysBusy) {
                    self.busy.0 = u32::MAX;
                }
            }
            Err(code) => self.fail(code),
        }
        self.is_mute |= self.strikes(Fault::Mute(change));
        Ok(())
    }

    fn erase(&mut self, address: u32, is_half: bool) -> Result<(), StatusCode> {
        let mut sector = self.memory.sector(address).ok_or(StatusCode::TARGET)?;
        if is_half {
            sector.end = sector.start + (sector.end - sector.start) / 2;
        }
        self.memory.erase(sector)
    }

    fn program(&mut self, address: u32, bytes: &[u8], is_half: bool) -> Result<(), StatusCode> {
        let count = if is_half { bytes.len() / 2 } else { bytes.len() };
        self.memory.program(address, &bytes[..count])?;
        self.gone |= !is_half && self.memory.resets(address);
        Ok(())
    }

    fn address(&self, block: u16) -> u32 {
        let blocks = u32::from(block.saturating_sub(2));
        self.pointer.saturating_add(blocks * u32::from(self.transfer_size()))
    }

    fn transfer(&mut self) -> Result<(), Stall> {
        let transfer = Moment::Transfer(self.transfers);
        self.transfers += 1;
        self.gone |= self.strikes(Fault::Unplugged(transfer));
        if self.gone {
            Err(Stall::Gone)
        } else if self.strikes(Fault::Stalled(transfer)) {
            Err(Stall::Stalled)
        } else {
            Ok(())
        }
    }

    /// Whether this GETSTATUS is one of the two that are stalled.
    fn status_stalls(&mut self) -> bool {
        let now = self.transfers;
        let stalls = self.find(|fault| matches!(fault, Fault::StatusStalls(from) if from < now).then_some(()));
        if stalls.is_none() {
            return false;
        }
        self.stalls = (self.stalls + 1) % 3;
        self.stalls != 0
    }

    /// What was to go wrong and did not: nobody came that far. That lock bytes are none of the ROM's is a board's way, and no event.
    pub fn unreached(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(|fault| **fault != Fault::NoLocks && !self.reached.contains(fault))
    }

    /// Whether this goes wrong.
    fn strikes(&mut self, fault: Fault) -> bool {
        self.find(|other| (other == fault).then_some(())).is_some()
    }

    /// The first fault that goes wrong now.
    fn find<T>(&mut self, now: impl Fn(Fault) -> Option<T>) -> Option<T> {
        let (fault, found) = self.faults.iter().find_map(|fault| Some((*fault, now(*fault)?)))?;
        if !self.reached.contains(&fault) {
            self.reached.push(fault);
        }
        Some(found)
    }

    fn fail(&mut self, code: StatusCode) {
        (self.state, self.code) = (State::ERROR, code);
    }

    /// A request in a state that does not take it (USB DFU 1.1 appendix A).
    fn stall<T>(&mut self) -> Result<T, Stall> {
        self.fail(STALLED_PACKET);
        Err(Stall::Stalled)
    }
}

impl From<Stall> for Event {
    fn from(stall: Stall) -> Self {
        match stall {
            Stall::Stalled => Self::Stalled,
            Stall::Gone => Self::Gone,
        }
    }
}
