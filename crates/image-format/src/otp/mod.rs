//! One-time-programmable memory: what one board's is to hold, and which field lies where in it.

mod blob;
mod content;
mod field;
mod value;

pub use blob::{OtpBlob, OtpBody};
pub use content::{FieldRefusal, LayoutField, OtpLayout, spent_units};
pub use field::{COMPLEMENT, FieldKind, FieldList, OtpField, OtpHead};
pub use value::{Date, Text, text};
