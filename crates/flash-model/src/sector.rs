//! The cells of one sector, and what they read as once something went wrong.

use std::sync::Arc;

use geometry::Rewrite;

use crate::noise::Noise;
use crate::shape::Shape;

/// Bytes that are copied together when a snapshot changes.
const PAGE: usize = 256;

/// How cells that an operation left half way read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    /// As if the operation had not begun.
    AsBefore,
    /// As if it had ended.
    AsAfter,
    /// Some bits so and some so, always the same. Of a sector that is erased, some parts wholly as before and some as erased.
    Mixed,
    /// Some bits so and some so, others at each read.
    Wavering,
    /// Whole for as long as the power stays on, and wavering afterwards.
    Fading,
    /// As if it had ended in one power-up and as if it had not begun in another.
    Alternating,
    /// A fault at each read; without ECC the same as wavering.
    Faulting,
}

impl Torn {
    /// All of them.
    pub const ALL: [Torn; 7] =
        [Torn::AsBefore, Torn::AsAfter, Torn::Mixed, Torn::Wavering, Torn::Fading, Torn::Alternating, Torn::Faulting];
}

/// Where and when something is read: what noise is made of.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub seed: u64,
    pub power_up: u64,
    pub read: u64,
}

/// A piece that is neither erased nor programmed for sure.
#[derive(Clone, Debug)]
struct Doubt {
    at: usize,
    before: Vec<u8>,
    after: Vec<u8>,
    torn: Torn,
    since: u64,
    /// Whether the operation ended: nothing of what was there before comes back then.
    has_ended: bool,
}

#[derive(Clone, Debug)]
struct Page {
    bytes: [u8; PAGE],
    programmed: [bool; PAGE],
}

/// A sector.
#[derive(Clone, Debug)]
pub struct Cells {
    pages: Vec<Option<Arc<Page>>>,
    doubts: Vec<Arc<Doubt>>,
    /// An erase that did not end: how the cells read, and since when. The pages have what was there before.
    half_erased: Option<(Torn, u64)>,
    /// What of that was in doubt already.
    doubts_before: Vec<Arc<Doubt>>,
    /// How often it was erased, in whole or in part.
    pub erases: u32,
}

/// What was done to the memory that it does not bear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offences {
    /// Units that were programmed again although the memory does not bear it.
    pub programmed_twice: u64,
    /// Pieces that were programmed while an operation that did not end had left them doubtful.
    pub programmed_doubtful: u64,
    /// Operations that were not aligned, too large, or went beyond a sector or the memory.
    pub malformed: u64,
}

impl Cells {
    pub fn new(size: u32) -> Self {
        let pages = (size as usize).div_ceil(PAGE);
        Self { pages: vec![None; pages], doubts: Vec::new(), half_erased: None, doubts_before: Vec::new(), erases: 0 }
    }

    /// Erases it: wholly, or half way.
    pub fn erase(&mut self, half: Option<(Torn, u64)>) {
        self.erases += 1;
        self.doubts_before.append(&mut self.doubts);
        if half.is_none() {
            self.pages.fill(None);
            self.doubts_before.clear();
        }
        self.half_erased = half;
    }

    /// Programs a piece, wholly or half way: of one unit, or of several where a unit is small. All bits at once may be programmed over
    /// anything: whoever does that expects nothing of the piece any more.
    pub fn program(
        &mut self,
        shape: &Shape,
        at: usize,
        bytes: &[u8],
        half: Option<(Torn, u64)>,
        power_up: u64,
        offences: &mut Offences,
    ) {
        let doubtful = self.half_erased.is_some() || self.doubts.iter().any(|doubt| doubt.touches(at, bytes.len()));
        let was_programmed =
            self.range(at, bytes.len()).any(|(page, within)| page.is_some_and(|p| p.programmed[within]));
        let before = match self.half_erased {
            Some(_) => vec![shape.erased; bytes.len()],
            None => self.stored(shape, at, bytes.len()),
        };
        let combine = |old: u8, new: u8| if shape.erased == 0 { old | new } else { old & new };
        let after: Vec<u8> = before.iter().zip(bytes).map(|(old, new)| combine(*old, *new)).collect();
        let bears = match shape.rewrite {
            Rewrite::ClearBits => after == bytes,
            Rewrite::OnlyZero => bytes.iter().all(|byte| *byte == 0),
            Rewrite::Never => false,
        };
        let mut torn = half;
        let is_spent = bytes.iter().all(|byte| *byte == !shape.erased);
        // Where bits are cleared alone, a torn piece is whole once all that was meant, and perhaps more, is programmed again.
        let is_mended = shape.rewrite == Rewrite::ClearBits && self.half_erased.is_none() && after == bytes;
        if doubtful && !is_mended {
            offences.programmed_doubtful += u64::from(!is_spent);
            // It may look right for a while.
            torn = torn.or(Some((Torn::Fading, power_up)));
        } else if !doubtful && was_programmed && !bears {
            offences.programmed_twice += u64::from(!is_spent);
            // Data and code of a word do not belong together any more: it faults, or is corrected to something else.
            torn = Some((if shape.has_ecc { Torn::Faulting } else { Torn::Mixed }, power_up));
        }
        self.store(shape, at, &after);
        // What a second cut leaves of a piece may read as before the first.
        let is_first = |doubt: &&Arc<Doubt>| !doubt.has_ended && doubt.at == at && doubt.before.len() == before.len();
        let first = self.doubts.iter().find(is_first).filter(|_| half.is_some());
        let before = first.map_or(before, |doubt| doubt.before.clone());
        self.doubts.retain(|doubt| !doubt.touches(at, bytes.len()));
        if let Some((torn, since)) = torn {
            self.doubts.push(Arc::new(Doubt { at, before, after, torn, since, has_ended: half.is_none() }));
        }
    }

