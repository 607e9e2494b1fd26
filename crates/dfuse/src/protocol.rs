//! Requests and answers, in the order that the ROM wants them (ST AN3156).

use std::ops::Range;
use std::rc::Rc;

use crate::effect::{Effect, Event, Request};
use crate::error::{Error, Failure, Journal};
use crate::memory_map::MemoryMap;
use crate::session::Port;
use crate::status::{State, Status, StatusCode};
use crate::task::{Outcome, Phase, Step, Task};

/// wValue of a command.
const COMMAND: u16 = 0;
/// wValue of the block at the address pointer.
const FIRST_BLOCK: u16 = 2;
/// Command: set the address pointer.
const SET_ADDRESS: u8 = 0x21;
/// Command: erase the sector at an address. Without an address it would erase everything.
const ERASE: u8 = 0x41;
/// Command: lift the read protection, which erases all flash.
const READ_UNPROTECT: u8 = 0x92;
/// Bytes of an answer to GETSTATUS.
const STATUS_SIZE: u16 = 6;
/// How often in a row an L4 may stall GETSTATUS while it works; it then still means its last timeout.
const STALLS: u32 = 3;
/// How long a device may stay busy with a command or a block, in milliseconds, whatever it claimed.
const PATIENCE: u32 = 2_000;
/// The same for a sector's erase: above what the datasheets of all families give as a maximum, 4 s for 256 KiB on the F76x.
const ERASE_PATIENCE: u32 = 10_000;
/// How many requests may pass until a device that was just connected is idle.
const ROUNDS: u32 = 8;

/// Carries out a task.
pub(crate) async fn run(mut protocol: Protocol, task: Task) -> Result<Outcome, Failure> {
    let outcome = match task {
        Task::Read { range } => protocol.read(&range, Phase::Read).await.map(Outcome::Read),
        Task::Write { steps } => protocol.write(&steps).await.map(|()| Outcome::Written),
        Task::Program { address, bytes } => {
            let step = Step::Program { address, bytes };
            protocol.change(&[step]).await.map(|()| Outcome::Programmed)
        }
        Task::Unprotect => protocol.unprotect().await.map(|()| Outcome::Left),
        Task::Leave { address } => protocol.leave(address).await.map(|()| Outcome::Left),
    };
    if matches!(outcome, Err(Error::Cancelled)) {
        // The next session finds it idle; if it does not, that one will see to it.
        let _ = protocol.idle().await;
    }
    outcome.map_err(|error| Failure { error, journal: protocol.journal })
}

pub(crate) struct Protocol {
    port: Rc<Port>,
    map: MemoryMap,
    transfer_size: u16,
    /// What the device asked for the last time, in milliseconds.
    poll_timeout: u32,
    journal: Journal,
}

impl Protocol {
    pub(crate) fn new(port: Rc<Port>, map: MemoryMap, transfer_size: u16) -> Self {
        Self { port, map, transfer_size: transfer_size.max(1), poll_timeout: 0, journal: Journal::default() }
    }

    async fn write(&mut self, steps: &[Step]) -> Result<(), Error> {
        self.change(steps).await?;
        for step in steps {
            if let Step::Program { address, bytes } = step {
                let found = self.read(&programmed(step), Phase::ReadBack).await?;
                let different = bytes.iter().zip(&found).enumerate().find(|(_, (wanted, found))| wanted != found);
                if let Some((offset, (wanted, found))) = different {
                    let address = address + offset as u32;
                    return Err(Error::ReadBack { address, wanted: *wanted, found: *found });
                }
            }
        }
        self.idle().await
    }

    /// Erases and programs.
    async fn change(&mut self, steps: &[Step]) -> Result<(), Error> {
        let sectors: Vec<_> = steps.iter().filter_map(|step| self.sector_of(step)).collect();
        let to_erase = sectors.iter().map(size).sum();
        let to_program = steps.iter().map(|step| size(&programmed(step))).sum();
        let (mut erased, mut done) = (0, 0);
        self.idle().await?;
        for step in steps {
            match step {
                Step::Erase { .. } => {
                    let Some(sector) = self.sector_of(step) else { continue };
                    self.progress(Phase::Erase, erased, to_erase, &sector).await?;
                    self.erase(&sector).await?;
                    erased += size(&sector);
                }
                Step::Program { address, bytes } => {
                    let mut at = *address;
                    for chunk in bytes.chunks(self.transfer_size.into()) {
                        let range = at..at + chunk.len() as u32;
                        self.progress(Phase::Program, done, to_program, &range).await?;
                        self.program(&range, chunk).await?;
                        done += size(&range);
                        at = range.end;
                    }
                }
            }
        }
        Ok(())
    }

