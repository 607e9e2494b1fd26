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
//! # fn jump(_: Entry) {} fn exchange_banks() {} fn recover(_: u16) {}
//! fn start(config: Config, flash: impl Flash, crypto: impl Crypto) {
//!     let mut session = match Session::open(config, flash, crypto) {
//!         Ok(session) => session,
//!         Err(reason) => return recover(reason.number()),
//!     };
//!     match boot(&mut session, &mut boot::NoCounter).action {
//!         Action::Boot(start) => start.entry().map_or_else(|| recover(0), jump),
//!         Action::Exchange(start) => match start.entry() {
//!             Some(entry) => { exchange_banks(); jump(entry) }
//!             None => recover(0),
//!         },
//!         Action::Recover(reason) => recover(reason.number()),
//!     }
//! }
//! ```
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
//! - [`Session::clear`] where banks are exchanged: only the boot loader erases there;
//! - [`Session::status`].
//!
//! # How to write a flash driver
//!
//! [`Flash`] has five functions. What each must take care of, by family; boot loader and application use the same driver. Nothing of this
//! was tried on silicon: the sources are named, and what they leave open is said.
//!
//! - **`settle`**: a reset of the microcontroller alone does not stop an erase, neither the flash controller's nor an external chip's.
//!   Wait until it is done (`BSY` of the F7; `QW` of the H7, with `BSY` it only covers what has begun); give an external NOR its reset
//!   command or its longest erase time, and identify it. Clear the error flags that an earlier program left: the F7 and others refuse to
//!   begin while one is set. Drop what caches hold of the region.
//! - **`read`, ECC**: the words of F0 to F4 and F7 have no ECC, and no read faults. On L4, G0, G4, WB, WL, L5 and U5 a word with two wrong
//!   bits raises an NMI (`ECCD`), on H7 a bus fault, and a power cut leaves such words. The driver must come back with [`Fault`]: on a H7
//!   set `BFHFNMIGN` and `FAULTMASK` around the read, then look at `BFSR` and the double-error flag of the bank; where it is an NMI, let the
//!   handler clear `ECCD`, note it for the driver and return. A handler that resets instead never boots again once such a word lies in a
//!   state log. On H5 reading one-time-programmable memory that was never programmed raises that NMI as well.
//! - **`read`, caches**: what is judged must be what is fetched. Read with the data cache off, or invalidate the range before; an area that
//!   is programmed must not be mapped write-back. On a Cortex-M7 everything from 0x6000_0000 to 0x7FFF_FFFF is write-back without an
//!   MPU (Arm DUI 0646, table 2.12), so a NOR's commands would stay in the cache. The accelerator of L4, G0 and G4 has caches that an
//!   erase does not invalidate: reset them after it.
//! - **`program`**: whole units come, aligned: on ECC flash each is programmed once per erase, and a word of 0xFF bytes counts. Some parts
//!   accept zeros over anything; don't use that. Check every error flag after each unit; the caller reads back, and passes over a place
//!   that does not take its entry.
//! - **`erase`**: what selects a sector is not its address. The F7's `SNB` is the number up to 11 and the number plus 4 from 12 on (HAL-F7,
//!   `FLASH_Erase_Sector`). After an exchange of banks, selectors follow the cells on U5, H5 and G0, the addresses on H74x/75x; of the F7
//!   nobody has said. A sector that does not exist in this bank mode is reported as write-protected.
//! - **Running meanwhile**: a bank that is busy cannot be read. On most parts a fetch from it stalls the core, for up to seconds, and with
//!   it whatever feeds a watchdog; from an external NOR it reads nonsense. Start and wait from RAM, vectors and interrupt handlers there
//!   too or interrupts off. The other bank can be read on parts with two (read-while-write).
//! - **`register`**: the option bits as the chip has loaded them (`OPTCR`, `OPTR`, `OPTSR_CUR`), not as they are programmed for the next reset.
//!
//! A whole one is in the project's `examples/boot`, for an STM32F767.
//!
//! What holds, and why, is in the project's ARCHITECTURE.md; the state log's encoding in `schema/image-format.md`.

#![no_std]
#![forbid(unsafe_code)]
#![deny(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod application;
mod boot;
mod copy;
mod counter;
mod exchange;
mod flash;
mod map;
mod overwrite;
mod reason;
mod session;
mod stage;
#[cfg(feature = "embedded-storage")]
mod storage;

pub use application::State;
pub use boot::{Action, Decision, Start, boot};
pub use counter::{AreaCounter, Counter, NoCounter};
pub use flash::{Fault, Flash, MAX_OPERATION};
pub use reason::{Reason, Refusal};
pub use session::{Config, Raise, Session};
pub use stage::{Image, Stage, Wanted};
#[cfg(feature = "embedded-storage")]
pub use storage::Storage;
