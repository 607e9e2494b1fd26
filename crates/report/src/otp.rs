//! One-time-programmable memory: what lies where in it, what a board has, and what is left to do on it.

pub mod map;
pub mod plan;
pub mod sheet;
pub mod show;
