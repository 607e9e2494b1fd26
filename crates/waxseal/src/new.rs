//! `waxseal new`: a manifest to start from.

use std::path::{Path, PathBuf};

use ::report::devices::{selectors, setting};
use clap::Args;
use geometry::{Mode, Part};
use manifest::{Source, start};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::files::{self, Access};
use crate::report::{Format, Report};
use crate::text::word;

/// Write a manifest to start from: a boot loader and two slots.
///
/// It checks clean but for what only you can decide, and says what that is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal new --part STM32F767ZI --mode nDBANK=0 -o gateway.toml")]
pub struct Command {
    /// Order code, with or without package suffix.
    #[arg(long)]
    part: String,
    /// The option bytes that select the sector map, of a part with several: nDBANK=0. Of a part with a radio also where its flash begins:
    /// SFSA=203.
    #[arg(long, value_name = "NAME=V", value_delimiter = ',', value_parser = setting)]
    mode: Vec<(String, u32)>,
    /// The file to write, which must not exist; standard output if there is none.
    #[arg(short, long, value_name = "FILE", default_value = files::STANDARD)]
    out: PathBuf,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A part that does not exist or cannot be used yet, a mode that is missing or does not exist, a file that exists.
    pub fn run(&self) -> Result<Report, Failure> {
        let part = geometry::part(&self.part).map_err(|error| {
            Failure::usage(format!("{}: {error}", self.part)).help("`waxseal devices` lists all parts")
        })?;
        let mode = self.mode(&part)?;
        let secure = self.secure_start(&part, mode)?;
        let room = || {
            Failure::new(Exit::Refused, format!("{}: no room for a boot loader and two equal slots", part.name))
                .help(format!("its sectors: {}", mode.summary()))
                .help("a manifest of your own needs less: `strategy = \"fixed\"` with one slot, or slots in an external memory, as examples/r2 has")
        };
        // What is empty is for the user to fill in; all else must be right, or it is no start.
        judge(&part, &start::manifest(&part, mode, secure, "example.com", "device").ok_or_else(room)?)?;
        let text = start::manifest(&part, mode, secure, "", "").ok_or_else(room)?;
        let is_text = self.out.as_os_str() == files::STANDARD;
        let file = (!is_text).then(|| self.out.display().to_string());
        // Paths of a manifest start from its folder.
        let keys = self.out.parent().unwrap_or(Path::new("")).join("keys/release").display().to_string();
        let named = file.as_deref().map_or("MANIFEST".into(), word);
        let remarks = format!(
            "{}: fill in `vendor` and `class` of [product], and look at sectors, versions and file names\n\
             then: waxseal key new {}\n\
             then: waxseal check {named}\n",
            file.as_deref().unwrap_or("the manifest"),
            word(&keys),
        );
        let result = Some(json!({ "part": part.name, "file": file, "text": text }));
        if !is_text {
            files::write_new(&self.out, text.as_bytes(), Access::Usual)?;
        }
        Ok(Report { remarks, result, ..Report::done(if is_text { text } else { String::new() }) })
    }

    /// The mode that is asked for, or the only one.
    fn mode<'a>(&self, part: &'a Part) -> Result<&'a Mode, Failure> {
        let known = part.mode_options();
        let given = |name: &str| self.mode.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let secure = part.secure_start().map(|option| option.name.as_str());
        let is_known = |name: &str| known.contains(&name) || secure == Some(name);
        let foreign = self.mode.iter().find(|(name, _)| !is_known(name));
        let title = match (foreign, part.mode(given)) {
            (None, Some(mode)) => return Ok(mode),
            (Some((name, _)), _) => format!("`{name}` selects no mode of {}", part.name),
            (None, None) if self.mode.is_empty() => {
                format!("{} has {} sector maps, and nothing says which", part.name, part.modes.len())
            }
            (None, None) => format!("{} has no such mode", part.name),
        };
        let failure = Failure::usage(title);
        if known.is_empty() {
            return Err(failure.help("it has one sector map, whatever its option bytes say: leave --mode out"));
        }
        let help = |mode: &Mode| {
            format!("--mode {}: {}", selectors(mode).replace(" = ", "=").replace(", ", ","), mode.summary())
        };
        let failure = part.modes.iter().fold(failure, |failure, mode| failure.help(help(mode)));
        Err(failure.help(READ_IT))
    }

    /// Where a second core's flash begins, of a part that has one.
    fn secure_start(&self, part: &Part, mode: &Mode) -> Result<Option<u32>, Failure> {
        let Some(option) = part.secure_start() else { return Ok(None) };
        if let Some((_, value)) = self.mode.iter().find(|(name, _)| *name == option.name) {
            return Ok(Some(*value));
        }
        let title = format!("{}: nothing says where the flash of its second core, the radio's, begins", part.name);
        let last = mode.regions.last().map_or(0, |region| *region.numbers().end());
        let help = format!("--mode {}=N: the first of sectors 0 to {last} that is the radio's", option.name);
        Err(Failure::usage(title).help(help).help(READ_IT))
    }
}

const READ_IT: &str = "read it from a board: STM32_Programmer_CLI -c port=swd -ob displ";

/// Refuses a part for which no manifest can be right yet, with the rules' own words.
fn judge(part: &Part, text: &str) -> Result<(), Failure> {
    let source = Source { name: part.name.clone(), text: text.to_owned() };
    let found = manifest::check(&source).diagnostics;
    let Some(first) = found.first() else { return Ok(()) };
    let failure = Failure::new(Exit::Refused, format!("{}: {}", part.name, first.title));
    let failure = first.help.iter().fold(failure, |failure, help| failure.help(help.text.as_str()));
    Err(failure.help(format!("`waxseal explain {}`; `waxseal devices {}` shows what is known", first.code, part.name)))
}
