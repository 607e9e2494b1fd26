//! Numbers and lists in words.

/// `0-7 and 12-17`.
pub fn numbers(numbers: &[u32]) -> String {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in sorted {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |(first, last): (u32, u32)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    list(&runs.into_iter().map(run).collect::<Vec<_>>())
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
