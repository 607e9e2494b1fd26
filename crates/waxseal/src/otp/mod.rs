//! One-time-programmable memory.

pub mod map;
