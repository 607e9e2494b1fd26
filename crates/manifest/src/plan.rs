//! The checked plan: what a manifest means, once nothing is wrong with it.
//!
//! Addresses, sizes and option values here are computed from the device's geometry; none was typed. Names keep their
//! place in the file, so that whoever finds something wrong later can still point at it.

pub mod otp;
mod place;
mod release;
mod trust;

use std::fmt;
use std::str::FromStr;

use geometry::sort::sort_by_key;
use geometry::{EraseSelector, Mode, Part, Region};

pub use self::place::{Area, AreaLog, Copies, Extent, Placement, RunAlias, Slot, Use};
pub use self::trust::{Key, Profile, Role, RoleName, Signer};
use crate::memory::{Access, Memory};
use crate::source::{Resolved, Span, Spanned};

pub use release::{Commit, Date, NoRange, Release, Requirement, VersionRange};

/// A device, its layout, what goes into it and who may sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The manifest's own name, as the caller gave it.
    pub manifest: String,
    /// Who makes the device, and what it is.
    pub product: Product,
    /// Part, mode and option bytes.
    pub device: Device,
    /// The boot loader. A manifest that describes one-time-programmable memory alone has none.
    pub boot: Boot,
    /// Ranges that hold an image or the boot loader: internal flash, then external memories, each by ascending address.
    pub slots: Vec<Slot>,
    /// Ranges that hold anything else, in the same order.
    pub areas: Vec<Area>,
    /// What is sealed, in the file's order.
    pub images: Vec<Image>,
    /// How an update is tried, confirmed and reverted.
    pub update: Update,
    /// The signed set of all images.
    pub release: Release,
    /// Public keys, in the file's order.
    pub keys: Vec<Key>,
    /// Whose signatures what needs, by ascending number of the role. What is left to profiles is there once one is chosen.
    pub roles: Vec<Role>,
    /// What may be chosen with `--profile`, in the file's order.
    pub profiles: Vec<Profile>,
    /// The profile that was chosen.
    pub profile: Option<String>,
    /// One-time-programmable memory.
    pub otp: Option<otp::Otp>,
    /// What a board's option bytes should be when it is shipped: those that the file names in its order, then write
    /// protection.
    pub option_bytes: Vec<OptionValue>,
}

/// Who makes the device, and what it is: what keeps an image off other hardware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Domain name of the vendor.
    pub vendor: Spanned<String>,
    /// Name of the product class, of the vendor's choice.
    pub class: Spanned<String>,
    /// UUID version 5 of the vendor's name in the DNS name space (RFC 9124 section 3.4).
    pub vendor_id: [u8; 16],
    /// UUID version 5 of the class in the name space of the vendor id (RFC 9124 section 3.8).
    pub class_id: [u8; 16],
    /// Hardware revisions that there are: ASCII, padded with zeros. Empty: not compared.
    pub revisions: Vec<[u8; 4]>,
}

/// Part, mode and option bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// From the device database.
    pub part: Part,
    /// Where the part is named.
    pub part_span: Span,
    /// The mode that the option bytes select.
    pub mode: Mode,
    /// The option values that the file names, in its order.
    pub options: Vec<OptionValue>,
    /// What the file says of the device because the database cannot.
    pub facts: Facts,
    /// External memories, in the file's order.
    pub memories: Vec<Memory>,
}

/// What the device database has no evidence for, as the manifest's author measured it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Which bank an erase by number means while the banks are exchanged.
    pub erase_after_swap: Option<Measured<EraseSelector>>,
}

/// A fact that somebody measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured<T> {
    /// The fact.
    pub value: Spanned<T>,
    /// Their evidence.
    pub source: String,
}

/// The value of an option byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionValue {
    /// The reference manual's name.
    pub name: String,
    /// What the option byte holds; of RDP the level.
    pub value: u32,
    /// How people write it: `0x2000`, `level 1`.
    pub text: String,
    /// Where the file says it. `None`: it follows from the layout.
    pub span: Option<Span>,
}

/// The boot loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Which one.
    pub loader: Spanned<Loader>,
    /// Its slot, by name. `None`: there is no boot loader.
    pub slot: Option<Spanned<String>>,
    /// The file to put into the factory image; relative to the manifest.
    pub input: Option<Spanned<String>>,
}

