//! The application's side of an update: a new image arrives in pieces, each judged before it is programmed.

mod resume;

use image_format::log::{Entry, EntryKind, SlotLog, Status, Strategy, next_generation};
use image_format::{Chunks, Code, Crypto, Digest, ImageHeader, sha256};

use crate::exchange::Condition;
use crate::map::Area;
use crate::session::about;
use crate::{Flash, MAX_OPERATION, Reason, Refusal, Session};

/// A new image, apart from its payload.
#[derive(Clone, Copy, Debug)]
pub struct Image<'i> {
    /// Its front area.
    pub front: &'i [u8],
    /// Its auxiliary area; empty if it has none.
    pub auxiliary: &'i [u8],
    /// Digests of its payload's chunks: out of a verified release's directory, or of this auxiliary area.
    pub chunks: Chunks<'i>,
}

/// What a transfer has to bring next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The payload's chunk of this number. The first ones come last, and one may be wanted twice: the sector of the header, and what
    /// else lies in it, is programmed when the rest is there.
    Chunk(u32),
    /// Nothing more: request.
    Nothing,
}

/// An update that is being staged.
#[derive(Debug)]
pub struct Stage<'s, 'a, 'i, F, C> {
    session: &'s mut Session<'a, F, C>,
    image: Image<'i>,
    header: ImageHeader,
    /// Slot that holds it meanwhile, slot whose log it has.
    holder: usize,
    logged: usize,
    log: SlotLog,
    slot: Area,
    /// Size of the sectors that have the front area, which are programmed last.
    head: u32,
    /// Offset in the slot of what is programmed next. From the end of the artefact it goes on with the payload's start.
    at: u32,
    is_last_part: bool,
}

impl<'a, F: Flash, C: Crypto> Session<'a, F, C> {
    /// Begins to stage an image for the slot that does not run, or goes on after a power cut where that is safe. Everything that the
    /// front area says is judged first, with `lowest`, the security counter that the device accepts; nothing is erased for an image
    /// that the boot loader would refuse.
    ///
    /// # Errors
    /// The codes of the judgement; [`Reason::NotConfirmed`], [`Reason::NoUpdate`], [`Reason::ClearFirst`], [`Reason::Chunks`], [`Reason::Generation`],
    /// [`Reason::LogFull`], [`Reason::Write`].
    pub fn stage<'s, 'i>(
        &'s mut self,
        running: usize,
        image: Image<'i>,
        lowest: u32,
    ) -> Result<Stage<'s, 'a, 'i, F, C>, Refusal> {
        let logged = match self.map.strategy {
            Strategy::Fixed => None,
            Strategy::DirectXip | Strategy::BankSwap => self.map.run_slots().find(|slot| *slot != running),
            Strategy::Overwrite | Strategy::OverwriteWithBackup => self.map.run_slots().next(),
        };
        let logged = logged.ok_or(Reason::NoUpdate)?;
        let holder = self.map.staging().unwrap_or(logged);
        let header = *self.judge_front(image.front, logged, lowest)?.header();
        if image.front.len() as u64 != u64::from(header.payload_start()) {
            return Err(Reason::Chunks.into());
        }
        self.judge_auxiliary(&image, &header)?;
        let id = header.id(&mut self.crypto);
        let slot = self.map.area(holder).ok_or(Reason::NoUpdate)?;
        let front = slot.offset.saturating_add(header.payload_start()).saturating_sub(1);
        let last = self.map.sector(slot.region, front).ok_or(Reason::Layout)?;
        let log = self.scan(logged);
        let mut stage = Stage {
            image,
            header,
            holder,
            logged,
            log,
            slot,
            head: last.end().saturating_sub(slot.offset),
            at: 0,
            is_last_part: false,
            session: self,
        };
        stage.prepare(running, &id)?;
        Ok(stage)
    }

    fn judge_auxiliary(&mut self, image: &Image<'_>, header: &ImageHeader) -> Result<(), Refusal> {
        let envelope = &header.envelope;
        let same_size = image.auxiliary.len() as u64 == u64::from(envelope.auxiliary_size.get());
        if !same_size || sha256(&mut self.crypto, image.auxiliary) != envelope.auxiliary_digest {
            return Err(Refusal::Image(image_format::Error {
                code: Code::AuxiliaryDigest,
                offset: header.auxiliary_start(),
            }));
        }
        // Digests of a shorter payload's chunks would never bring the end of this one.
        if image.chunks.cover(envelope.payload_size.get()) { Ok(()) } else { Err(Reason::Chunks.into()) }
    }
}

