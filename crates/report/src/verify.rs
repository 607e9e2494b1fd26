//! The boot decision, with the boot loader's own function and inputs. Each input is given, or waived by name.

mod authority;
pub mod factory;
mod layout;
mod otp;
mod reader;
mod release;
mod together;

use std::ops::Range;

use image_format::record::is_revision;
use image_format::{Check, Device, Digest, Kind, Revision};
use manifest::plan::{Date, Plan, RoleName};
use packer::Judge;
use packer::carried::{self, Carried, CarriedError};
use packer::firmware::Segment;

use self::authority::Signers;
pub use self::authority::{Authority, Stopped};
pub use self::reader::Reader;
pub use self::release::parse_date;
use crate::exit::{Exit, Failure};
use crate::findings::Report;
use crate::target;
use crate::text::hex;
use crate::verdict::{Basis, Verdict};

/// What a file is judged by, beside itself.
#[derive(Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub reader: Reader,
    /// What the file is called.
    pub name: String,
    /// Whose signatures count; a manifest says more than that.
    pub authority: Authority<'a>,
    /// The slot that the image is to run in; the one of its run address if there is none. Of a manifest only.
    pub slot: Option<String>,
    /// The file is what was read back of that slot, from its first byte on.
    pub dump: bool,
    /// The hardware revision of the board.
    pub revision: Option<Revision>,
    /// Names and bytes of the companions that the image pins. They are judged as it is.
    pub companions: Vec<(String, Vec<u8>)>,
    /// The day on which a release that expires is judged.
    pub date: Option<Date>,
    /// Inputs of the decision that are not to be judged.
    pub without: Vec<Input>,
}

/// An input of the boot decision that may be waived. The signatures may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The boot loader of a factory image, which nobody signs.
    BootLoader,
}

impl Input {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Device,
        Self::Revision,
        Self::Layout,
        Self::Counter,
        Self::Companions,
        Self::Expiry,
        Self::Beside,
        Self::BootLoader,
    ];
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
            Self::BootLoader => "boot-loader",
        }
    }

    /// What it is.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Device => "Vendor and class of the product",
            Self::Revision => "Hardware revision of the board",
            Self::Layout => "Layout fingerprint, run address, payload offset and room of the slot",
            Self::Counter => "The lowest security counter that the device accepts",
            Self::Companions => "The images that this one pins by their ids, if it pins any",
            Self::Expiry => "The day on which a release expires, if it does",
            Self::Beside => "What is beside the image in a file with addresses, or in the slot",
            Self::BootLoader => "The boot loader of a factory image, which nobody signs",
        }
    }
}

impl<'a> Question<'a> {
    /// Of a file by itself: nothing waived, and nothing given that its kind may need beside the authority.
    pub fn of(reader: Reader, name: String, authority: Authority<'a>) -> Self {
        Self {
            reader,
            name,
            authority,
            slot: None,
            dump: false,
            revision: None,
            companions: Vec::new(),
            date: None,
            without: Vec::new(),
        }
    }
}

