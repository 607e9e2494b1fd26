//! What the device database knows, and what it does not.

mod part;

use std::fmt::Write as _;

use geometry::sort::sort_by;
use geometry::{LookupError, Memory, Mode, Part, address, bytes};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::findings::Report;
use crate::json;
use crate::value::{Json, object};

/// Which parts or memories, and which of their modes.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// An order code, the name of an external memory, or a part of names; `None`: all of them.
    pub pattern: Option<&'a str>,
    /// Only the modes that these option bytes select.
    pub mode: &'a [(String, u32)],
}

/// `nDBANK=0`.
///
/// # Errors
/// What it has to be.
pub fn setting(text: &str) -> Result<(String, u32), String> {
    let (name, value) = text.split_once('=').ok_or("an option byte and its value are wanted, as nDBANK=0")?;
    let value = value.parse().map_err(|_| format!("`{value}` is no number"))?;
    Ok((name.to_owned(), value))
}

impl Query<'_> {
    /// The answer.
    ///
    /// # Errors
    /// A pattern that nothing matches; a mode that the part does not have.
    pub fn report(&self) -> Result<Report, Failure> {
        // A memory is cheap to find, and a part that does not exist is dear: its nearest names are in all families.
        if let Some(Ok(memory)) = self.pattern.map(geometry::memory) {
            return self.memory(&memory);
        }
        let nearest = match self.pattern.map(geometry::part) {
            Some(Ok(part)) => return self.one(&part),
            Some(Err(LookupError::Unknown { nearest })) => nearest,
            Some(Err(error @ LookupError::Database(_))) => return Err(broken(&error)),
            None => Vec::new(),
        };
        let parts = self.matching(geometry::parts().map_err(|error| broken(&error))?, |part| &part.name);
        let memories = self.matching(geometry::memories().map_err(|error| broken(&error))?, |memory| &memory.name);
        match (self.pattern, parts.as_slice(), memories.as_slice()) {
            (Some(pattern), [], []) => Err(unknown(pattern, &nearest)),
            (_, [part], []) => self.one(part),
            (_, [], [memory]) => self.memory(memory),
            _ if !self.mode.is_empty() => {
                Err(Failure::usage("--mode is about one part").help("give its whole order code"))
            }
            _ => Ok(list(&parts, &memories)),
        }
    }

    fn matching<T>(&self, mut all: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
        if let Some(pattern) = self.pattern {
            all.retain(|item| is_in(pattern, name(item)));
        }
        all
    }

    fn one(&self, part: &Part) -> Result<Report, Failure> {
        let modes = self.modes(part)?;
        Ok(Report { result: Some(part::to_json(part, &modes)), ..Report::done(part::text(part, &modes)) })
    }

    fn memory(&self, memory: &Memory) -> Result<Report, Failure> {
        if !self.mode.is_empty() {
            return Err(Failure::usage(format!("{} has no modes", memory.name)).help("leave --mode out"));
        }
        Ok(Report { result: Some(part::memory_to_json(memory)), ..Report::done(part::memory_text(memory)) })
    }

    /// The modes that --mode leaves.
    fn modes<'a>(&self, part: &'a Part) -> Result<Vec<&'a Mode>, Failure> {
        let known = part.mode_options();
        if let Some((name, _)) = self.mode.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            let failure = Failure::usage(format!("`{name}` selects no mode of {}", part.name));
            return Err(failure.help(match known.as_slice() {
                [] => "it has one sector map, whatever its option bytes say: leave --mode out".to_owned(),
                known => format!("what does: {}", known.join(", ")),
            }));
        }
        let given = |name: &str| self.mode.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let is_left =
            |mode: &&Mode| mode.selectors.iter().all(|(name, value)| given(name).is_none_or(|own| own == *value));
        let modes: Vec<&Mode> = part.modes.iter().filter(is_left).collect();
        if modes.is_empty() {
            let failure = Failure::usage(format!("{} has no such mode", part.name));
            let all: Vec<String> = part.modes.iter().map(selectors).collect();
            return Err(failure.help(format!("its modes: {}", all.join("; "))));
        }
        Ok(modes)
    }
}

