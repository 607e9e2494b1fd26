//! The state log: what is written about the image of a slot, and how it is read after any power cut.
//!
//! A log is an area of places. A place holds one [`Entry`], is written at most once per erase and never shares a program
//! unit or an ECC word with another place, so that the same log is right on plain NOR, on flash with ECC and on flash that
//! erases to zero. State orders, it never admits: it chooses among images that verify in this boot.

mod choice;
mod count;
mod entry;
mod places;
mod scan;
mod space;

pub use choice::{Candidate, Candidates, MAX_SLOTS, Reason, choose};
pub use count::{Count, read_count};
pub use entry::{ENTRY_SIZE, Entry, EntryBytes, EntryKind, MAX_PLACE};
pub use places::{LogForm, PlaceState, read_place};
pub use scan::{RAISED, SlotLog, Status, next_generation, scan};
pub use space::{SPARE_PLACES, Strategy, place_size, state_space};
