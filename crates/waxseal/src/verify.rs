//! `waxseal verify`: the boot decision, with the boot loader's own function and inputs.

use std::path::PathBuf;

use ::report::verify::{Authority, Input, Question, Reader, parse_date, parse_revision};
use clap::builder::PossibleValue;
use clap::{ArgGroup, Args, ValueEnum};
use image_format::Revision;
use manifest::plan::Date;

use crate::exit::Failure;
use crate::files;
use crate::load::{Manifest, ProfileArgs};
use crate::progress::Progress;
use crate::report::{Format, Report};
use crate::signers::SignerArgs;

/// Judge an image as the boot loader will; or a release, a layout, a factory image, or a board's OTP blob.
///
/// The function is the boot loader's, and so are the inputs. Each input of the decision is given, or waived by name:
/// nothing is passed over in silence. A sealed image may come as Intel HEX or DfuSe, and with --dump as the content of its slot.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal verify out/app.a.bin --manifest r1b.toml --slot a --revision B\n  waxseal verify app.bin --key release.pub.pem --without device,revision,layout,counter\n  waxseal verify out/identity/WX2511000101/board.otp --manifest r3.toml"
)]
#[command(group(ArgGroup::new("trust").required(true).args(["manifest", "trust_set", "keys"])))]
pub struct Command {
    /// The file; `-` is standard input.
    file: PathBuf,
    /// The manifest of the device: keys, product, layout and counter come from it.
    #[arg(long)]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    profile: ProfileArgs,
    /// The slot that the image is to run in; the one of its run address if there is none.
    #[arg(long, requires = "manifest")]
    slot: Option<String>,
    /// The file is what was read back of that slot, from its first byte on.
    #[arg(long, requires = "slot")]
    dump: bool,
    #[command(flatten)]
    signers: SignerArgs,
    /// The hardware revision of the board.
    #[arg(long, value_name = "REVISION", value_parser = parse_revision)]
    revision: Option<Revision>,
    /// A companion's file, once for each that the image pins. It is judged as the image is.
    #[arg(long = "companion", value_name = "FILE")]
    companions: Vec<PathBuf>,
    /// The day on which a release that expires is judged: 2027-06-30.
    #[arg(long, value_name = "DAY", value_parser = parse_date)]
    date: Option<Date>,
    /// Inputs of the decision that are not to be judged.
    #[arg(long, value_name = "INPUT", value_delimiter = ',')]
    without: Vec<Waived>,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// An input of the boot decision that is waived.
#[derive(Clone, Copy, Debug)]
struct Waived(Input);

impl ValueEnum for Waived {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self(Input::Device),
            Self(Input::Revision),
            Self(Input::Layout),
            Self(Input::Counter),
            Self(Input::Companions),
            Self(Input::Expiry),
            Self(Input::Beside),
            Self(Input::BootLoader),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.word()).help(self.0.doc()))
    }
}

impl Command {
    /// Does it. Exit code 0 only if the image is accepted, and every input was given or waived.
    ///
    /// # Errors
    /// Inputs of the decision that are missing; files that cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        if let Some(path) = &self.manifest {
            let manifest = Manifest::read_with(path, &self.profile)?;
            return manifest.with_plan(|plan| {
                let public = manifest.public_keys(plan)?;
                self.by(Authority::Manifest { name: &manifest.name, plan, public })
            });
        }
        self.profile.needs_manifest()?;
        let nothing = || Failure::usage("nothing says whose signatures count").help("--manifest, --trust or --key");
        self.by(self.signers.authority()?.ok_or_else(nothing)?)
    }

    fn by(&self, authority: Authority<'_>) -> Result<Report, Failure> {
        let file = files::read(&self.file)?;
        let companion = |path: &PathBuf| Ok((path.display().to_string(), files::read(path)?));
        let question = Question {
            reader: Reader::Command,
            name: files::shown(&self.file),
            authority,
            slot: self.slot.clone(),
            dump: self.dump,
            revision: self.revision,
            companions: self.companions.iter().map(companion).collect::<Result<_, Failure>>()?,
            date: self.date,
            without: self.without.iter().map(|waived| waived.0).collect(),
        };
        let progress = Progress::new(1);
        progress.step("judging");
        question.judge(file)
    }
}
