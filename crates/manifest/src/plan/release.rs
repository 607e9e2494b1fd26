//! What goes together: versions that images ask of one another, and the release that brings them.

use std::fmt;
use std::str::FromStr;

use semver::{Comparator, Op, VersionReq};

use super::{Plan, Version};
use crate::source::Spanned;

/// What an image asks of another one in its release. Hosts judge it; on a board the lead's pinned companions count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The other image, by name.
    pub image: Spanned<String>,
    /// Which of its versions will do.
    pub range: Spanned<VersionRange>,
}

/// All versions from a first one to a last one: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// As it was written, in semver's spelling: `>=2.1.0, <3.0.0`.
    text: String,
    first: Version,
    last: Version,
}

/// Why a text is no range of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRange {
    /// What is wrong with it.
    pub why: String,
    /// What was probably meant.
    pub instead: Option<String>,
}

/// How the images of a release become current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Each by itself.
    Each,
    /// All of them, or none.
    Together,
}

/// The release: the signed set of all images of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// What it is called, and its file. `None`: see [`Plan::release_label`].
    pub label: Option<Spanned<String>>,
    /// The last day on which hosts install it. `None`: it never expires.
    pub expires: Option<Spanned<Date>>,
    /// Names of its images in the order in which they are installed: what others require or pin comes before them.
    pub members: Vec<String>,
    /// Name of the image that the release is about. With commit "together" it pins all the others.
    pub lead: String,
}

/// A day of the Gregorian calendar, from 1970-01-02 to 9999-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl VersionRange {
    /// Whether a version is one of them.
    pub fn contains(&self, version: Version) -> bool {
        (self.first..=self.last).contains(&version)
    }
}

impl FromStr for VersionRange {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let no = |why: &str| NoRange { why: why.to_owned(), instead: None };
        let request = VersionReq::parse(text).map_err(|error| no(&error.to_string()))?;
        if request.comparators.iter().any(|comparator| !comparator.pre.is_empty()) {
            return Err(no("pre-release parts are not supported yet"));
        }
        if request.comparators.is_empty() {
            return Err(no("any version will do: leave it out"));
        }
        if !request.comparators.iter().all(is_explicit) {
            let plain: Option<Vec<String>> = request.comparators.iter().map(explicit).collect();
            let why = "not explicit: say with which version it starts, and before which one it ends".to_owned();
            return Err(NoRange { why, instead: plain.map(|plain| plain.join(", ")) });
        }
        let (mut first, mut last) = (0, u64::MAX);
        for comparator in &request.comparators {
            let version = version(comparator).ok_or_else(|| no(Version::LIMITS))?.number();
            let empty = no("no version is in it");
            match comparator.op {
                Op::Greater => first = first.max(version.checked_add(1).ok_or(empty)?),
                Op::GreaterEq => first = first.max(version),
                Op::Less => last = last.min(version.checked_sub(1).ok_or(empty)?),
                Op::LessEq => last = last.min(version),
                _ => (first, last) = (first.max(version), last.min(version)),
            }
        }
        if first > last {
            return Err(no("no version is in it"));
        }
        Ok(Self { text: request.to_string(), first: Version::of(first), last: Version::of(last) })
    }
}

/// Whether a comparator means the same to everybody: a relation, and all three numbers.
fn is_explicit(comparator: &Comparator) -> bool {
    let relation = matches!(comparator.op, Op::Exact | Op::Greater | Op::GreaterEq | Op::Less | Op::LessEq);
    relation && comparator.patch.is_some()
}

fn version(comparator: &Comparator) -> Option<Version> {
    let (minor, patch) = (comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0));
    Some(Version {
        major: comparator.major.try_into().ok()?,
        minor: minor.try_into().ok()?,
        patch: patch.try_into().ok()?,
    })
}

