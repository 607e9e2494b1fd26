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