/// Who judges images before they start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loader {
    /// Nobody: reset starts the image, whose vector table comes first and whose header is at the slot's end.
    None,
    /// waxseal's own.
    Waxseal,
}

/// Firmware that is sealed, once for each of its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its name; the entry is its table's header.
    pub name: Spanned<String>,
    /// What it holds.
    pub kind: Resolved<ImageKind>,
    /// How an update reaches the device.
    pub strategy: Resolved<Strategy>,
    /// Its places, in the order of `slots`.
    pub placements: Vec<Placement>,
    /// Its other slots.
    pub copies: Copies,
    /// Its version, or where the file leaves it open. `None`: the command line says it.
    pub version: Spanned<Option<Version>>,
    /// The anti-rollback number, apart from the version.
    pub security_counter: Resolved<u32>,
    /// What keeps the counter. `None`: the image has no counter.
    pub counter_store: Option<Spanned<CounterStore>>,
    /// Hardware revisions that it runs on: ASCII, padded with zeros; its own, or else the product's. Empty: not compared.
    pub revisions: Vec<[u8; 4]>,
    /// What it asks of other images of the release, in the file's order.
    pub requires: Vec<Requirement>,
    /// The images that must be on the device with it, by name: it pins them by image id.
    pub companions: Vec<Spanned<String>>,
    /// Its slot group's canonical bytes: what packer and boot loader must agree on. The sealed layout is made of these.
    pub group: Vec<u8>,
    /// Their digest, which the image carries.
    pub fingerprint: [u8; 32],
}

/// What keeps a security counter on the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CounterStore {
    /// The area of this name.
    Area(String),
    /// This field of the one-time-programmable memory.
    Otp(String),
}

/// What an image holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// Code with a vector table.
    Firmware,
    /// Bytes that the core does not start: they are sealed as they are.
    Data,
}

/// How an update reaches the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Not at all: one slot, replaced with a programming tool.
    Fixed,
    /// Two slots, each of which runs where it is stored: one build for each.
    DirectXip,
    /// Two banks, which the hardware exchanges: one build runs from either.
    BankSwap,
    /// Staged in another slot, and copied over the running image by the boot loader.
    Overwrite,
}

/// How a log writes a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In a program unit of its own.
    UnitPerState,
    /// Over the state before it, which only memory without ECC bears.
    InPlace,
}

impl Strategy {
    /// The strategy as the format numbers it and as state logs are measured.
    pub fn of_format(self, has_backup: bool) -> image_format::log::Strategy {
        match self {
            Self::Fixed => image_format::log::Strategy::Fixed,
            Self::DirectXip => image_format::log::Strategy::DirectXip,
            Self::BankSwap => image_format::log::Strategy::BankSwap,
            Self::Overwrite if has_backup => image_format::log::Strategy::OverwriteWithBackup,
            Self::Overwrite => image_format::log::Strategy::Overwrite,
        }
    }
}

/// A version: semver without pre-release and build metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Changes that break.
    pub major: u16,
    /// Changes that add.
    pub minor: u16,
    /// Corrections.
    pub patch: u32,
}

/// Who says the version of an image, if the file does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionFrom {
    /// Whoever runs the command.
    CommandLine,
}

/// What is to be made of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is let pass, for a reason.
    Allow,
    /// It warns, as ever.
    Warn,
    /// It is an error.
    Deny,
}

/// How an update is tried, confirmed and reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Starts of an image that nobody confirmed.
    pub tries: Resolved<u8>,
    /// What happens when they are used up.
    pub revert: Resolved<Revert>,
    /// By how much the boot loader raises the security counter at most, per confirmation.
    pub largest_counter_step: Resolved<u32>,
    /// How far the boot loader's counter follows. `None`: no image has a counter.
    pub raise: Option<Spanned<Raise>>,
    /// How the images of a release become current.
    pub commit: Resolved<Commit>,
}

/// What happens when the tries of an image are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revert {
    /// The other slot's image starts again.
    Automatic,
    /// Nothing: nobody can start the old image again.
    Never,
}

/// How far the boot loader's security counter follows a confirmed image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raise {
    /// All the way: the old slot becomes unbootable.
    Strict,
    /// One release behind: the old slot stays bootable.
    KeepFallback,
}

