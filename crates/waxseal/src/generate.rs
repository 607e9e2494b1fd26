//! `waxseal gen`: files for the firmware's build and for the production line, out of the manifest.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Plan, RoleName};
use packer::linker::memory_x;
use packer::options;
use packer::source::{self, Language, Source};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs, refused};
use crate::otp::otp_of;
use crate::report::{Format, Report};

/// Generate files for the firmware's build and for production.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    waxseal gen linker r1b.toml --slot a -o memory.x    for cortex-m-rt, or `INCLUDE memory.x` in a script of GNU ld\n  \
    waxseal gen c-header r1b.toml -o layout.h\n  \
    waxseal gen trust r1b.toml --as rust -o src/trust.rs")]
pub struct Command {
    #[command(subcommand)]
    what: What,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
}

/// What every kind of file needs.
#[derive(Debug, Args)]
struct Common {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    /// The file to write; standard output if there is none.
    #[arg(short, long, value_name = "FILE", default_value = files::STANDARD)]
    out: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A linker script's MEMORY, as cortex-m-rt includes it and GNU ld reads it: where a program must lie to run from a slot.
    #[command(after_help = "Example:\n  waxseal gen linker r1b.toml --slot a -o memory.x")]
    Linker {
        #[command(flatten)]
        common: Common,
        /// The slot that the program is for; the boot loader's too.
        #[arg(long)]
        slot: String,
    },
    /// Addresses, sizes, fingerprints and option bytes as a header for C99 and C++17.
    #[command(after_help = "Example:\n  waxseal gen c-header r1b.toml -o layout.h")]
    CHeader {
        #[command(flatten)]
        common: Common,
    },
    /// Addresses, sizes, fingerprints and option bytes as constants for Rust.
    #[command(after_help = "Example:\n  waxseal gen rust r1b.toml -o src/layout.rs")]
    Rust {
        #[command(flatten)]
        common: Common,
    },
    /// Settings of the core's memory protection unit for external memories: while code runs from them, while they are written.
    #[command(after_help = "Example:\n  waxseal gen mpu panel.toml --as c -o mpu.h")]
    Mpu {
        #[command(flatten)]
        common: Common,
        /// The language.
        #[arg(long = "as", value_enum, value_name = "LANGUAGE")]
        language: Sources,
    },
    /// A header for C99 and C++17 that reads the board's one-time-programmable memory: a function for each field. It needs nothing else.
    #[command(after_help = "Example:\n  waxseal gen otp-c r3.toml -o otp.h")]
    OtpC {
        #[command(flatten)]
        common: Common,
    },
    /// A Rust module that reads the board's one-time-programmable memory: a function for each field, over the crate image-format.
    #[command(after_help = "Example:\n  waxseal gen otp-rust r3.toml -o src/otp.rs")]
    OtpRust {
        #[command(flatten)]
        common: Common,
    },
    /// A shell script that sets the option bytes with STM32_Programmer_CLI.
    #[command(after_help = "Example:\n  waxseal gen option-bytes r1b.toml -o options.sh")]
    OptionBytes {
        #[command(flatten)]
        common: Common,
    },
    /// Whose signatures a board takes: keys, roles and thresholds, for the boot loader and for `verify --trust`.
    #[command(
        after_help = "Example:\n  waxseal gen trust r1b.toml -o trust.bin\n  waxseal gen trust r1b.toml --as rust -o src/trust.rs"
    )]
    Trust {
        #[command(flatten)]
        common: Common,
        /// What to write: the bytes, or constants with the bytes.
        #[arg(long = "as", value_enum, value_name = "FORM", default_value_t)]
        form: Form,
    },
}

/// The language of constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sources {
    /// A header for C99 and C++17.
    C,
    /// Constants for Rust.
    Rust,
}

impl From<Sources> for Language {
    fn from(language: Sources) -> Self {
        match language {
            Sources::C => Self::C,
            Sources::Rust => Self::Rust,
        }
    }
}

/// The form of a trust set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The bytes that image-format describes.
    #[default]
    Bin,
    /// A header for C99 and C++17.
    C,
    /// Constants for Rust.
    Rust,
}

impl What {
    fn common(&self) -> &Common {
        match self {
            Self::Linker { common, .. }
            | Self::CHeader { common }
            | Self::Rust { common }
            | Self::Mpu { common, .. }
            | Self::OptionBytes { common }
            | Self::OtpC { common }
            | Self::OtpRust { common }
            | Self::Trust { common, .. } => common,
        }
    }

    /// What the file needs and the manifest leaves to a profile, if none is chosen: without it the file would be another one.
    fn open(&self, plan: &Plan) -> Option<Diagnostic> {
        match self {
            Self::Linker { .. } | Self::Mpu { .. } | Self::OtpC { .. } | Self::OtpRust { .. } => None,
            Self::CHeader { .. } | Self::Rust { .. } | Self::OptionBytes { .. } => plan.open_options(),
            Self::Trust { .. } => {
                let mut of_profile = RoleName::ALL.into_iter().filter(|role| plan.is_of_profile(*role));
                of_profile.find_map(|role| plan.required_role(role).err())
            }
        }
    }