    /// The sector that a step erases.
    fn sector_of(&self, step: &Step) -> Option<Range<u32>> {
        let Step::Erase { address } = step else { return None };
        let (sector, _) = self.map.sector(*address)?;
        Some(u32::try_from(sector.start).ok()?..u32::try_from(sector.end).ok()?)
    }

    async fn erase(&mut self, sector: &Range<u32>) -> Result<(), Error> {
        self.journal.doubtful = Some(sector.clone());
        self.command(ERASE, sector.start, ERASE_PATIENCE).await?;
        self.journal.doubtful = None;
        self.journal.erased.push(sector.clone());
        Ok(())
    }

    async fn program(&mut self, range: &Range<u32>, chunk: &[u8]) -> Result<(), Error> {
        // Without a pointer of its own a block would go to 0x0800_0000, or behind the block before it.
        self.command(SET_ADDRESS, range.start, PATIENCE).await?;
        self.journal.doubtful = Some(range.clone());
        self.out(Request::Download, FIRST_BLOCK, chunk.to_vec()).await?;
        self.settle(range.start, PATIENCE).await?;
        self.journal.doubtful = None;
        match self.journal.programmed.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.journal.programmed.push(range.clone()),
        }
        Ok(())
    }

    /// Reads a range, whole blocks first: where a short block lies is not the same for all ROMs, unless it is the first
    /// after its address was set.
    async fn read(&mut self, range: &Range<u32>, phase: Phase) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(range.len());
        let mut block = 0;
        let mut at = range.start;
        while at < range.end {
            let length = u16::try_from(range.end - at).unwrap_or(u16::MAX).min(self.transfer_size);
            if block == 0 || block == u16::MAX || length < self.transfer_size {
                self.idle().await?;
                self.command(SET_ADDRESS, at, PATIENCE).await?;
                self.idle().await?;
                block = FIRST_BLOCK;
            }
            self.progress(phase, bytes.len() as u64, size(range), &(at..at + u32::from(length))).await?;
            bytes.extend(self.upload(block, length, at).await?);
            at += u32::from(length);
            block += 1;
        }
        Ok(bytes)
    }

    async fn upload(&mut self, block: u16, length: u16, address: u32) -> Result<Vec<u8>, Error> {
        match self.port.perform(Effect::In { request: Request::Upload, value: block, length }).await {
            Event::Received(bytes) if bytes.len() == usize::from(length) => Ok(bytes),
            Event::Received(bytes) => {
                // A device that refuses to be read may answer with nothing, and say why when asked.
                let status = self.status().await?;
                refused(status, address)?;
                Err(Error::Short { address, wanted: length.into(), got: bytes.len() })
            }
            Event::Stalled => {
                let status = self.status().await?;
                refused(status, address)?;
                Err(Error::Stalls)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// The device erases everything and goes; what it answers meanwhile is chance.
    async fn unprotect(&mut self) -> Result<(), Error> {
        self.idle().await?;
        self.out(Request::Download, COMMAND, vec![READ_UNPROTECT]).await?;
        self.going(0).await
    }

    async fn leave(&mut self, address: u32) -> Result<(), Error> {
        self.idle().await?;
        self.command(SET_ADDRESS, address, PATIENCE).await?;
        self.out(Request::Download, FIRST_BLOCK, Vec::new()).await?;
        self.going(address).await
    }

    /// The device goes when it is asked for its status; whether it still answers is chance.
    async fn going(&mut self, address: u32) -> Result<(), Error> {
        match self.port.perform(Effect::In { request: Request::GetStatus, value: 0, length: STATUS_SIZE }).await {
            Event::Gone | Event::Stalled => Ok(()),
            Event::Received(answer) => match Status::read(&answer) {
                Some(status) => refused(status, address),
                None => Ok(()),
            },
            other => Err(unexpected(&other)),
        }
    }

    /// Sends a command with an address, and waits until it is carried out.
    async fn command(&mut self, command: u8, address: u32, patience: u32) -> Result<(), Error> {
        let mut data = vec![command];
        data.extend(address.to_le_bytes());
        self.out(Request::Download, COMMAND, data).await?;
        self.settle(address, patience).await
    }

    /// Waits until the device has done what it was sent. It begins with the first GETSTATUS.
    async fn settle(&mut self, address: u32, patience: u32) -> Result<(), Error> {
        let mut waited = 0;
        loop {
            let status = self.status().await?;
            refused(status, address)?;
            match status.state {
                State::DOWNLOAD_IDLE => return Ok(()),
                State::BUSY | State::DOWNLOAD_SYNC if waited <= patience => {
                    let pause = status.poll_timeout.clamp(1, patience);
                    self.wait(pause).await?;
                    waited += pause;
                }
                State::BUSY => return self.free().await,
                state => return Err(Error::Stuck(state)),
            }
        }
    }

    /// An H7 can stay busy for ever after its second bank was erased or programmed; CLRSTATUS brings it into an error, and
    /// a second one out of it (seen with revision V). What it had to do is done; the read-back tells if not.
    async fn free(&mut self) -> Result<(), Error> {
        for _ in 0..2 {
            self.out(Request::ClearStatus, 0, Vec::new()).await?;
            if self.status().await?.state == State::IDLE {
                return Ok(());
            }
        }
        Err(Error::Stuck(State::BUSY))
    }

    /// Brings the device into dfuIDLE, whatever it was left in: an error of the last session is ordinary.
    async fn idle(&mut self) -> Result<(), Error> {
        let mut state = State::ERROR;
        for _ in 0..ROUNDS {
            let status = self.status().await?;
            state = status.state;
            match state {
                State::IDLE => return Ok(()),
                State::ERROR => self.out(Request::ClearStatus, 0, Vec::new()).await?,
                State::BUSY | State::DOWNLOAD_SYNC => self.wait(status.poll_timeout.clamp(1, PATIENCE)).await?,
                _ => self.out(Request::Abort, 0, Vec::new()).await?,
            }
        }
        Err(Error::Stuck(state))
    }

    async fn status(&mut self) -> Result<Status, Error> {
        for _ in 0..=STALLS {
            match self.port.perform(Effect::In { request: Request::GetStatus, value: 0, length: STATUS_SIZE }).await {
                Event::Received(answer) => {
                    let wanted = usize::from(STATUS_SIZE);
                    let short = Error::Short { address: 0, wanted, got: answer.len() };
                    let status = Status::read(&answer).filter(|_| answer.len() == wanted).ok_or(short)?;
                    self.poll_timeout = status.poll_timeout;
                    return Ok(status);
                }
                Event::Stalled => self.wait(self.poll_timeout.clamp(1, PATIENCE)).await?,
                other => return Err(unexpected(&other)),
            }
        }
        Err(Error::Stalls)
    }

    async fn out(&mut self, request: Request, value: u16, data: Vec<u8>) -> Result<(), Error> {
        match self.port.perform(Effect::Out { request, value, data }).await {
            Event::Done => Ok(()),
            Event::Stalled => Err(Error::Stalls),
            other => Err(unexpected(&other)),
        }
    }

    async fn wait(&mut self, milliseconds: u32) -> Result<(), Error> {
        match self.port.perform(Effect::Wait(milliseconds)).await {
            Event::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    async fn progress(&mut self, phase: Phase, done: u64, total: u64, range: &Range<u32>) -> Result<(), Error> {
        match self.port.perform(Effect::Progress { phase, done, total, range: range.clone() }).await {
            Event::Done => Ok(()),
            Event::Cancel => Err(Error::Cancelled),
            other => Err(unexpected(&other)),
        }
    }
}

fn unexpected(event: &Event) -> Error {
    match event {
        Event::Gone => Error::Gone,
        _ => Error::Event,
    }
}

/// What a status other than OK means.
fn refused(status: Status, address: u32) -> Result<(), Error> {
    match status.code {
        StatusCode::OK if status.state != State::ERROR => Ok(()),
        StatusCode::TARGET => Err(Error::Address(address)),
        StatusCode::VENDOR => Err(Error::ReadProtected),
        _ => Err(Error::Reported { status, address }),
    }
}

fn size(range: &Range<u32>) -> u64 {
    u64::from(range.end - range.start)
}

/// What a step programs: the task's check has seen that it ends within 32 bits.
fn programmed(step: &Step) -> Range<u32> {
    match step {
        Step::Erase { address } => *address..*address,
        Step::Program { address, bytes } => *address..address.saturating_add(bytes.len() as u32),
    }
}
