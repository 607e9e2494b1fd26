//! A session in storage of the caller's, and the calls that need no more than that.

use core::{ffi::c_void, mem::MaybeUninit};

use boot::{Action, Counter as _, Decision as Decided, Refusal, boot};
use image_format::SoftwareCrypto;
use image_format::log::{MAX_SLOTS, Status};

use crate::config::Config;
use crate::counter::{AnyCounter, Counter};
use crate::flash::Flash;
use crate::stage::Stage;
use crate::{ARGUMENT, DONE, place};

/// 64-bit words of a session's storage.
pub const SESSION_WORDS: usize = 128;

/// cbindgen:ignore
type Inner = boot::Session<'static, Flash, SoftwareCrypto>;

const _: () = assert!(size_of::<Inner>() <= SESSION_WORDS * 8 && align_of::<Inner>() <= 8);

/// One power-up's work on a slot group. Opened once after each reset; it must not be moved or copied.
#[repr(C)]
#[derive(Debug)]
pub struct Session {
    /// Not for the caller.
    state: u32,
    /// Not for the caller.
    stage: *const c_void,
    /// Not for the caller.
    room: MaybeUninit<[u64; SESSION_WORDS]>,
}

/// The state of a session that can be used. What a caller's storage happens to hold before is unlikely to be it.
const OPEN: u32 = 0x3C5A_96C3;
/// The state of one that an update is being staged with.
const STAGING: u32 = !OPEN;

impl Session {
    /// # Safety
    /// NULL, or storage that `waxseal_open` has filled or that is not [`OPEN`], and nobody else uses meanwhile.
    pub(crate) unsafe fn get<'a>(session: *mut Session) -> Option<&'a mut Inner> {
        // SAFETY: the caller vouches for it; only `waxseal_open` makes it open.
        unsafe {
            if session.is_null() || (&raw const (*session).state).read() != OPEN {
                return None;
            }
            Some(&mut *(&raw mut (*session).room).cast::<Inner>())
        }
    }

    /// Keeps everybody but this stage out.
    ///
    /// A stage holds a reference to what is in `room`: meanwhile there is none to the whole session, and its words are reached one
    /// by one.
    ///
    /// # Safety
    /// A session that [`Session::get`] has found.
    pub(crate) unsafe fn lend(session: *mut Session, stage: *const Stage) {
        // SAFETY: the caller vouches for it.
        unsafe {
            (&raw mut (*session).stage).write(stage.cast());
            (&raw mut (*session).state).write(STAGING);
        }
    }

    /// Lets everybody in again.
    ///
    /// # Safety
    /// A session that [`Session::is_lent`] was asked about.
    pub(crate) unsafe fn take_back(session: *mut Session) {
        // SAFETY: the caller vouches for it.
        unsafe { (&raw mut (*session).state).write(OPEN) }
    }

    /// Whether this stage, and no other, works with a session.
    ///
    /// # Safety
    /// NULL, or storage that `waxseal_open` has filled.
    pub(crate) unsafe fn is_lent(session: *const Session, stage: *const Stage) -> bool {
        // SAFETY: the caller vouches for it.
        unsafe {
            !session.is_null()
                && (&raw const (*session).state).read() == STAGING
                && (&raw const (*session).stage).read() == stage.cast()
        }
    }
}

/// Jump to the image's entry.
pub const ACTION_BOOT: u32 = 0x69A5_C35A;
/// Exchange the banks, from RAM and with caches dropped, then jump to the image's entry.
pub const ACTION_EXCHANGE: u32 = 0x965A_A53C;
/// Nothing boots: offer a recovery interface, or stop.
pub const ACTION_RECOVER: u32 = 0x0F3C_5AF0;

/// No two of them differ in fewer bits: half of a word.
const _: () = {
    assert!((ACTION_BOOT ^ ACTION_EXCHANGE).count_ones() >= 16);
    assert!((ACTION_BOOT ^ ACTION_RECOVER).count_ones() >= 16);
    assert!((ACTION_EXCHANGE ^ ACTION_RECOVER).count_ones() >= 16);
};

/// Slots that a group has at most.
pub const SLOTS: usize = 8;

const _: () = assert!(SLOTS == MAX_SLOTS);

