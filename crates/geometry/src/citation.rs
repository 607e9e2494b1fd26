//! Where a value comes from, and how good that evidence is.

use std::fmt;

use serde::Deserialize;

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// Document, file and line, or measurement: enough to look the value up again.
    pub source: String,
    /// How far the source can be relied on.
    pub evidence: Evidence,
}

/// How far a source can be relied on, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Two or more independent sources agree.
    TwoSources,
    /// Read in the vendor's own header, driver, example or manual.
    VendorSource,
    /// Arithmetic or reasoning from proven facts.
    Inferred,
    /// Somebody's report, perhaps of one board.
    OneReport,
    /// Nothing but a claim: not to be relied on.
    Unverified,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TwoSources => "two sources",
            Self::VendorSource => "vendor source",
            Self::Inferred => "inferred",
            Self::OneReport => "one report",
            Self::Unverified => "unverified",
        })
    }
}