impl<F: Flash, C: Crypto> Stage<'_, '_, '_, F, C> {
    /// Empties the slot, or finds where to go on.
    fn prepare(&mut self, running: usize, id: &Digest) -> Result<(), Refusal> {
        // READY twice, what the next power-up spends, and what copies begin and end with: a log without that much room would have the update
        // asked for and never installed, or take no READY, and is not gone on with.
        let has_room = self.session.room(self.logged, &self.log) >= self.session.places_to_try(10);
        let begun = self.log.status == Status::Open && self.log.names(id) && has_room;
        if self.session.map.strategy == Strategy::BankSwap {
            self.take_cleared(id)?;
        } else if begun && self.go_on()? {
            return Ok(());
        } else {
            self.begin(running, id)?;
        }
        self.set_start(0);
        Ok(())
    }

    /// Banks that are exchanged: the boot loader has erased the slot and said so. The application names the image before it programs,
    /// so that a slot that something was programmed in is told from an empty one.
    fn take_cleared(&mut self, id: &Digest) -> Result<(), Refusal> {
        if self.session.condition(self.logged) != Condition::Empty {
            return Err(Reason::ClearFirst.into());
        }
        let open = Entry::new(EntryKind::Open, self.log.generation, id);
        self.session.append_twice(self.logged, &open)?;
        self.log.image = open.image;
        Ok(())
    }

    /// Erases the slot, once nothing can need what is in it.
    fn begin(&mut self, running: usize, id: &Digest) -> Result<(), Refusal> {
        let session = &mut *self.session;
        let generation = next_generation(&session.logs()).ok_or(Reason::Generation)?;
        session.abandon_others(running)?;
        if let Some(backup) = session.map.backup() {
            // The log goes before the update is there, and may go in parts: READY without its OKAY. Nothing must be left to go back to then.
            let area = session.map.area(backup).ok_or(Reason::Layout)?;
            let first = session.map.sector(area.region, area.offset).ok_or(Reason::Layout)?;
            session.erase(first)?;
        }
        session.clear_slot(self.holder, self.logged)?;
        let open = Entry::new(EntryKind::Open, generation, id);
        session.append_twice(self.logged, &open)?;
        self.log = session.scan(self.logged);
        Ok(())
    }

    /// Goes to the start of a sector, by its number in the order of programming.
    fn set_start(&mut self, number: u32) {
        let offset = self.sector_in_order(number).map_or(self.slot.offset, |sector| sector.offset);
        let start = offset.saturating_sub(self.slot.offset);
        self.is_last_part = start == 0;
        self.at = start.max(self.header.payload_start());
        self.wrap();
    }

    /// The offset at which this part of the artefact ends: the artefact's end, or that of the first sector.
    fn end(&self) -> u32 {
        let size = self.header.artefact_size();
        if self.is_last_part { size.min(self.head) } else { size }
    }

    /// Goes over to the first sector once the rest is done.
    fn wrap(&mut self) {
        if !self.is_last_part && self.at >= self.end() {
            self.is_last_part = true;
            self.at = self.header.payload_start();
        }
    }

    /// The image's chunks: [`Chunks::range`] says which bytes of the payload one has.
    #[must_use]
    pub fn chunks(&self) -> &Chunks<'_> {
        &self.image.chunks
    }

    /// What to fetch next.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        if self.at >= self.end().min(self.header.auxiliary_start()) {
            return Wanted::Nothing;
        }
        let within = self.at.saturating_sub(self.header.payload_start());
        Wanted::Chunk(within.checked_div(self.image.chunks.size()).unwrap_or(0))
    }

    /// Judges the chunk that is wanted, and programs what of it is due.
    ///
    /// # Errors
    /// [`Code::ChunkDigest`], of which nothing was programmed: fetch it again. [`Reason::Order`] if nothing is wanted. [`Reason::Write`]: begin the
    /// stage again, which erases what did not take it.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let Wanted::Chunk(number) = self.wanted() else { return Err(Reason::Order.into()) };
        self.image.chunks.judge(number, bytes, &mut self.session.crypto)?;
        let start = self.header.payload_start().saturating_add(self.image.chunks.range(number).start);
        let end = start.saturating_add(bytes.len() as u32).min(self.end());
        // The last unit of the payload also has the first bytes of what follows it.
        let is_last = end == self.header.auxiliary_start();
        while self.at < end {
            let whole_end = if is_last { self.end() } else { end };
            let size = self.operation(whole_end);
            self.program(size, start, bytes)?;
        }
        if is_last && self.at < self.end() {
            self.program_auxiliary()?;
        }
        self.wrap();
        self.put_auxiliary_alone()?;
        Ok(())
    }

    /// Bytes of an operation from here on, not beyond this end.
    fn operation(&self, end: u32) -> u32 {
        end.saturating_sub(self.at).min(MAX_OPERATION)
    }

    fn program_auxiliary(&mut self) -> Result<(), Refusal> {
        while self.at < self.end() {
            let size = self.operation(self.end());
            self.program(size, self.header.auxiliary_start(), &[])?;
        }
        Ok(())
    }

    /// A first sector that has no payload of its own, or a part that begins behind the payload.
    fn put_auxiliary_alone(&mut self) -> Result<(), Refusal> {
        if self.at >= self.header.auxiliary_start() && self.at < self.end() {
            self.program_auxiliary()?;
            self.wrap();
        }
        Ok(())
    }

    /// Programs the next `size` bytes: of a chunk that starts at an offset of the slot, or of the auxiliary area.
    fn program(&mut self, size: u32, start: u32, bytes: &[u8]) -> Result<(), Refusal> {
        let auxiliary = self.header.auxiliary_start();
        let mut buffer = [0; MAX_OPERATION as usize];
        for (place, offset) in buffer.iter_mut().zip(self.at..self.at.saturating_add(size)) {
            let (from, source) = if offset >= auxiliary { (auxiliary, self.image.auxiliary) } else { (start, bytes) };
            let byte = offset.checked_sub(from).and_then(|within| source.get(within as usize));
            *place = *byte.ok_or(Reason::Order)?;
        }
        self.session.program(self.slot, self.at, &mut buffer, size)?;
        self.at = self.at.saturating_add(size);
        Ok(())
    }

    /// Programs the front area, verifies the whole as the boot loader will, and asks for it to be installed or tried at the next boot.
    ///
    /// # Errors
    /// [`Reason::Order`] before all chunks are there; the codes of the judgement; [`Reason::Write`], [`Reason::LogFull`].
    pub fn request(self, lowest: u32) -> Result<(), Refusal> {
        if self.wanted() != Wanted::Nothing || !self.is_last_part {
            return Err(Reason::Order.into());
        }
        let mut at = 0;
        for part in self.image.front.chunks(MAX_OPERATION as usize) {
            let mut buffer = [0; MAX_OPERATION as usize];
            buffer.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            let size = part.len() as u32;
            self.session.program(self.slot, at, &mut buffer, size)?;
            at = at.saturating_add(size);
        }
        self.session.judge(self.holder, self.logged, lowest)?;
        self.session.append_twice(self.logged, &about(&self.log, EntryKind::Ready))?;
        Ok(())
    }
}