/// What one boot came to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// WAXSEAL_ACTION_BOOT, WAXSEAL_ACTION_EXCHANGE or WAXSEAL_ACTION_RECOVER.
    pub action: u32,
    /// Why nothing boots; 0 otherwise.
    pub reason: u32,
    /// The image's initial stack pointer.
    pub stack: u32,
    /// The image's reset vector, odd as Thumb addresses are.
    pub reset: u32,
    /// Number of its slot in the group.
    pub slot: u32,
    /// 1 if nobody has confirmed it yet.
    pub on_trial: u32,
    /// What the security counter was raised to; 0 if it was not.
    pub raised: u32,
    /// Why the image of each slot was refused, by the slot's number; 0 for one that was not looked at, or not refused.
    pub refused: [u16; SLOTS],
    /// The image's id.
    pub image_id: [u8; 32],
}

impl Decision {
    const RECOVER: Self = Decision {
        action: ACTION_RECOVER,
        reason: ARGUMENT,
        stack: 0,
        reset: 0,
        slot: 0,
        on_trial: 0,
        raised: 0,
        refused: [0; SLOTS],
        image_id: [0; 32],
    };

    fn of(decided: &Decided) -> Self {
        let refused = decided.refused.map(|refusal| refusal.map_or(0, |refusal| refusal.number()));
        let raised = decided.raised.unwrap_or(0);
        let (action, start) = match &decided.action {
            Action::Boot(start) => (ACTION_BOOT, start),
            Action::Exchange(start) => (ACTION_EXCHANGE, start),
            Action::Recover(reason) => {
                return Decision { reason: reason.number().into(), raised, refused, ..Self::RECOVER };
            }
        };
        // The second comparison of the digests.
        let Some(entry) = start.entry() else { return Decision { raised, refused, ..Self::RECOVER } };
        Decision {
            action,
            reason: 0,
            stack: entry.stack,
            reset: entry.reset,
            slot: u32::try_from(start.slot()).unwrap_or(u32::MAX),
            on_trial: start.on_trial().into(),
            raised,
            refused,
            image_id: *start.image().id(),
        }
    }
}

/// A result as a number.
pub(crate) fn number(result: Result<(), Refusal>) -> u32 {
    result.map_or_else(|refusal| refusal.number().into(), |()| DONE)
}

/// Opens a session: reads layout and trust set, compares the chip's option bits with the layout's, makes the memories readable.
/// Returns WAXSEAL_DONE, or why not.
///
/// # Safety
/// `session` is storage of its type, and no stage works with it; `config` and all that it and `flash` point to stay where they are
/// while the session is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_open(session: *mut Session, config: *const Config, flash: *const Flash) -> u32 {
    // SAFETY: as this function asks for.
    unsafe {
        let (Some(config), Some(flash)) = (config.as_ref(), flash.as_ref()) else { return ARGUMENT };
        if session.is_null() {
            return ARGUMENT;
        }
        (&raw mut (*session).state).write(0);
        let Some(config) = config.read() else { return ARGUMENT };
        match boot::Session::open(config, *flash, SoftwareCrypto) {
            Ok(opened) => {
                (&raw mut (*session).room).cast::<Inner>().write(opened);
                (&raw mut (*session).state).write(OPEN);
                DONE
            }
            Err(reason) => reason.number().into(),
        }
    }
}

/// Makes the boot decision, with all that it takes: copies, writes states, raises the counter. Called once after each reset, by the
/// boot loader. `counter` is NULL where the layout has a place for it, in flash or in OTP, or nothing keeps it. Returns WAXSEAL_DONE if something boots.
///
/// # Safety
/// `session` was opened and is used by nobody else; `decision` is storage of its type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_boot(session: *mut Session, counter: *const Counter, decision: *mut Decision) -> u32 {
    // SAFETY: as this function asks for.
    let (session, counter, decision) = unsafe { (Session::get(session), counter.as_ref(), place(decision)) };
    let Some(decision) = decision else { return ARGUMENT };
    let decision = decision.write(Decision::RECOVER);
    let Some(session) = session else { return ARGUMENT };
    let mut counter = AnyCounter::of(counter, session.config());
    let decided = boot(session, &mut counter);
    *decision = Decision::of(&decided);
    if decision.action == ACTION_RECOVER { decision.reason } else { DONE }
}