/// Whether a pattern occurs in a name; `?` is any character, and case does not matter.
fn is_in(pattern: &str, name: &str) -> bool {
    let pattern = pattern.to_ascii_uppercase();
    let same = |window: &[u8]| pattern.bytes().zip(window).all(|(wanted, found)| wanted == b'?' || wanted == *found);
    pattern.is_empty() || name.as_bytes().windows(pattern.len()).any(same)
}

fn broken(error: &LookupError) -> Failure {
    Failure::new(Exit::Failed, error.to_string()).help("take another build of waxseal, and report this one")
}

fn unknown(pattern: &str, nearest: &[String]) -> Failure {
    let failure = Failure::new(Exit::Refused, format!("`{pattern}` is in no name of the device database"));
    failure
        .help(format!("nearest: {}", nearest.join(", ")))
        .help("`waxseal devices` lists all; an external memory that is not there can be described in the manifest")
}

/// `nDBANK = 0`; empty for a part with one mode.
pub fn selectors(mode: &Mode) -> String {
    let texts: Vec<String> = mode.selectors.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    texts.join(", ")
}

/// Bytes of flash in a mode, holes not counted.
fn size(mode: &Mode) -> u32 {
    mode.regions.iter().map(geometry::Region::size).sum()
}

/// A line for each, and how many there are.
fn list(parts: &[Part], memories: &[Memory]) -> Report {
    let mut text = String::new();
    for part in parts {
        let map = |mode: &Mode| match (mode.regions.is_empty(), selectors(mode)) {
            (true, _) => mode.title.clone(),
            (false, options) if options.is_empty() => mode.summary(),
            (false, options) => format!("{options}: {}", mode.summary()),
        };
        let maps: Vec<String> = part.modes.iter().map(map).collect();
        let flash = part.modes.first().map_or(0, size);
        let _ = writeln!(text, "{:<15}  {:>5}  {}", part.name, bytes(flash), maps.join("; "));
    }
    for memory in memories {
        let size = bytes(memory.region.size());
        let _ = writeln!(text, "{:<15}  {size:>5}  {}, {}", memory.name, memory.region.summary(), memory.interface);
    }
    let mut families: Vec<(&str, usize)> = Vec::new();
    for part in parts {
        match families.iter_mut().find(|(family, _)| *family == part.family) {
            Some((_, count)) => *count += 1,
            None => families.push((&part.family, 1)),
        }
    }
    sort_by(&mut families, Ord::cmp);
    let counts: Vec<String> = families.iter().map(|(family, count)| format!("{count} {family}")).collect();
    let families = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
    let _ = writeln!(text, "{} parts{families}, {} external memories", parts.len(), memories.len());
    Report { result: Some(list_to_json(parts, memories)), ..Report::done(text) }
}

fn list_to_json(parts: &[Part], memories: &[Memory]) -> Value {
    let mode = |mode: &Mode| json!({ "title": mode.title, "options": named(&mode.selectors), "size": size(mode), "map": mode.summary() });
    let part = |part: &Part| json!({ "part": part.name, "modes": part.modes.iter().map(mode).collect::<Vec<_>>() });
    let memory = |memory: &Memory| json!({ "memory": memory.name, "size": memory.region.size(), "map": memory.region.summary() });
    json!({
        "parts": parts.iter().map(part).collect::<Vec<_>>(),
        "memories": memories.iter().map(memory).collect::<Vec<_>>(),
    })
}

/// An object of values by name: of the option bytes that select a mode, of abbreviations.
fn named(values: &[(String, impl Json)]) -> Value {
    object(values.iter().map(|(name, value)| (name.as_str(), value.json())).collect())
}

/// `0x0804_0000 to 0x0807_FFFF`.
fn span(range: &std::ops::Range<u32>) -> String {
    format!("{} to {}", address(range.start), address(range.end.wrapping_sub(1)))
}