/// A comparator as an explicit one, with the meaning that it has for cargo.
fn explicit(comparator: &Comparator) -> Option<String> {
    if is_explicit(comparator) {
        return Some(comparator.to_string());
    }
    let start = version(comparator)?;
    let Version { major, minor, patch } = start;
    let next_major = || major.checked_add(1).map(|major| Version { major, minor: 0, patch: 0 });
    let next_minor = || minor.checked_add(1).map(|minor| Version { major, minor, patch: 0 });
    let after_named = || if comparator.minor.is_some() { next_minor() } else { next_major() };
    let end = match (comparator.op, comparator.minor, comparator.patch) {
        (Op::GreaterEq, ..) => return Some(format!(">={start}")),
        (Op::Less, ..) => return Some(format!("<{start}")),
        (Op::Greater, ..) => return Some(format!(">={}", after_named()?)),
        (Op::LessEq, ..) => return Some(format!("<{}", after_named()?)),
        (Op::Caret, Some(0), Some(_)) if major == 0 => Version { patch: patch.checked_add(1)?, ..start },
        (Op::Caret, Some(_), _) if major == 0 => next_minor()?,
        (Op::Caret, ..) => next_major()?,
        _ => after_named()?,
    };
    Some(format!(">={start}, <{end}"))
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Version {
    /// How large its numbers may be: what the image header has room for.
    pub(crate) const LIMITS: &str = "major and minor go up to 65535, patch to 4294967295";

    /// A number that orders versions as they are ordered, without gaps.
    fn number(self) -> u64 {
        u64::from(self.major) << 48 | u64::from(self.minor) << 32 | u64::from(self.patch)
    }

    /// The version of such a number. The shifts leave 16, 16 and 32 bits.
    fn of(number: u64) -> Self {
        Self { major: (number >> 48) as u16, minor: (number >> 32) as u16, patch: number as u32 }
    }
}

impl Date {
    /// A day that there is; `None` for others, and for days before 1970-01-02, which the format cannot say.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => 31,
        };
        let date = Self { year, month, day };
        let exists = (1..=12).contains(&month) && (1..=last).contains(&day);
        (exists && (1970..=9999).contains(&year) && date.days() > 0).then_some(date)
    }

    /// The day so many days after 1970-01-01; `None` for the first, and beyond the year 9999.
    pub fn of_days(days: u32) -> Option<Self> {
        // [`Date::days`] backwards; four centuries have 146,097 days, whichever.
        let days = u64::from(days) + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
        Self::new(u16::try_from(era * 400 + year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// Days since 1970-01-01, as the release's header has them.
    pub fn days(self) -> u32 {
        // Years start in March here, so that a leap day is the last of its year; 719,468 days lie between 0000-03-01 and 1970-01-01.
        let (year, month) = (u32::from(self.year), u32::from(self.month));
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let of_year = (153 * month + 2) / 5 + u32::from(self.day) - 1;
        365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Plan {
    /// What the release is called: the label that the file gives, or class and version of the lead. `None` while the command
    /// line has not said that version.
    pub fn release_label(&self) -> Option<String> {
        if let Some(label) = &self.release.label {
            return Some(label.value.clone());
        }
        let version = self.image(&self.release.lead)?.version.value?;
        Some(format!("{}-{version}", self.product.class.value))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn range(text: &str) -> Result<VersionRange, NoRange> {
        text.parse()
    }

    #[test]
    fn ranges_hold_what_they_say() {
        let cases = [
            (">=2.1.0, <3.0.0", "2.1.0 2.65535.4294967295", "2.0.4294967295 3.0.0"),
            (">2.1.4294967295", "2.2.0", "2.1.4294967295"),
            ("<=1.0.0", "0.0.0 1.0.0", "1.0.1"),
            ("=1.2.3", "1.2.3", "1.2.2 1.2.4"),
            ("<65535.0.0", "300.0.0", "65535.0.0"),
        ];
        for (text, inside, outside) in cases {
            let range = range(text).unwrap();
            let contains = |version: &str| range.contains(version.parse().unwrap());
            assert!(inside.split(' ').all(contains), "{text}");
            assert!(!outside.split(' ').any(contains), "{text}");
            assert_eq!(range.to_string(), text);
        }
    }

    #[test]
    fn ranges_without_a_version_are_none() {
        for text in [">=2.0.0, <1.0.0", ">1.0.0, <1.0.1", "<0.0.0", ">65535.65535.4294967295", "=1.0.0, =1.0.1"] {
            assert_eq!(range(text).unwrap_err().why, "no version is in it", "{text}");
        }
        for text in ["", "2.1.x.0", ">=1.0.0-rc.1", "*", ">=65536.0.0", "<1.0.4294967296"] {
            let refused = range(text).unwrap_err();
            assert!(refused.instead.is_none() && refused.why != "no version is in it", "{text}: {refused:?}");
        }
    }

    /// What is not explicit means something to cargo: the range that is proposed holds the same versions, and is explicit.
    #[test]
    fn a_proposal_means_what_cargo_means() {
        let texts = "2.1 2 ^2.1.3 ^0.2.3 ^0.0.3 ^0.0 ^0 ~1.2.3 ~1.2 ~1 1.* 1.2.* >=2.1 <2.1 >2.1 >2 <=2.1 <=2 =2.1 =2";
        for text in texts.split(' ') {
            let instead = range(text).unwrap_err().instead.unwrap();
            let (proposed, meant) = (range(&instead).unwrap(), VersionReq::parse(text).unwrap());
            for number in 0..5 * 5 * 5 {
                let (major, minor, patch) = (number / 25, number / 5 % 5, number % 5);
                let version = Version { major, minor, patch: patch.into() };
                let theirs = meant.matches(&semver::Version::new(major.into(), minor.into(), patch.into()));
                assert_eq!(proposed.contains(version), theirs, "{text} -> {instead}: {version}");
            }
        }
    }

    #[test]
    fn dates_are_days_since_1970() {
        // Python: (datetime.date(year, month, day) - datetime.date(1970, 1, 1)).days.
        let days = [
            ((1970, 1, 2), 1),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2027, 12, 31), 21_183),
            ((2100, 3, 1), 47_541),
            ((9999, 12, 31), 2_932_896),
        ];
        for ((year, month, day), expected) in days {
            assert_eq!(Date::new(year, month, day).unwrap().days(), expected);
        }
        for (year, month, day) in
            [(1970, 1, 1), (2100, 2, 29), (2027, 0, 1), (2027, 13, 1), (2027, 4, 31), (2027, 1, 0)]
        {
            assert_eq!(Date::new(year, month, day), None);
        }
    }

    /// Every day that there is, back and forth: one after the other.
    #[test]
    fn days_are_counted_both_ways() {
        let last = Date::new(9999, 12, 31).unwrap();
        let mut before = Date::of_days(1).unwrap();
        assert_eq!(before.to_string(), "1970-01-02");
        for days in 2..=last.days() {
            let date = Date::of_days(days).unwrap();
            assert!(date.days() == days && date > before, "{days}: {date}");
            before = date;
        }
        assert_eq!(before, last);
        assert_eq!([0, last.days() + 1, u32::MAX].map(Date::of_days), [None; 3]);
    }
}
