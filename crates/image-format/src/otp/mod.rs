//! One-time-programmable memory: what one board's is to hold, and which field lies where in it.

mod blob;
mod field;

pub use blob::{OtpBlob, OtpBody};
pub use field::{COMPLEMENT, FieldKind, FieldList, OtpField, OtpHead};
