//! Rules about the hardware, one module for each: what a layout must not be, and what an input must not be for it.
//!
//! Most run when a manifest is checked. [`link_address`] and [`payload_too_large`] need an input file, so that whoever
//! reads it calls them.

pub(crate) mod address;
pub(crate) mod boot;
pub(crate) mod capacity;
pub(crate) mod companions;
pub(crate) mod counter;
pub(crate) mod coverage;
pub(crate) mod exchange;
pub(crate) mod external;
pub(crate) mod header;
pub(crate) mod link;
pub(crate) mod otp;
pub(crate) mod overlap;
pub(crate) mod protection;
pub(crate) mod revert;
pub(crate) mod room;
pub(crate) mod second_core;
pub(crate) mod stall;
pub(crate) mod states;
pub(crate) mod together;
pub(crate) mod unit;

pub use capacity::payload_too_large;
pub use link::link_address;
pub use together::unmet;