    /// Reads a range. `None`: a fault.
    pub fn read(&self, shape: &Shape, at: usize, buffer: &mut [u8], moment: Moment) -> Option<()> {
        self.load(shape, at, buffer);
        read_doubts(&self.doubts_before, shape, at, buffer, moment)?;
        if let Some((torn, since)) = self.half_erased {
            let before = buffer.to_vec();
            // Each unit went its own way.
            for (number, part) in buffer.chunks_mut(16).enumerate() {
                let start = number * 16;
                let before = &before[start..start + part.len()];
                if before.iter().any(|byte| *byte != shape.erased) {
                    let after = vec![shape.erased; part.len()];
                    let torn = if torn == Torn::Mixed { mixed_page(at + start, moment.seed, since) } else { torn };
                    part.copy_from_slice(&torn.read(shape, before, &after, since, at + start, moment)?);
                }
            }
        }
        read_doubts(&self.doubts, shape, at, buffer, moment)
    }

    /// Whether nothing in it is in doubt.
    pub fn is_sound(&self) -> bool {
        self.doubts.is_empty() && self.half_erased.is_none()
    }

    fn range(&self, at: usize, size: usize) -> impl Iterator<Item = (Option<&Page>, usize)> {
        (at..at + size).map(|offset| (self.pages[offset / PAGE].as_deref(), offset % PAGE))
    }

    /// What was meant to be stored.
    fn stored(&self, shape: &Shape, at: usize, size: usize) -> Vec<u8> {
        let mut bytes = vec![shape.erased; size];
        self.load(shape, at, &mut bytes);
        bytes
    }

    fn load(&self, shape: &Shape, at: usize, bytes: &mut [u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let (page, within) = ((at + done) / PAGE, (at + done) % PAGE);
            let part = (PAGE - within).min(bytes.len() - done);
            let bytes = &mut bytes[done..done + part];
            match &self.pages[page] {
                Some(page) => bytes.copy_from_slice(&page.bytes[within..within + part]),
                None => bytes.fill(shape.erased),
            }
            done += part;
        }
    }

    fn store(&mut self, shape: &Shape, at: usize, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let (page, within) = ((at + done) / PAGE, (at + done) % PAGE);
            let part = (PAGE - within).min(bytes.len() - done);
            let blank = || Arc::new(Page { bytes: [shape.erased; PAGE], programmed: [false; PAGE] });
            let page = Arc::make_mut(self.pages[page].get_or_insert_with(blank));
            page.bytes[within..within + part].copy_from_slice(&bytes[done..done + part]);
            page.programmed[within..within + part].fill(true);
            done += part;
        }
    }
}

/// Reads what is in doubt over what was meant to be stored. `None`: a fault.
fn read_doubts(doubts: &[Arc<Doubt>], shape: &Shape, at: usize, buffer: &mut [u8], moment: Moment) -> Option<()> {
    let size = buffer.len();
    for doubt in doubts.iter().filter(|doubt| doubt.touches(at, size)) {
        let read = doubt.torn.read(shape, &doubt.before, &doubt.after, doubt.since, doubt.at, moment)?;
        for (offset, byte) in (doubt.at..).zip(read) {
            if let Some(place) = offset.checked_sub(at).and_then(|within| buffer.get_mut(within)) {
                *place = byte;
            }
        }
    }
    Some(())
}

/// How a page reads of a sector whose erase got further in some parts than in others.
fn mixed_page(at: usize, seed: u64, since: u64) -> Torn {
    [Torn::AsBefore, Torn::AsAfter, Torn::Mixed][Noise::of(&[seed, since, (at / PAGE) as u64]).below(3) as usize]
}

impl Doubt {
    fn touches(&self, at: usize, size: usize) -> bool {
        self.at < at + size && at < self.at + self.after.len()
    }
}

impl Torn {
    fn read(
        self,
        shape: &Shape,
        before: &[u8],
        after: &[u8],
        since: u64,
        at: usize,
        moment: Moment,
    ) -> Option<Vec<u8>> {
        let Moment { seed, power_up, read } = moment;
        let at = at as u64;
        let mixed = |noise: &mut Noise| {
            let mix = |(before, after): (&u8, &u8)| {
                let mask = noise.next() as u8;
                (before & mask) | (after & !mask)
            };
            Some(before.iter().zip(after).map(mix).collect())
        };
        match self {
            Torn::AsBefore => Some(before.to_vec()),
            Torn::AsAfter => Some(after.to_vec()),
            Torn::Mixed => mixed(&mut Noise::of(&[seed, at])),
            Torn::Fading if power_up <= since + 1 => Some(after.to_vec()),
            Torn::Alternating if power_up % 2 == 0 => Some(before.to_vec()),
            Torn::Alternating => Some(after.to_vec()),
            Torn::Faulting if shape.has_ecc => None,
            Torn::Wavering | Torn::Fading | Torn::Faulting => {
                let mut noise = Noise::of(&[seed, at, read]);
                if shape.has_ecc && noise.below(3) == 0 { None } else { mixed(&mut noise) }
            }
        }
    }
}