impl Question<'_> {
    fn waives(&self, input: Input) -> bool {
        self.without.contains(&input)
    }

    /// Judges a file as what it says it is.
    /// The exit code is 0 only if it is accepted, and every input was given or waived.
    ///
    /// # Errors
    /// Inputs of the decision that are missing; a file with no image in it.
    pub fn judge(&self, file: Vec<u8>) -> Result<Report, Failure> {
        self.report_of(file).or_else(Stopped::into_result)
    }

    fn report_of(&self, file: Vec<u8>) -> Result<Report, Stopped> {
        if self.revision.is_some() && self.waives(Input::Revision) {
            return Err(Failure::usage("--revision gives what --without revision waives").into());
        }
        if !self.dump && file.starts_with(&Kind::Release.magic()) {
            return release::judge(self, &file);
        }
        if !self.dump && file.starts_with(&Kind::Layout.magic()) {
            return layout::judge(self, &file);
        }
        if !self.dump && file.starts_with(&Kind::OtpBlob.magic()) {
            return otp::judge(self, &file);
        }
        if self.slot.is_none()
            && let Some(opened) = self.authority.plan().and_then(|(_, plan)| packer::factory::open(plan, &file))
        {
            let opened = opened.map_err(|error| self.nothing(&error))?;
            self.require_waived(&[Input::BootLoader])?;
            return factory::judge(self, opened);
        }
        let present = self.companions()?;
        let (judge, mut basis, file) = self.image(file, self.slot.as_deref())?;
        basis.companions = (!self.waives(Input::Companions)).then_some(present);
        let verdict = Verdict::new(judge, basis, &file);
        if verdict.pins() && self.companions.is_empty() && !self.waives(Input::Companions) {
            self.require(&[Input::Companions])?;
        }
        Ok(verdict.report(&self.name))
    }

    /// Whose signatures count for a role.
    ///
    /// # Errors
    /// How the run ends where nothing says it.
    pub fn signers(&self, role: RoleName) -> Result<Signers, Stopped> {
        self.authority.signers(role, self.reader)
    }

    /// An input that is given, or waived.
    fn line(&self, name: &str, value: Option<String>) -> String {
        match value {
            Some(value) => format!("  given   {name:<10}  {value}\n"),
            None => format!("  waived  {name:<10}  {}\n", self.reader.waived()),
        }
    }

    /// `given signatures ...`
    fn given_signatures(&self, signers: &Signers) -> String {
        let keys: Vec<_> = signers.keys.iter().map(|(name, key)| format!("{name} {key}")).collect();
        let Signers { threshold, source, .. } = signers;
        self.line("signatures", Some(format!("{threshold} of {}, keys from {source}: {}", keys.len(), keys.join(", "))))
    }

    /// Ids of the companions that were given.
    ///
    /// # Errors
    /// The one that is refused.
    fn companions(&self) -> Result<Vec<Digest>, Stopped> {
        let mut present = Vec::new();
        for (name, bytes) in &self.companions {
            let (judge, basis, file) = self.image(bytes.clone(), None)?;
            let verdict = Verdict::new(judge, basis, &file);
            match verdict.id() {
                Some(id) if verdict.is_accepted() => present.push(id),
                _ => return Err(Stopped::refused(verdict.report(name))),
            }
        }
        Ok(present)
    }

    /// What an image is judged with, and its own bytes.
    fn image(&self, file: Vec<u8>, slot: Option<&str>) -> Result<(Judge, Basis, Vec<u8>), Stopped> {
        let signers = self.signers(RoleName::Image)?;
        let (judge, basis, file) = match self.authority.plan() {
            Some((manifest, plan)) => self.by_plan(manifest, plan, &signers, file, slot)?,
            None => self.by_signers(&signers, file)?,
        };
        Ok(self.without_waived(judge, basis, file))
    }

    fn by_plan(
        &self,
        manifest: &str,
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
            reader: self.reader,
        };
        Ok((judge, basis, file))
    }

    fn by_signers(&self, signers: &Signers, file: Vec<u8>) -> Result<(Judge, Basis, Vec<u8>), Failure> {
        self.require_of_manifest()?;
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
            reader: self.reader,
        };
        Ok((judge, basis, file))
    }

    /// The sealed image out of HEX, DfuSe or a dump, with the slot that it is in and what is beside it; any other file is
    /// taken for the image.
    fn take_out(&self, manifest: &str, plan: &Plan, file: Vec<u8>, slot: Option<&str>) -> Result<TakenOut, Failure> {
        let named = slot.map(str::to_owned);
        let segments = if self.dump && slot.is_some() {
            // Addresses of the slot's own memory: offsets, where it has no others.
            let (_, placement) = target::find(manifest, plan, slot, &file)?;
            let address = placement.store_address;
            vec![Segment { name: String::new(), address, bytes: file.as_slice().into() }]
        } else {
            let Some(segments) = carried::on_part(&plan.device.part, &file) else {
                return Ok(TakenOut { slot: named, file, beside: None });
            };
            segments.map_err(|error| self.nothing(&error))?
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
        Failure::new(Exit::Refused, format!("{}: {error}", self.name))
    }

    /// Refuses to go on unless everything is waived that a manifest says, but for a revision that was given.
    fn require_of_manifest(&self) -> Result<(), Failure> {
        let given = |input| input == Input::Revision && self.revision.is_some();
        let needed: Vec<_> = Input::ALWAYS.into_iter().filter(|input| !given(*input)).collect();
        self.require_waived(&needed)
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
        Err(self.reader.refuse(missing))
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

fn ids(plan: Option<(&str, &Plan)>, device: &Device) -> String {
    let product =
        plan.map_or(String::new(), |(_, plan)| format!("{} {} ", plan.product.vendor.value, plan.product.class.value));
    format!("{product}(vendor {}, class {})", hex(&device.vendor_id), hex(&device.class_id))
}

/// The words of those inputs that were waived.
fn waived(inputs: &[(Input, bool)]) -> Vec<&'static str> {
    inputs.iter().filter(|(_, waived)| *waived).map(|(input, _)| input.word()).collect()
}

/// `, but for device`: what nobody has judged.
pub(crate) fn but(not_judged: &[&str]) -> String {
    if not_judged.is_empty() { String::new() } else { format!(", but for {}", not_judged.join(", ")) }
}

/// The hardware revision of a board: `B`.
///
/// # Errors
/// What it has to be.
pub fn parse_revision(text: &str) -> Result<Revision, String> {
    let mut revision = Revision::default();
    let fits = text.len() <= revision.len();
    revision.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    if fits && is_revision(&revision) { Ok(revision) } else { Err("1 to 4 printable ASCII characters".to_owned()) }
}