    /// What was typed, without what depends on the machine.
    fn line(&self, manifest: &str) -> String {
        let (word, more) = match self {
            Self::Linker { slot, .. } => ("linker", format!(" --slot {slot}")),
            Self::CHeader { .. } => ("c-header", String::new()),
            Self::Rust { .. } => ("rust", String::new()),
            Self::Mpu { language: Sources::C, .. } => ("mpu", " --as c".to_owned()),
            Self::Mpu { language: Sources::Rust, .. } => ("mpu", " --as rust".to_owned()),
            Self::OptionBytes { .. } => ("option-bytes", String::new()),
            Self::OtpC { .. } => ("otp-c", String::new()),
            Self::OtpRust { .. } => ("otp-rust", String::new()),
            Self::Trust { form: Form::C, .. } => ("trust", " --as c".to_owned()),
            Self::Trust { form: Form::Rust, .. } => ("trust", " --as rust".to_owned()),
            Self::Trust { form: Form::Bin, .. } => ("trust", String::new()),
        };
        format!("waxseal gen {word} {manifest}{more}")
    }
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A manifest that cannot be read, a slot that does not exist, a file that cannot be written.
    pub fn run(&self) -> Result<Report, Failure> {
        let common = self.what.common();
        let manifest = Manifest::read_with(&common.manifest, &common.profile)?;
        manifest.with_plan(|plan| {
            if let Some(open) = self.what.open(plan) {
                return Ok(refused(vec![open]));
            }
            let (bytes, more) = self.generate(&manifest, plan)?;
            deliver(&common.out, &bytes, more)
        })
    }

    /// The file, and what else programs may want to know.
    fn generate(&self, manifest: &Manifest, plan: &Plan) -> Result<(Vec<u8>, Value), Failure> {
        let failed = |why: String| Failure::new(Exit::Refused, format!("{}: {why}", manifest.name));
        let command = self.what.line(manifest.file_name());
        let render = |source: Source, language| {
            source.render(language).map(String::into_bytes).map_err(|error| failed(error.to_string()))
        };
        let bytes = match &self.what {
            What::Linker { slot, .. } => {
                memory_x(plan, slot, manifest.file_name()).map_err(|error| failed(error.to_string()))?.into_bytes()
            }
            What::CHeader { .. } => render(source::layout(plan, &command), Language::C)?,
            What::Rust { .. } => render(source::layout(plan, &command), Language::Rust)?,
            What::Mpu { language, .. } => {
                render(source::mpu(plan, &command).map_err(|error| failed(error.to_string()))?, (*language).into())?
            }
            What::OtpC { .. } | What::OtpRust { .. } => {
                let language = if matches!(self.what, What::OtpC { .. }) { Language::C } else { Language::Rust };
                let source = source::otp(plan, otp_of(manifest, plan)?, &command, language);
                render(source.map_err(|error| failed(error.to_string()))?, language)?
            }
            What::OptionBytes { .. } => {
                let values = plan.option_bytes.iter().map(|option| (option.name.clone(), json!(option.value)));
                let found = options::settings(plan);
                let by_hand = found.by_hand.iter().map(|option| &option.name).collect::<Vec<_>>();
                let more = json!({
                    "option_bytes": values.collect::<serde_json::Map<_, _>>(),
                    "settings": found.settings, "protection": found.protection, "by_hand": by_hand,
                });
                return Ok((options::script(plan, &command).into_bytes(), more));
            }
            What::Trust { form, .. } => {
                let public = manifest.public_keys(plan)?;
                let unusable = |error: source::SourceError| failed(error.to_string());
                let source = || source::trust(plan, &public, &command).map_err(unusable);
                match form {
                    Form::Bin => source::trust_set(plan, &public).map_err(unusable)?,
                    Form::C => render(source()?, Language::C)?,
                    Form::Rust => render(source()?, Language::Rust)?,
                }
            }
        };
        Ok((bytes, json!({})))
    }
}

/// Writes the file, or hands its text to standard output.
fn deliver(out: &Path, bytes: &[u8], mut result: Value) -> Result<Report, Failure> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).map(str::to_owned);
    result["text"] = json!(text);
    if out.as_os_str() != files::STANDARD {
        files::write(out, bytes)?;
        result["file"] = json!(out.display().to_string());
        return Ok(Report { result: Some(result), ..Report::done(String::new()) });
    }
    match text {
        Some(text) => Ok(Report { result: Some(result), ..Report::done(text) }),
        None => Err(Failure::usage("these bytes are no text for a terminal").help("-o FILE says where to write them")),
    }
}
