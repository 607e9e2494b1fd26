//! One-time-programmable memory, as a person writes it.

use crate::plan::otp::StageLock;
use crate::read::{List, Named};
use crate::scalar::{Bytes, FieldType};
use crate::table::{choice, table};

table! {
    /// One-time-programmable memory: which field lies where, where its content comes from, and who locks it.
    pub struct Otp, "`otp`" {
        /// Version of the field list, 1 to 65534: raised when a field is added, never used for another list.
        required version: u32,
        /// The field that names a board.
        required board: String,
        /// Who programs, in this order. Required unless all fields are counters.
        optional stages: List<Stage>,
        /// The fields, by name.
        required fields: Named<OtpField>,
        /// What fields are allocated from, by name.
        optional ranges: Named<OtpRange>,
    } later []
}

table! {
    /// A station of the production line.
    pub struct Stage, "a stage" {
        /// Its name.
        required name: String,
        /// What becomes of the blocks that it fills, once they were read back: permanent, never. Required where the part
        /// has locks.
        optional lock: StageLock,
    } later []
}

table! {
    /// A field of one-time-programmable memory.
    pub struct OtpField, "a field" {
        /// Offset of its first byte. Firmware in the field reads by it for ever, so it has no default.
        required at: Bytes,
        /// What it holds.
        required r#type: FieldType,
        /// Bytes of one value. Required for ascii and bytes; the other types have theirs.
        optional len: Bytes,
        /// Number of values, one behind the other. Default: 1.
        optional count: u32,
        /// Who programs it. Required but for counters, which the device programs.
        optional stage: String,
        /// Where its content comes from: the column of the records with this title. This, or one of `range`, `value`, `role`
        /// with key-hash, `over` with crc32, `secret`.
        optional column: String,
        /// The range that it is allocated from.
        optional range: String,
        /// The same content for every board.
        optional value: String,
        /// The role whose keys and threshold are hashed.
        optional role: String,
        /// The fields that are summed, in this order.
        optional over: List<String>,
        /// A file in the board's folder of secrets. Only its digest is ever shown.
        optional secret: String,
        /// The words of an enum and the numbers that stand for them, 0 to 254.
        optional values: Named<u32>,
        /// Keep the complement right behind the values: what is half written or worn is noticed. Default: false.
        optional complement: bool,
        /// How often the values stand there: 1, or 3, of which two must agree. Default: 1.
        optional copies: u32,
        /// How often a counter can be raised: each step takes a program unit. Required for a counter.
        optional steps: u32,
    } later []
}

table! {
    /// Values that are allocated one after the other, each to one board.
    pub struct OtpRange, "a range" {
        /// The first one.
        required first: String,
        /// The last one.
        required last: String,
    } later []
}

choice! { StageLock { "permanent" => StageLock::Permanent, "never" => StageLock::Never, } later [] }
