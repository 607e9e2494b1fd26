//! `waxseal verify`: the boot decision, with the boot loader's own function and inputs.

mod authority;
mod layout;
mod release;

use std::ops::Range;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use image_format::record::is_revision;
use image_format::{Check, Device, Kind, Revision};
use manifest::plan::{Date, Plan, RoleName};
use packer::Judge;
use packer::carried::{self, Carried, CarriedError};
use packer::firmware::Segment;

use self::authority::{Authority, Signers};
use crate::exit::{Exit, Failure};
use crate::load::{Manifest, ProfileArgs};
use crate::progress::Progress;
use crate::report::{Format, Report};
use crate::text::hex;
use crate::verdict::{Basis, Verdict};
use crate::{files, target};

/// Judge an image as the boot loader will; or a release, or a layout.
///
/// The function is the boot loader's, and so are the inputs. Each input of the decision is given, or waived by name:
/// nothing is passed over in silence. A sealed image may come as Intel HEX or DfuSe, and with --dump as the content of its slot.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal verify out/app.a.bin --manifest r1b.toml --slot a --revision B\n  waxseal verify app.bin --key release.pub.pem --without device,revision,layout,counter"
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
    /// A trust set as `waxseal gen trust` writes it, in place of a manifest.
    #[arg(long = "trust", value_name = "SET")]
    trust_set: Option<PathBuf>,
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
    /// The day on which a release that expires is judged: 2027-06-30.
    #[arg(long, value_name = "DAY", value_parser = release::parse_date)]
    date: Option<Date>,
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
    /// The day on which a release expires, if it does.
    Expiry,
    /// What is beside the image in a file with addresses, or in the slot.
    Beside,
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
            Self::Expiry => "expiry",
            Self::Beside => "beside",
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
        if let Some(path) = &self.manifest {
            let manifest = Manifest::read_with(path, &self.profile)?;
            return manifest.with_plan(|plan| self.by(&Authority::of_manifest(&manifest, plan)?));
        }
        self.profile.needs_manifest()?;
        match &self.trust_set {
            Some(path) => self.by(&Authority::of_set(path)?),
            None => self.by(&Authority::of_keys(&self.keys, self.threshold)?),
        }
    }

    fn waives(&self, input: Input) -> bool {
        self.without.contains(&input)
    }

    /// What the file is called.
    fn name(&self) -> String {
        self.file.display().to_string()
    }

    /// Judges the file as what it says it is.
    fn by(&self, authority: &Authority<'_>) -> Result<Report, Failure> {
        let file = files::read(&self.file)?;
        let progress = Progress::new(1);
        progress.step("judging");
        if !self.dump && file.starts_with(&Kind::Release.magic()) {
            return release::judge(self, authority, &file);
        }
        if !self.dump && file.starts_with(&Kind::Layout.magic()) {
            return layout::judge(self, authority, &file);
        }
        let mut present = Vec::new();
        for path in &self.companions {
            let (judge, basis, file) = match self.image(authority, files::read(path)?, None)? {
                Ok(inputs) => inputs,
                Err(report) => return Ok(*report),
            };
            let verdict = Verdict::new(judge, basis, &file);
            match verdict.id() {
                Some(id) if verdict.is_accepted() => present.push(id),
                _ => return Ok(verdict.report(&path.display().to_string())),
            }
        }
        let (judge, mut basis, file) = match self.image(authority, file, self.slot.as_deref())? {
            Ok(inputs) => inputs,
            Err(report) => return Ok(*report),
        };
        basis.companions = (!self.waives(Input::Companions)).then_some(present);
        let verdict = Verdict::new(judge, basis, &file);
        if verdict.pins() && self.companions.is_empty() && !self.waives(Input::Companions) {
            self.require(&[Input::Companions])?;
        }
        Ok(verdict.report(&self.name()))
    }

    /// What an image is judged with, and its own bytes.
    fn image(&self, authority: &Authority<'_>, file: Vec<u8>, slot: Option<&str>) -> Result<Inputs, Failure> {
        let signers = match authority.signers(RoleName::Image) {
            Ok(signers) => signers,
            Err(stopped) => return (*stopped).map(|report| Err(Box::new(report))),
        };
        let (judge, basis, file) = match authority.plan() {
            Some((manifest, plan)) => self.by_plan(manifest, plan, &signers, file, slot)?,
            None => self.by_signers(&signers, file)?,
        };
        Ok(Ok(self.without_waived(judge, basis, file)))
    }

    fn by_plan(
        &self,
        manifest: &Manifest,
        plan: &Plan,
        signers: &Signers,
        file: Vec<u8>,
        slot: Option<&str>,
    ) -> Result<(Judge, Basis, Vec<u8>), Failure> {
        let TakenOut { slot, file, beside } = self.take_out(manifest, plan, file, slot)?;
        let (image, placement) = target::find(manifest, plan, slot.as_deref(), &file)?;
        let mut judge = Judge::of(plan, image, placement, &signers.public(), signers.threshold);
        let mut missing = Vec::new();
        match self.revision {
            Some(revision) => judge.revision = Check::Require(revision),
            // Without revisions the device's own manifest says that nobody compares them.
            None if image.revisions.is_empty() || self.waives(Input::Revision) => {}
            None => missing.push(Input::Revision),
        }
        self.require(&missing)?;
        let basis = Basis {
            source: signers.source.clone(),
            product: Some(format!("{} {}", plan.product.vendor.value, plan.product.class.value)),
            target: Some((image.name.value.clone(), placement.slot.value.clone())),
            keys: signers.keys.clone(),
            room: Some(placement.room()),
            compares_revisions: !image.revisions.is_empty(),
            companions: None,
            beside,
            judges_beside: true,
        };
        Ok((judge, basis, file))
    }

    fn by_signers(&self, signers: &Signers, file: Vec<u8>) -> Result<(Judge, Basis, Vec<u8>), Failure> {
        let given = |input| input == Input::Revision && self.revision.is_some();
        let needed: Vec<_> = Input::ALWAYS.into_iter().filter(|input| !given(*input)).collect();
        self.require_waived(&needed)?;
        let (file, beside) = match carried::segments(&file) {
            Some(segments) => {
                let Carried { file, rest } =
                    segments.and_then(|segments| carried::anywhere(&segments)).map_err(|error| self.nothing(&error))?;
                (file, Some(rest))
            }
            None => (file, None),
        };
        let judge = Judge {
            keys: signers.public().iter().map(|key| *key.bytes()).collect(),
            threshold: signers.threshold,
            device: Check::Waived,
            revision: self.revision.map_or(Check::Waived, Check::Require),
            place: Check::Waived,
            counter: Check::Waived,
        };
        let basis = Basis {
            source: signers.source.clone(),
            product: None,
            target: None,
            keys: signers.keys.clone(),
            room: None,
            compares_revisions: true,
            companions: None,
            beside,
            judges_beside: true,
        };
        Ok((judge, basis, file))
    }

    /// The sealed image out of HEX, DfuSe or a dump, with the slot that it is in and what is beside it; any other file is
    /// taken for the image.
    fn take_out(
        &self,
        manifest: &Manifest,
        plan: &Plan,
        file: Vec<u8>,
        slot: Option<&str>,
    ) -> Result<TakenOut, Failure> {
        let named = slot.map(str::to_owned);
        let segments = if self.dump && slot.is_some() {
            // Addresses of the slot's own memory: offsets, where it has no others.
            let (_, placement) = target::find(manifest, plan, slot, &file)?;
            let address = placement.store_address;
            vec![Segment { name: String::new(), address, bytes: file.as_slice().into() }]
        } else {
            let Some(segments) = carried::segments(&file) else {
                return Ok(TakenOut { slot: named, file, beside: None });
            };
            let mut segments = segments.map_err(|error| self.nothing(&error))?;
            for segment in &mut segments {
                segment.address = plan.device.part.canonical(segment.address);
            }
            segments
        };
        let (_, placement) = match (slot, &carried::places(plan, &segments)[..]) {
            (Some(_), _) => target::find(manifest, plan, slot, &[])?,
            (None, [place]) => *place,
            (None, []) => return Err(self.nothing(&CarriedError::None)),
            (None, several) => {
                let slots: Vec<_> = several.iter().map(|(_, placement)| placement.slot.value.as_str()).collect();
                return Err(self
                    .nothing(&CarriedError::Several(several.len()))
                    .help(format!("--slot names the one to judge: {}", slots.join(", "))));
            }
        };
        let Carried { file, rest } =
            carried::in_slot(plan, placement, &segments).map_err(|error| self.nothing(&error))?;
        Ok(TakenOut { slot: Some(placement.slot.value.clone()), file, beside: Some(rest) })
    }

    fn nothing(&self, error: &CarriedError) -> Failure {
        Failure::new(Exit::Refused, format!("{}: {error}", self.name()))
    }

    /// Refuses to go on unless all of these are waived: nobody gives them.
    fn require_waived(&self, inputs: &[Input]) -> Result<(), Failure> {
        self.require(&inputs.iter().copied().filter(|input| !self.waives(*input)).collect::<Vec<_>>())
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
        if missing.contains(&Input::Expiry) {
            failure = failure.help("--date DAY says on which day it is judged");
        }
        if missing.iter().any(|input| Input::ALWAYS.contains(input) && *input != Input::Revision) {
            failure = failure.help("--manifest MANIFEST gives what the boot loader has");
        }
        Err(failure.help(format!("--without {} judges without, and says so", words.join(","))))
    }

    fn without_waived(&self, mut judge: Judge, mut basis: Basis, file: Vec<u8>) -> (Judge, Basis, Vec<u8>) {
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
        basis.judges_beside = !self.waives(Input::Beside);
        (judge, basis, file)
    }
}

