//! `waxseal verify`: the boot decision, with the boot loader's own function and inputs.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use image_format::record::is_revision;
use image_format::{Check, Revision};
use manifest::plan::{Plan, RoleName};
use packer::{Judge, PublicKey};

use crate::exit::Failure;
use crate::key::read_public;
use crate::load::{Manifest, ProfileArgs, refused};
use crate::report::{Format, Report};
use crate::verdict::{Basis, Verdict};
use crate::{files, target};

/// Judge an image as the boot loader will.
///
/// The function is the boot loader's, and so are the inputs. Each input of the decision is given, or waived by name:
/// nothing is passed over in silence.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal verify out/app.a.bin --manifest r1b.toml --slot a --revision B\n  waxseal verify app.bin --key release.pub.pem --without device,revision,layout,counter"
)]
#[command(group(ArgGroup::new("trust").required(true).args(["manifest", "keys"])))]
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
    /// A public key, once for each, in place of a manifest.
    #[arg(long = "key", value_name = "PUB")]
    keys: Vec<PathBuf>,
    /// How many of the keys must have signed. One of one needs no number.
    #[arg(long, value_name = "N", requires = "keys", value_parser = clap::value_parser!(u8).range(1..))]
    threshold: Option<u8>,
    /// The hardware revision of the board.
    #[arg(long, value_name = "REVISION", value_parser = parse_revision)]
    revision: Option<Revision>,
    /// A companion's file, once for each that the image pins. It is judged as the image is.
    #[arg(long = "companion", value_name = "FILE")]
    companions: Vec<PathBuf>,
    /// Inputs of the decision that are not to be judged.
    #[arg(long, value_name = "INPUT", value_delimiter = ',')]
    without: Vec<Input>,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// An input of the boot decision that may be waived. The signatures may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Input {
    /// Vendor and class of the product.
    Device,
    /// Hardware revision of the board.
    Revision,
    /// Layout fingerprint, run address, payload offset and room of the slot.
    Layout,
    /// The lowest security counter that the device accepts.
    Counter,
    /// The images that this one pins by their ids, if it pins any.
    Companions,
}

impl Input {
    /// Those of every image, in the order of the judgement.
    pub const ALWAYS: [Self; 4] = [Self::Device, Self::Revision, Self::Layout, Self::Counter];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Revision => "revision",
            Self::Layout => "layout",
            Self::Counter => "counter",
            Self::Companions => "companions",
        }
    }
}