/// Stores the lowest security counter that is accepted, out of the layout's place for it; 0 without one.
///
/// # Safety
/// `session` was opened and is used by nobody else; `lowest` is storage of its type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_lowest_counter(session: *mut Session, lowest: *mut u32) -> u32 {
    // SAFETY: as this function asks for.
    let (Some(session), Some(lowest)) = (unsafe { Session::get(session) }, unsafe { place(lowest) }) else {
        return ARGUMENT;
    };
    match AnyCounter::of(None, session.config()).read(session.flash()) {
        Ok(value) => {
            lowest.write(value);
            DONE
        }
        Err(_) => boot::Reason::Counter.number().into(),
    }
}

/// Says that the running image works: from then on the boot loader does not go back. Doing it again does nothing.
///
/// # Safety
/// `session` was opened and is used by nobody else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_confirm(session: *mut Session, running: u32) -> u32 {
    // SAFETY: as this function asks for.
    let Some(session) = (unsafe { Session::get(session) }) else { return ARGUMENT };
    number(session.confirm(running as usize).map_err(Refusal::from))
}

/// Verifies the image in a slot and stores its id, for `present` of the lead's configuration: for a slot group whose images a lead pins, and
/// that `waxseal_boot` is not called for. Ask for each slot of the group, and keep all ids where the lead's session finds them. `lowest` is
/// the security counter that the device accepts.
///
/// # Safety
/// `session` was opened and is used by nobody else; `id` is storage of its type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_present(session: *mut Session, slot: u32, lowest: u32, id: *mut [u8; 32]) -> u32 {
    // SAFETY: as this function asks for.
    let (Some(session), Some(id)) = (unsafe { Session::get(session) }, unsafe { place(id) }) else { return ARGUMENT };
    match session.present(slot as usize, lowest) {
        Ok(digest) => {
            id.write(digest);
            DONE
        }
        Err(refusal) => refusal.number().into(),
    }
}

/// Gives up the images that wait to be installed or tried, and pins the confirmation of the one that runs. Called for the lead before
/// anything of a companion is erased; `waxseal_stage_begin` does it for its own slot group.
///
/// # Safety
/// `session` was opened and is used by nobody else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_abandon_others(session: *mut Session, running: u32) -> u32 {
    // SAFETY: as this function asks for.
    let Some(session) = (unsafe { Session::get(session) }) else { return ARGUMENT };
    number(session.abandon_others(running as usize).map_err(Refusal::from))
}

/// Asks the boot loader to erase the other bank's slot at the next boot, where banks are exchanged and `waxseal_stage_begin` returns
/// WAXSEAL_REASON_CLEAR_FIRST. Doing it again does nothing, and neither does it where the slot is empty.
///
/// # Safety
/// `session` was opened and is used by nobody else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_clear(session: *mut Session, running: u32) -> u32 {
    // SAFETY: as this function asks for.
    let Some(session) = (unsafe { Session::get(session) }) else { return ARGUMENT };
    number(session.clear(running as usize).map_err(Refusal::from))
}

/// Nothing that counts.
pub const STATUS_BLANK: u32 = 1;
/// An update has begun and is not complete.
pub const STATUS_OPEN: u32 = 2;
/// Complete, not confirmed, with tries left.
pub const STATUS_TRIAL: u32 = 3;
/// Confirmed.
pub const STATUS_CONFIRMED: u32 = 4;
/// Dropped, or its tries are used up.
pub const STATUS_REJECTED: u32 = 5;

/// What the log of a slot says.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// One of WAXSEAL_STATUS_...
    pub status: u32,
    /// Generation of the update.
    pub generation: u32,
    /// Starts that nobody confirmed.
    pub tries: u32,
    /// The first four bytes of the id of the image that it is about.
    pub image: [u8; 4],
}

/// Stores what the log of a slot says.
///
/// # Safety
/// `session` was opened and is used by nobody else; `state` is storage of its type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_status(session: *mut Session, slot: u32, state: *mut State) -> u32 {
    // SAFETY: as this function asks for.
    let (Some(session), Some(state)) = (unsafe { Session::get(session) }, unsafe { place(state) }) else {
        return ARGUMENT;
    };
    let boot::State { status, image, generation, tries } = session.status(slot as usize);
    let status = match status {
        Status::Blank => STATUS_BLANK,
        Status::Open => STATUS_OPEN,
        Status::Trial => STATUS_TRIAL,
        Status::Confirmed => STATUS_CONFIRMED,
        Status::Rejected => STATUS_REJECTED,
    };
    state.write(State { status, generation, tries, image });
    DONE
}
