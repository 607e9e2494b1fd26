//! waxseal's boot loader as a library: which image starts, how an update is installed, tried, confirmed and reverted.
//!
//! `no_std`, no alloc, no unsafe, no panic of its own. It judges with `image-format`, as the packer does, so what `waxseal verify`
//! accepts boots. Power may fail before, after and inside each operation; `waxseal simulate` tries that out for a manifest.
//!
//! # The boot loader's side
//!
//! Bring a [`Flash`], the constants that `waxseal gen` writes ([`Config`]), and somewhere to keep the security counter ([`Counter`]);
//! call [`boot`] once after each reset, and do what its [`Action`] says:
//!
//! ```
//! # use boot::{Action, Config, Counter, Flash, Session, boot};
//! # use image_format::{Crypto, Entry};
//! # fn jump(_: Entry) {} fn exchange_and_jump(_: Entry) {} fn recover(_: u16) {}
//! fn start(config: Config, flash: impl Flash, crypto: impl Crypto) {
//!     let mut session = match Session::open(config, flash, crypto) {
//!         Ok(session) => session,
//!         Err(reason) => return recover(reason.number()),
//!     };
//!     match boot(&mut session, &mut boot::NoCounter).action {
//!         Action::Boot(start) => start.entry().map_or_else(|| recover(0), jump),
//!         Action::Exchange(start) => start.entry().map_or_else(|| recover(0), exchange_and_jump),
//!         Action::Recover(reason) => recover(reason.number()),
//!     }
//! }
//! ```
//!
//! Where one-time-programmable memory holds the key hash or the revision, [`Otp`] reads them; where it keeps the counter, [`OtpCounter`] does.
//!
//! The address to jump to exists in [`Start::entry`] alone: out of the bytes that were hashed in this boot.
//!
//! # The application's side
//!
//! The application opens a [`Session`] of its own with the same constants:
//!
//! - [`Session::confirm`] once it knows that it works: without it, the boot loader goes back after `tries` starts;
//! - [`Session::stage`] with a new image's front area: judged before anything is erased. Then [`Stage::wanted`] names the chunk to fetch,
//!   [`Stage::put`] judges it and programs it, [`Stage::request`] verifies the whole and asks for it to be installed. After a power
//!   cut, `stage` with the same front area goes on where that is safe;
//! - [`Session::clear`] where banks are exchanged and `stage` answers [`Reason::ClearFirst`]: only the boot loader erases there, so reset afterwards, and stage
//!   again. A download that was cut off, by a reset too, starts over with another `clear`; any number of these is possible. A slot of the other bank without an image
//!   is erased once without being asked, at the first start of a confirmed image;
//! - [`Session::status`].
//!
//! # Images that go together
//!
//! A lead that pins companions (`commit = "together"`) starts with these or not at all, and its own READY is what makes all of them current. A companion
//! has a slot group of its own with two slots that it stays in, and a [`Config`] and [`Session`] of its own; nothing starts it, so [`boot`] is not called for it.
//!
//! The boot loader calls [`Session::present`] for each slot of each companion, puts the ids that it gets into the lead's [`Config::present`], and then
//! calls [`boot`] for the lead.
//!
//! The application does the same for its own session of the lead, and then, in this order:
//!
//! 1. [`Session::confirm`] for the lead, and for each companion with the slot whose id the running lead pins;
//! 2. looks which companions of the update are there: [`Session::status`] says `Trial` or `Confirmed` and names the id, and `present` gives it. One that verifies and whose log says neither may fade;
//! 3. if any is not, [`Session::abandon_others`] for the lead, then `stage` and `request` for each that is missing, then a reset;
//! 4. if all are, `stage` and `request` for the lead.
//!
//! `simulate::devices::together` in the project plays this with the power cut at each operation.
//!
//! # How to write a flash driver
//!
//! [`Flash`] has five functions; boot loader and application use the same driver. What each must take care of, by family. Nothing of this
//! was tried on silicon: sources are named, and what has none is for your reference manual to say.
//!
//! - **`settle`**: a reset of the microcontroller alone stops no external chip. Wait until it is done, or send its reset command. Wait for
//!   the flash controller too (F7: `BSY`; H7: `QW`, HAL-H7 stm32h7xx_hal_flash.c:1072), and clear the error flags that an earlier program
//!   left, so that they are no result of what comes next. Drop what caches hold of the region.
//! - **`read`, torn words**: F0 to F4 and F7 have no ECC, and no read of theirs faults. Elsewhere a power cut leaves words that do: on L4 a
//!   word with two wrong bits raises an NMI (`ECCD`; RM0351, 3.3.2), on G0 as well, on H7 a bus fault. The driver must come back with [`Fault`]:
//!   on a H7 with `BFHFNMIGN` and `FAULTMASK` set around the read, and a look at the double-error flag of the bank afterwards; where it is an NMI,
//!   its handler clears the flag, notes it for the driver, and returns. A handler that loops or resets never boots again once such a
//!   word lies in a state log. H5: reading one-time-programmable memory that was never programmed raises that NMI too. L0, L1, G4, WB,
//!   WL, L5 and U5: unproven.
//! - **`read`, caches**: what is judged must be what is fetched. Read with the data cache off, or invalidate the range before. On a
//!   Cortex-M7 without an MPU, 0x6000_0000 to 0x7FFF_FFFF is write-back (Arm DUI 0646, table 2.12): the commands for a NOR stay in the
//!   cache. On L4, flush the controller's own caches after an erase, as ST's driver does (HAL-L4 stm32l4xx_hal_flash_ex.c:212).
//! - **`program`**: whole units come, aligned. On ECC flash each is programmed once per erase, and 0xFF in all bytes counts. Check the error
//!   flags after each unit; the caller reads back, and passes over a place that does not take its entry.
//! - **`erase`**: what selects a sector is not its address. The F7's `SNB` is the number up to 11, and the number plus 4 from 12 on (HAL-F7
//!   stm32f7xx_hal_flash_ex.c, `FLASH_Erase_Sector`). With banks exchanged, the selector follows the cells on U5, H5 and G0, and the
//!   addresses on H74x/75x; on F7 it is unproven. A sector that does not exist in this bank mode may be reported as write-protected.
//! - **Running meanwhile**: a bank that is busy cannot be read; parts with two can run from the other. A fetch from the busy one stalls
//!   an F7's core (AN4826), and whatever feeds a watchdog with it; a NOR that programs or erases cannot be read at all. Start and wait from RAM, with vectors
//!   and handlers there too, or interrupts off.
//! - **`register`**: option bits as the chip has loaded them, not as they are for the next reset: `OPTCR` on F7, `OPTSR_CUR` on H7.
//!
//! A whole one is in the project's `examples/boot/rust/src/f767/flash.rs`.
//!
//! # What a disturbed supply has to hit
//!
//! Whoever has the board in hand makes the core skip an instruction, and aims at one that refuses. Against one such fault in each start:
//!
//! - what admits is decided twice: the signatures, the payload's digest, the security counter, and whether device and place fit. The first decision
//!   is a branch; the second one is kept as an [`image_format::Word`], whose yes and no differ in all 32 bits, and is looked at in
//!   [`Start::entry`]. The lowest counter comes to the second one as a copy of its own. A signature counts by its word, and not because the branch before was passed; no threshold counts as one;
//! - an entry address that is given out in spite of a no was changed by the words: it is not the image's;
//! - the loop that hashes is checked at its end, so a shorter one is a refusal.
//!
//! `cargo xtask campaign skips` replaces each instruction of a refusal in turn by one that does nothing, in QEMU. In the size profile a forged
//! signature, a changed payload and a counter that is too low stay refused. Each test run does so with all branches.
//!
//! Not covered: two faults that are timed together; a fault inside of the cryptography, where one comparison at the end makes the yes (a
//! [`image_format::Crypto`] of your own may verify twice, for two million instructions more); bits that are flipped in registers or memory,
//! but for the words; revisions and companions, which are decided once; your flash driver, your counter, and what comes behind `entry`: take its
//! `None` to where no address is at hand, and keep the core's own means (a supply monitor, a random delay before [`boot`]).
//!
//! The state log's encoding is in `schema/image-format.md`.
//!
//! # What power cuts taught
//!
//! Numbers in brackets are cuts that showed it, on the simulator's models.
//!
#![doc = include_str!("../power-cuts.md")]
#![no_std]
#![forbid(unsafe_code)]

mod application;
mod boot;
mod copy;
mod counter;
mod exchange;
mod flash;
mod map;
mod otp;
mod overwrite;
mod places;
mod reason;
mod session;
mod stage;
#[cfg(feature = "embedded-storage")]
mod storage;

pub use application::State;
pub use boot::{Action, Decision, Start, boot};
pub use counter::{AreaCounter, Counter, NoCounter};
pub use flash::{Fault, Flash, MAX_OPERATION};
pub use otp::{Otp, OtpCounter};
pub use reason::{Reason, Refusal};
pub use session::{Config, Raise, Session};
pub use stage::{Image, Stage, Wanted};
#[cfg(feature = "embedded-storage")]
pub use storage::Storage;