/// A sealed image out of whatever it came in.
struct TakenOut {
    /// The slot that it is in, or is to be judged for.
    slot: Option<String>,
    /// The image.
    file: Vec<u8>,
    /// Addresses of what is beside it; `None` if it came alone.
    beside: Option<Vec<Range<u32>>>,
}

/// What an image is judged with and its bytes, or the report of what keeps it from being judged.
type Inputs = Result<(Judge, Basis, Vec<u8>), Box<Report>>;

/// `given signatures ...`
fn signatures(signers: &Signers) -> String {
    let keys: Vec<_> = signers.keys.iter().map(|(name, key)| format!("{name} {key}")).collect();
    let Signers { threshold, source, .. } = signers;
    line("signatures", Some(format!("{threshold} of {}, keys from {source}: {}", keys.len(), keys.join(", "))))
}

/// An input that is given, or waived.
fn line(name: &str, value: Option<String>) -> String {
    match value {
        Some(value) => format!("  given   {name:<10}  {value}\n"),
        None => format!("  waived  {name:<10}  by --without: not judged\n"),
    }
}

fn ids(plan: Option<(&Manifest, &Plan)>, device: &Device) -> String {
    let product =
        plan.map_or(String::new(), |(_, plan)| format!("{} {} ", plan.product.vendor.value, plan.product.class.value));
    format!("{product}(vendor {}, class {})", hex(&device.vendor_id), hex(&device.class_id))
}

/// `, but for device`: what was waived.
fn but(waived: &[(Input, bool)]) -> String {
    let words: Vec<_> = waived.iter().filter(|(_, waived)| *waived).map(|(input, _)| input.word()).collect();
    if words.is_empty() { String::new() } else { format!(", but for {}", words.join(", ")) }
}

fn parse_revision(text: &str) -> Result<Revision, String> {
    let mut revision = Revision::default();
    let fits = text.len() <= revision.len();
    revision.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    if fits && is_revision(&revision) { Ok(revision) } else { Err("1 to 4 printable ASCII characters".to_owned()) }
}