impl Command {
    /// Does it. Exit code 0 only if the image is accepted, and every input was given or waived.
    ///
    /// # Errors
    /// Inputs of the decision that are missing; files that cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        if self.revision.is_some() && self.waives(Input::Revision) {
            return Err(Failure::usage("--revision gives what --without revision waives"));
        }
        match &self.manifest {
            Some(path) => {
                let manifest = Manifest::read_with(path, &self.profile)?;
                manifest.with_plan(|plan| self.by_manifest(&manifest, plan))
            }
            None => self.profile.needs_manifest().and_then(|()| self.by_keys()),
        }
    }

    fn waives(&self, input: Input) -> bool {
        self.without.contains(&input)
    }

    fn by_manifest(&self, manifest: &Manifest, plan: &Plan) -> Result<Report, Failure> {
        let public = manifest.public_keys(plan)?;
        let named = plan.keys.iter().zip(public).map(|(key, public)| (key.name.value.clone(), public));
        let role = match plan.required_role(RoleName::Image) {
            Ok(role) => role,
            Err(open) => return Ok(refused(vec![*open])),
        };
        let keys: Vec<_> = named.filter(|(name, _)| role.keys.contains(name)).collect();
        let trusted: Vec<PublicKey> = keys.iter().map(|(_, key)| *key).collect();
        self.judge(|path, slot| {
            let file = files::read(path)?;
            let (image, placement) = target::find(manifest, plan, slot, &file)?;
            let mut judge = Judge::of(plan, image, placement, &trusted, role.threshold.value);
            let mut missing = Vec::new();
            match self.revision {
                Some(revision) => judge.revision = Check::Require(revision),
                // Without revisions the device's own manifest says that nobody compares them.
                None if image.revisions.is_empty() || self.waives(Input::Revision) => {}
                None => missing.push(Input::Revision),
            }
            self.require(&missing)?;
            let basis = Basis {
                source: manifest.name.clone(),
                product: Some(format!("{} {}", plan.product.vendor.value, plan.product.class.value)),
                target: Some((image.name.value.clone(), placement.slot.value.clone())),
                keys: keys.clone(),
                room: Some(placement.room()),
                compares_revisions: !image.revisions.is_empty(),
                companions: None,
            };
            Ok((judge, basis, file))
        })
    }

    fn by_keys(&self) -> Result<Report, Failure> {
        let read = |path: &PathBuf| read_public(path).map(|key| (path.display().to_string(), key));
        let keys = self.keys.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let threshold = match (self.threshold, &keys[..]) {
            (Some(threshold), _) => threshold,
            (None, [_]) => 1,
            (None, _) => {
                return Err(
                    Failure::usage("several keys, and nothing says how many must have signed").help("--threshold N")
                );
            }
        };
        let given = |input| input == Input::Revision && self.revision.is_some();
        let missing = Input::ALWAYS.into_iter().filter(|input| !given(*input) && !self.waives(*input));
        self.require(&missing.collect::<Vec<_>>())?;
        let judge = Judge {
            keys: keys.iter().map(|(_, key)| *key.bytes()).collect(),
            threshold,
            device: Check::Waived,
            revision: self.revision.map_or(Check::Waived, Check::Require),
            place: Check::Waived,
            counter: Check::Waived,
        };
        let source = "the command line".to_owned();
        let basis =
            Basis { source, product: None, target: None, keys, room: None, compares_revisions: true, companions: None };
        self.judge(|path, _| Ok((judge.clone(), basis.clone(), files::read(path)?)))
    }

    /// Refuses to judge with less than the boot loader has, unless that is said.
    fn require(&self, missing: &[Input]) -> Result<(), Failure> {
        if missing.is_empty() {
            return Ok(());
        }
        let words: Vec<_> = missing.iter().map(|input| input.word()).collect();
        let mut failure =
            Failure::usage(format!("the boot decision also depends on what is not given: {}", words.join(", ")));
        if missing.contains(&Input::Revision) {
            failure = failure.help("--revision REVISION says which board it is for");
        }
        if missing.contains(&Input::Companions) {
            failure = failure.help("--companion FILE, once for each image that it pins");
        }
        if missing.iter().any(|input| !matches!(input, Input::Revision | Input::Companions)) {
            failure = failure.help("--manifest MANIFEST gives what the boot loader has");
        }
        Err(failure.help(format!("--without {} judges without, and says so", words.join(","))))
    }

    /// Judges the companions, then the image. `inputs` gives what a file is judged with, and its content.
    fn judge(
        &self,
        inputs: impl Fn(&Path, Option<&str>) -> Result<(Judge, Basis, Vec<u8>), Failure>,
    ) -> Result<Report, Failure> {
        let mut present = Vec::new();
        for path in &self.companions {
            let (judge, basis, file) = inputs(path, None)?;
            let verdict = self.verdict(judge, basis, &file);
            match verdict.id() {
                Some(id) => present.push(id),
                None => return Ok(verdict.report(&path.display().to_string())),
            }
        }
        let (judge, mut basis, file) = inputs(&self.file, self.slot.as_deref())?;
        basis.companions = (!self.waives(Input::Companions)).then_some(present);
        let verdict = self.verdict(judge, basis, &file);
        if verdict.pins() && self.companions.is_empty() && !self.waives(Input::Companions) {
            self.require(&[Input::Companions])?;
        }
        Ok(verdict.report(&self.file.display().to_string()))
    }

    fn verdict<'a>(&self, mut judge: Judge, mut basis: Basis, file: &'a [u8]) -> Verdict<'a> {
        if self.waives(Input::Device) {
            judge.device = Check::Waived;
        }
        if self.waives(Input::Layout) {
            judge.place = Check::Waived;
            basis.room = None;
        }
        if self.waives(Input::Counter) {
            judge.counter = Check::Waived;
        }
        Verdict::new(judge, basis, file)
    }
}

fn parse_revision(text: &str) -> Result<Revision, String> {
    let mut revision = Revision::default();
    let fits = text.len() <= revision.len();
    revision.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    if fits && is_revision(&revision) { Ok(revision) } else { Err("1 to 4 printable ASCII characters".to_owned()) }
}
