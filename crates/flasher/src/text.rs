//! Numbers and lists in words.

/// `0-7 and 12-17`.
pub fn numbers(numbers: &[u32]) -> String {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    list(&geometry::runs_of(sorted))
}

/// `sector 5`, `sectors 0-7 and 12-17`.
pub fn numbered(noun: &str, all: &[u32]) -> String {
    let plural = if all.len() == 1 { "" } else { "s" };
    format!("{noun}{plural} {}", numbers(all))
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
