//! Numbers and lists in words.

use geometry::sort::sort_by;

/// `sector 5`, `sectors 0-7 and 12-17`, of numbers in any order.
pub fn numbered(noun: &str, all: &[u32]) -> String {
    let mut sorted = all.to_vec();
    sort_by(&mut sorted, Ord::cmp);
    sorted.dedup();
    geometry::numbered(noun, sorted)
}

/// `a, b and c`.
pub fn list(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// `128K`, `1,234 bytes`.
pub fn bytes(size: u64) -> String {
    match u32::try_from(size) {
        Ok(whole) if whole.is_multiple_of(1024) && whole > 0 => geometry::bytes(whole),
        _ => format!("{} bytes", report::text::thousands(size)),
    }
}