/// A choice that has a word in the manifest.
pub trait Word: Copy {
    /// The word.
    fn word(self) -> &'static str;
}

impl Product {
    /// What an artefact names, and the boot loader compares.
    pub fn device(&self) -> image_format::Device {
        image_format::Device { vendor_id: self.vendor_id, class_id: self.class_id }
    }
}

impl Boot {
    /// Whether this is the boot loader's slot.
    pub fn is_slot(&self, name: &str) -> bool {
        self.slot.as_ref().is_some_and(|slot| slot.value == name)
    }
}

impl Plan {
    /// The slot of this name.
    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.name.value == name)
    }

    /// The area of this name.
    pub fn area(&self, name: &str) -> Option<&Area> {
        self.areas.iter().find(|area| area.name.value == name)
    }

    /// The image of this name.
    pub fn image(&self, name: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.name.value == name)
    }

    /// Fills in the version of an image that the file leaves to the command line; `None` if there is no such image.
    pub fn set_version(&mut self, image: &str, version: Version) -> Option<()> {
        let image = self.images.iter_mut().find(|found| found.name.value == image && found.version.is_none())?;
        image.version.value = Some(version);
        Some(())
    }

    /// Whether it describes one-time-programmable memory, and nothing that starts.
    pub fn is_otp_alone(&self) -> bool {
        self.otp.is_some() && self.slots.is_empty() && self.images.is_empty()
    }
}

impl Device {
    /// Brings the option values into the order of the database.
    pub(crate) fn sort_options(&mut self) {
        let place = |name: &str| self.part.options.iter().position(|option| option.name == name);
        sort_by_key(&mut self.options, |option| place(&option.name));
    }

    /// All regions, and how they are reached: internal flash, then external memories in the file's order.
    pub fn regions(&self) -> impl Iterator<Item = (&Region, Access)> {
        let internal = self.mode.regions.iter().map(|region| (region, Access::Internal));
        internal.chain(self.memories.iter().map(|memory| (&memory.region, memory.access())))
    }

    /// The region of this name, and how it is reached.
    pub fn region(&self, name: &str) -> Option<(&Region, Access)> {
        self.regions().find(|(region, _)| region.name == name)
    }

    /// The region that this address is in.
    pub fn region_at(&self, address: u32) -> Option<&Region> {
        let addressed = self.regions().filter(|(_, access)| *access != Access::Commands);
        addressed.map(|(region, _)| region).find(|region| region.range().contains(&address))
    }

    /// The external memory of this name.
    pub fn memory(&self, name: &str) -> Option<&Memory> {
        self.memories.iter().find(|memory| memory.name.value == name)
    }

    /// The value of the option byte that says from where banks run, and what it means; `None` on a part without one.
    pub fn where_banks_run(&self) -> Option<(&OptionValue, &str)> {
        let option = self.part.run_option()?;
        let value = self.option(&option.name)?;
        Some((value, option.meanings.get(usize::try_from(value.value).ok()?)?))
    }

    /// The value that the file gives for an option byte.
    pub fn option(&self, name: &str) -> Option<&OptionValue> {
        self.options.iter().find(|option| option.name == name)
    }
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.text)
    }
}

impl Image {
    /// The names of all its slots: those that it is used from, then its other ones.
    pub fn slots(&self) -> impl Iterator<Item = &Spanned<String>> {
        let copies = self.copies.download.iter().chain(&self.copies.backup);
        self.placements.iter().map(|placement| &placement.slot).chain(copies)
    }

    /// The version as people write it; `?` while the command line has not said it.
    pub fn version_text(&self) -> String {
        self.version.value.map_or_else(|| "?".to_owned(), |version| version.to_string())
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let version = semver::Version::parse(text).map_err(|error| error.to_string())?;
        if !version.pre.is_empty() || !version.build.is_empty() {
            return Err("pre-release and build parts are not supported yet".to_owned());
        }
        match (version.major.try_into(), version.minor.try_into(), version.patch.try_into()) {
            (Ok(major), Ok(minor), Ok(patch)) => Ok(Self { major, minor, patch }),
            _ => Err(Self::LIMITS.to_owned()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
