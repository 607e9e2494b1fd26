//! `waxseal explain`: what a diagnostic's code means.

use std::fmt::Write as _;

use ::report::explain::{to_json, unknown};
use clap::Args;
use manifest::codes::{self, Code, Example};
use manifest::hardware;
use manifest::source::Source;

use crate::exit::Failure;
use crate::report::{Format, Report};
use crate::text::wrap;
use crate::{output, render};

/// Columns of a text.
const WIDTH: usize = 100;

/// Explain a diagnostic: the rule, the reason for it, the fix, and an example.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal explain WX0115")]
pub struct Command {
    /// The code, `WX0102`; without one, all codes are listed.
    code: Option<String>,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Exit code 2 for a code that does not exist, with the nearest.
    pub fn run(&self) -> Result<Report, Failure> {
        let Some(id) = &self.code else {
            let text = codes::ALL.iter().map(|code| format!("{}  {}\n", code.id, code.title)).collect();
            let result = Some(to_json(codes::ALL));
            return Ok(Report { result, ..Report::done(text) });
        };
        let id = id.to_ascii_uppercase();
        let Some(code) = codes::find(&id) else { return Err(unknown(&id)) };
        let result = Some(to_json(&[code]));
        Ok(Report { result, ..Report::done(page(&code)) })
    }
}

fn page(code: &Code) -> String {
    let mut text = format!("{}: {}\n\n{}\nFix: {}", code.id, code.title, wrap(code.rule, WIDTH), wrap(code.fix, WIDTH));
    let rules = hardware::of(code).map(|rule| format!("\nHardware rule L{:02}: {}.\n", rule.number, rule.rule));
    text.extend(rules);
    if let Some(example) = code.example {
        let _ = write!(text, "\nFor example:\n\n{}", rendered(code, &example));
    }
    text
}

/// What the example is told about this code.
fn rendered(code: &Code, example: &Example) -> String {
    let source = Source { name: example.name.to_owned(), text: example.text.to_owned() };
    let mut found = manifest::check(&source).diagnostics;
    found.retain(|diagnostic| diagnostic.code == code.id);
    found.truncate(1);
    render::diagnostics(&[source], &found, output::colours_result())
}
