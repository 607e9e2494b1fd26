//! Whom a judgement is told: nobody is told of options that they cannot give.

use super::Input;
use crate::exit::Failure;

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Somebody at a command line.
    Command,
    /// Somebody who chose files in a page, or whose program handed them in.
    Page,
}

impl Reader {
    /// Why an input is not judged that nobody gave.
    pub fn waived(self) -> &'static str {
        match self {
            Self::Command => "by --without: not judged",
            Self::Page => "not judged: nothing to judge it by was given",
        }
    }

    /// Where keys come from that stand for themselves.
    pub(super) fn keys(self) -> &'static str {
        match self {
            Self::Command => "the command line",
            Self::Page => "the chosen files",
        }
    }

    /// Refuses to judge with less than the boot loader has, and says what would be enough.
    pub(super) fn refuse(self, missing: &[Input]) -> Failure {
        let words: Vec<_> = missing.iter().map(|input| input.word()).collect();
        let title = format!("the boot decision also depends on what is not given: {}", words.join(", "));
        let mut failure = Failure::usage(title);
        let is_missing = |input: Input| missing.contains(&input);
        let of_manifest = missing.iter().any(|input| Input::ALWAYS.contains(input) && *input != Input::Revision);
        for (applies, at_command, in_page) in [
            (
                is_missing(Input::Revision),
                "--revision REVISION says which board it is for",
                "say which revision the board has",
            ),
            (
                is_missing(Input::Companions),
                "--companion FILE, once for each image that it pins",
                "give the images that it pins too",
            ),
            (is_missing(Input::Expiry), "--date DAY says on which day it is judged", "say on which day it is judged"),
            (
                of_manifest,
                "--manifest MANIFEST gives what the boot loader has",
                "a manifest has what the boot loader has",
            ),
        ] {
            if applies {
                failure = failure.help(if self == Self::Command { at_command } else { in_page });
            }
        }
        match self {
            Self::Command => failure.help(format!("--without {} judges without, and says so", words.join(","))),
            Self::Page => failure,
        }
    }
}
