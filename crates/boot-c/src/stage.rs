//! Staging an update from C.

use core::mem::MaybeUninit;

use boot::{Image as StagedImage, Refusal, Wanted};
use image_format::auxiliary::Auxiliary;
use image_format::{Header, ImageBody, Memory, SoftwareCrypto};

use crate::flash::Flash;
use crate::session::{Session, number};
use crate::{ARGUMENT, DONE, place, slice};

/// 64-bit words of a stage's storage.
pub const STAGE_WORDS: usize = 96;

/// cbindgen:ignore
type Inner = boot::Stage<'static, 'static, 'static, Flash, SoftwareCrypto>;

const _: () = assert!(size_of::<Inner>() <= STAGE_WORDS * 8 && align_of::<Inner>() <= 8);

/// An update that is being staged. It must not be moved or copied.
#[repr(C)]
#[derive(Debug)]
pub struct Stage {
    /// Not for the caller.
    session: *mut Session,
    /// Not for the caller.
    room: MaybeUninit<[u64; STAGE_WORDS]>,
}

/// A new image, apart from its payload: `artefact_size` of the header is `front_size`, the payload's and `auxiliary_size` together.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// Its front area.
    pub front: *const u8,
    /// Bytes of the front area.
    pub front_size: u32,
    /// Its auxiliary area, which has the digests of the payload's chunks.
    pub auxiliary: *const u8,
    /// Bytes of the auxiliary area.
    pub auxiliary_size: u32,
}

impl Image {
    /// # Safety
    /// What it points to is there and stays unchanged for `'a`.
    unsafe fn read<'a>(&self) -> Result<StagedImage<'a>, Refusal> {
        let reason = boot::Reason::Chunks;
        // SAFETY: the caller vouches for it.
        let (front, auxiliary) =
            unsafe { (slice(self.front, self.front_size), slice(self.auxiliary, self.auxiliary_size)) };
        let (front, auxiliary) = front.zip(auxiliary).ok_or(reason)?;
        // Nothing of it is believed before the session has judged the front area.
        let header = Header::<ImageBody>::read(&mut Memory::slot(front, u32::MAX))?;
        let header = header.unauthenticated();
        let size = header.envelope.payload_size.get();
        let chunks = Auxiliary::parse(auxiliary, size, header.auxiliary_start())?.chunks.ok_or(reason)?;
        Ok(StagedImage { front, auxiliary, chunks })
    }
}

/// Begins to stage an image for the slot that does not run, or goes on after a power cut. Everything that the front area says is
/// judged before anything is erased. `lowest` is the security counter that the device accepts. Until it is requested or abandoned,
/// the session can do nothing else.
///
/// # Safety
/// `session` was opened and is used by nobody else; `stage` is storage of its type; `image` and what it points to stay where they
/// are, unchanged, until the update is requested or abandoned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_stage_begin(
    stage: *mut Stage,
    session: *mut Session,
    running: u32,
    image: *const Image,
    lowest: u32,
) -> u32 {
    // SAFETY: as this function asks for. Nobody else reaches the session while it is staging.
    unsafe {
        // The one that works with this session already goes on.
        if stage.is_null() || Session::is_lent(session, stage) {
            return ARGUMENT;
        }
        (&raw mut (*stage).session).write(core::ptr::null_mut());
        let (Some(opened), Some(image)) = (Session::get(session), image.as_ref()) else { return ARGUMENT };
        let image = match image.read() {
            Ok(image) => image,
            Err(refusal) => return refusal.number().into(),
        };
        match opened.stage(running as usize, image, lowest) {
            Ok(begun) => {
                Session::lend(session, stage);
                (&raw mut (*stage).room).cast::<Inner>().write(begun);
                (&raw mut (*stage).session).write(session);
                DONE
            }
            Err(refusal) => refusal.number().into(),
        }
    }
}

/// # Safety
/// NULL, or storage that `waxseal_stage_begin` was called with.
unsafe fn get<'a>(stage: *mut Stage) -> Option<&'a mut Inner> {
    // SAFETY: the caller vouches for it; only `waxseal_stage_begin` stores a session.
    unsafe {
        if stage.is_null() || !Session::is_lent((&raw const (*stage).session).read(), stage) {
            return None;
        }
        Some(&mut *(&raw mut (*stage).room).cast::<Inner>())
    }
}

/// Stores which bytes of the payload to fetch next, a chunk: its offset in the payload and its size, 0 if all are there. Chunks are as
/// large as the packer made them, 4096 bytes at least; the first ones come last.
///
/// # Safety
/// `waxseal_stage_begin` was called with `stage`; `offset` and `size` are storage of their type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_stage_wanted(stage: *mut Stage, offset: *mut u32, size: *mut u32) -> u32 {
    // SAFETY: as this function asks for.
    let (stage, offset, size) = unsafe { (get(stage), place(offset), place(size)) };
    let (Some(stage), Some(offset), Some(size)) = (stage, offset, size) else { return ARGUMENT };
    let range = match stage.wanted() {
        Wanted::Chunk(number) => stage.chunks().range(number),
        Wanted::Nothing => 0..0,
    };
    offset.write(range.start);
    size.write(range.end.saturating_sub(range.start));
    DONE
}

/// Judges the chunk that is wanted, and programs it.
///
/// # Safety
/// `waxseal_stage_begin` was called with `stage`; `size` bytes can be read at `bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_stage_put(stage: *mut Stage, bytes: *const u8, size: u32) -> u32 {
    // SAFETY: as this function asks for.
    let (Some(stage), Some(bytes)) = (unsafe { get(stage) }, unsafe { slice(bytes, size) }) else { return ARGUMENT };
    number(stage.put(bytes))
}

/// Verifies the whole as the boot loader will, and asks for it to be installed or tried at the next boot. The stage ends.
///
/// # Safety
/// `waxseal_stage_begin` was called with `stage`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_stage_request(stage: *mut Stage, lowest: u32) -> u32 {
    // SAFETY: as this function asks for. The stage is read once, and gone after `end`.
    unsafe {
        let Some(inner) = get(stage) else { return ARGUMENT };
        let inner = core::ptr::from_mut(inner).read();
        let result = number(inner.request(lowest));
        end(stage);
        result
    }
}

/// Ends a stage. A later one of the same image goes on where this one ended, where that is safe.
///
/// # Safety
/// `waxseal_stage_begin` was called with `stage`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_stage_abandon(stage: *mut Stage) -> u32 {
    // SAFETY: as this function asks for.
    unsafe {
        if get(stage).is_none() {
            return ARGUMENT;
        }
        end(stage);
    }
    DONE
}

/// Lets the session do other things again.
///
/// # Safety
/// A stage that [`get`] has found.
unsafe fn end(stage: *mut Stage) {
    // SAFETY: `get` has found its session.
    unsafe {
        Session::take_back((*stage).session);
        (*stage).session = core::ptr::null_mut();
    }
}
