//! The waxseal manifest: from TOML text to a checked [`plan::Plan`], with [`diagnostic::Diagnostic`]s as plain data.
//!
//! No I/O happens here: the caller hands in the texts. So the same rules judge a manifest on the command line and in
//! the browser.

#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod plan;
pub mod source;
