//! Where a value comes from, and how good that evidence is.

use std::fmt;

use crate::read::{fields, words};

fields! {
    /// The source of a value.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Citation {
        /// Document, file and line, or measurement: enough to look the value up again.
        pub source: String,
        /// How far the source can be relied on.
        pub evidence: Evidence,
        /// What else is to be known: a condition, an exception, who disagrees.
        pub note: Option<String>,
    }
}

/// A value that stands alone, and where it comes from. Where there is no evidence there is no fact: see `Option`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub citation: Citation,
}

words! {
    /// How far a source can be relied on, best first.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Evidence {
        /// Two or more independent sources agree.
        TwoSources,
        /// Read in the vendor's own header, driver, example or manual.
        VendorSource,
        /// Read in one source that is not the vendor's: another project's table or driver.
        OneSource,
        /// Arithmetic or reasoning from proven facts.
        Inferred,
        /// Somebody's report, perhaps of one board.
        OneReport,
        /// Nothing but a claim: not to be relied on.
        Unverified,
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TwoSources => "two sources",
            Self::VendorSource => "vendor source",
            Self::OneSource => "one source",
            Self::Inferred => "inferred",
            Self::OneReport => "one report",
            Self::Unverified => "unverified",
        })
    }
}
