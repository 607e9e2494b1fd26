//! The manifest's tables and keys, as a person writes them. This is the only place that names them.

mod otp;

pub use otp::{Otp, OtpField};

use crate::codes;
use crate::include::Join as _;
use crate::memory::{Attribute, Bus, Writer, Xip};
use crate::plan::{
    Commit, Date, Encoding, ImageKind, Level, Loader, Raise, Revert, RoleName, RunAlias, Signer, Strategy, Use,
    Version, VersionFrom, VersionRange,
};
use crate::read::{Field, List, Named};
use crate::scalar::{Address, Bytes, FilePath, Offset, Sectors, Setting};
use crate::table::{choice, table};

table! {
    /// A device: its flash, what goes into it, and who may sign it.
    pub struct Manifest, "a manifest" of tables {
        /// Fragments that bring further tables: paths relative to this file, with forward slashes. A table stands in one file.
        optional include: List<String>,
        /// Whether this file is to be included. It may then leave tables to the manifest that includes it. Default: false.
        optional fragment: bool,
        /// Who makes the device, and what it is.
        required product: Product,
        /// Which chip, and its option bytes.
        required device: Device,
        /// Who starts the images.
        required boot: Boot,
        /// Ranges of flash that hold an image or the boot loader, by name.
        required slots: Named<Slot>,
        /// External memories, by name.
        optional memories: Named<Memory>,
        /// Ranges of flash that hold no image, by name.
        optional areas: Named<Area>,
        /// What is sealed, by name.
        required images: Named<Image>,
        /// How an update is tried, confirmed and reverted.
        optional update: Update,
        /// The signed set of all images.
        optional release: Release,
        /// One-time-programmable memory. A manifest may describe that alone: without `boot`, `slots` and `images`.
        optional otp: Otp,
        /// Public keys, by name.
        required keys: Named<Key>,
        /// Who may sign what. Default: the only key signs everything.
        optional roles: Roles,
        /// What is decided when something is built, by name: `--profile NAME` chooses one.
        optional profiles: Named<Profile>,
        /// What is to be made of a warning, by its code: `WX0114`.
        optional lints: Named<Lint>,
    } later []
}

table! {
    /// Who makes the device, and what it is: what keeps an image off other hardware.
    pub struct Product, "`product`" {
        /// The vendor's domain name. With `class` it becomes the ids in every image.
        required vendor: String,
        /// The product class, a name of the vendor's choice.
        required class: String,
        /// Hardware revisions that images run on, 1 to 4 ASCII characters each. Default: not compared.
        optional revisions: List<String>,
    } later []
}

table! {
    /// Which chip, and its option bytes.
    pub struct Device, "`device`" {
        /// Order code, with or without package suffix.
        required part: String,
        /// Option bytes by the reference manual's names, as boards have them: bits and levels are integers, boot addresses
        /// are slots. What selects sector map or run address is required; the rest is compared if it is given.
        optional options: Named<Setting>,
        /// What the device database has no evidence for, as you measured it: `erase-after-swap`, `program-unit`, `ecc-word`,
        /// `erased`.
        optional facts: Named<Measured>,
    } later []
}

table! {
    /// A fact about the device, as you measured it.
    pub struct Measured, "a fact" {
        /// The fact. `erase-after-swap` is `mapped` or `physical`: which bank an erase by number means while banks are exchanged.
        /// `program-unit` and `ecc-word` are bytes, or `none` for no ECC; `erased` is what an erased byte reads as: `0xFF` or `0x00`.
        required value: String,
        /// Your evidence. It is printed wherever the fact is used.
        required source: String,
    } later []
}

table! {
    /// An external memory.
    pub struct Memory, "a memory" {
        /// Its part, as `waxseal devices` lists it; or any name, and then `geometry`.
        required part: String,
        /// What it is connected to, which decides about its address. `SPI` has none: the memory has offsets.
        required bus: Bus,
        /// Data lines of a parallel memory: 16. Required on FMC.
        optional width: u32,
        /// How the core sees it while code runs from it: `write-through` or `non-cacheable`. Required if something does.
        optional execute_as: Attribute,
        /// How the core sees it while it is written: `device` or `non-cacheable`. Required if it is mapped and written.
        optional program_as: Attribute,
        /// Where the routine runs that writes it. Required if code runs from it, too.
        optional writer: Writer,
        /// That whoever can reprogram the chip can change code behind the check. Required if something runs from it.
        optional xip: Xip,
        /// Sectors and rules of a part that the device database does not have.
        optional geometry: MemoryGeometry,
        /// What the device database has no evidence for: `program-unit`, `ecc-word`, `erased`.
        optional facts: Named<Measured>,
    } later []
}

table! {
    /// What an external memory is that the device database does not have.
    pub struct MemoryGeometry, "a geometry" {
        /// Its sectors by the smallest erase, lowest first: "256x128K" are 256 of 128K.
        required sectors: List<String>,
        /// Bytes that one program operation fills at least, and aligned.
        required program_unit: u32,
        /// Bytes that share an error correction code; 0 for none.
        required ecc_word: u32,
        /// What an erased byte reads as: 0xFF or 0.
        required erased: u32,
        /// Where this comes from: data sheet, revision, page.
        required source: String,
    } later []
}

table! {
    /// Who starts the images.
    pub struct Boot, "`boot`" {
        /// The boot loader, or `none`: it decides where the header is, and who reverts.
        required loader: Loader,
        /// The boot loader's own slot. Required unless there is none.
        optional slot: String,
        /// The boot loader's file, for the factory image. Default: none is made.
        optional input: FilePath,
    } later []
}

table! {
    /// A range of whole sectors that holds an image, its header and its state words; or the boot loader.
    pub struct Slot, "a slot" {
        /// `flash`, or `bank1` or `bank2` of a part with two banks; or the name of an external memory.
        required region: String,
        /// First and last sector in the reference manual's numbers: "5-11". This, or `offset` and `size`.
        optional sectors: Sectors,
        /// Bytes from the region's start.
        optional offset: Offset,
        /// Bytes, whole sectors.
        optional size: Bytes,
        /// An assertion: refused if the slot does not start here.
        optional address: Address,
        /// Bytes for header and signatures: in front of the payload, or without a boot loader at the slot's end. Default: 1K.
        optional header: Bytes,
        /// Protect its sectors by option bytes. Default: false.
        optional write_protect: bool,
        /// Where it runs, if not where it is stored: `itcm`, the alias of the F7's flash.
        optional run_alias: RunAlias,
        /// The area with use = "log" that keeps its state log. Required of a slot in external memory that updates are written to.
        optional log: String,
    } later []
}

table! {
    /// A range of whole sectors that holds no image.
    pub struct Area, "an area" {
        /// `flash`, or `bank1` or `bank2` of a part with two banks; or the name of an external memory.
        required region: String,
        /// First and last sector in the reference manual's numbers: "2-3". This, or `offset` and `size`.
        optional sectors: Sectors,
        /// Bytes from the region's start.
        optional offset: Offset,
        /// Bytes, whole sectors.
        optional size: Bytes,
        /// What for: `counter` is the boot loader's security counter, `log` the state log of a slot in external memory,
        /// `application` is touched by nobody else.
        required r#use: Use,
        /// A log of states that the application keeps in it.
        optional log: StateLog,
    } later []
}

table! {
    /// A log of states: entries that go through states, each of which is written once per erase.
    pub struct StateLog, "a log" {
        /// The states in their order.
        required states: List<String>,
        /// How many entries.
        required entries: u32,
        /// How a state is written: in a program unit of its own, or over the one before. Default: unit-per-state.
        optional encoding: Encoding,
        /// The words of the states, with encoding in-place.
        optional values: List<u32>,
    } later []
}

table! {
    /// Firmware or data that is sealed, firmware once for each address that it runs at.
    pub struct Image, "an image" {
        /// What it holds: `firmware` starts with a vector table, `data` is sealed as it is. Default: firmware.
        optional r#type: ImageKind,
        /// Where it is used from. Default: the slot of the image's name.
        optional slots: List<String>,
        /// How an update reaches the device. Default: fixed, with one slot.
        optional strategy: Strategy,
        /// The slot that an update is staged in. Required with strategy overwrite, and only there.
        optional download: String,
        /// The slot that keeps a copy of what an update overwrites. Default: none, and then nothing can revert.
        optional backup: String,
        /// Its file, if one build serves all slots. Default: the command line names it.
        optional input: FilePath,
        /// Its files by slot, where slots run at different addresses. Default: the command line names them.
        optional inputs: Named<FilePath>,
        /// Its version: semver without pre-release and build parts. This, or `version-from`.
        optional version: Version,
        /// Who says its version, if the file does not: `command-line` is `--image-version NAME=VERSION`.
        optional version_from: VersionFrom,
        /// The anti-rollback number. Default: 0.
        optional security_counter: u32,
        /// What keeps the counter: the path of an area in this file, "areas.NAME"; or without a boot loader "images",
        /// which means that nothing keeps it. Required with a counter.
        optional counter_store: String,
        /// Hardware revisions that it runs on, out of the product's. Default: all of them.
        optional revisions: List<String>,
        /// The versions of other images that it works with, by image: ">=2.1.0, <3.0.0". Hosts judge it.
        optional requires: Named<VersionRange>,
        /// The images that it pins by their ids, so that the boot loader starts it with these and no others.
        optional companions: List<String>,
    } later ["scratch"]
}

table! {
    /// How an update is tried, confirmed and reverted.
    pub struct Update, "`update`" {
        /// Starts of an image that nobody confirmed, 1 to 255. Default: 3.
        optional tries: u32,
        /// What happens when they are used up. Default: automatic. Where nothing can revert, `never` must be written.
        optional revert: Revert,
        /// How far the boot loader's counter follows a confirmed image. Required with a counter and two slots.
        optional raise: Raise,
        /// By how much the boot loader raises the counter at most, per confirmation. Default: 16.
        optional largest_counter_step: u32,
        /// How the images of a release become current: `each` by itself, or all `together`, or none. Required if images require
        /// one another. Default: each.
        optional commit: Commit,
    } later []
}

table! {
    /// The signed set of all images.
    pub struct Release, "`release`" {
        /// What it is called: the name of its file. Default: class and version.
        optional label: String,
        /// The last day on which hosts install it: 2027-12-31. Devices have no clock, and ignore it. Default: it never expires.
        optional expires: Date,
    } later []
}

table! {
    /// A public key. There is no key for a private one's path, anywhere.
    pub struct Key, "a key" {
        /// SPKI PEM file.
        required public: FilePath,
        /// Where the private half is. Default: file.
        optional signer: Signer,
        /// The epoch of the trust sets that it came with. Default: 0.
        optional epoch: u32,
    } later []
}

table! {
    /// Who may sign what.
    pub struct Roles, "`roles`" of tables {
        /// Who signs images. Default: the only key.
        optional image: Role,
        /// Who signs releases. Default: the only key.
        optional release: Role,
        /// Who signs layouts. Default: the only key.
        optional layout: Role,
        /// Who signs what is written to one-time-programmable memory. Default: the only key.
        optional otp: Role,
        /// Who signs trust sets. Default: nobody.
        optional root: Role,
    } later []
}

table! {
    /// What a manifest leaves open, filled in: each role stands at the top or in every profile.
    pub struct Profile, "a profile" {
        /// Who may sign what.
        optional roles: Roles,
        /// Option bytes that select neither sector map nor run address, such as RDP.
        optional options: Named<u32>,
    } later []
}

table! {
    /// Whose signatures are needed.
    pub struct Role, "a role" {
        /// Names of keys.
        required keys: List<String>,
        /// How many of them must have signed. Default: 1 for one key; else required.
        optional threshold: u32,
    } later []
}

table! {
    /// What is to be made of a warning.
    pub struct Lint, "a lint" {
        /// Let it pass, warn as ever, or refuse. Errors cannot be allowed.
        required level: Level,
        /// Why. It is printed with the warning that is let pass.
        required reason: String,
    } later []
}

choice! { Loader { "none" => Loader::None, "waxseal" => Loader::Waxseal, } later ["mcuboot"] }
choice! { Use { "counter" => Use::Counter, "application" => Use::Application, "log" => Use::Log, } later [] }
choice! { ImageKind { "firmware" => ImageKind::Firmware, "data" => ImageKind::Data, } later [] }
choice! {
    Strategy {
        "fixed" => Strategy::Fixed,
        "direct-xip" => Strategy::DirectXip,
        "bank-swap" => Strategy::BankSwap,
        "overwrite" => Strategy::Overwrite,
    }
    later []
    never ["swap-scratch", "swap-move"] => codes::SWAP,
        "strategy = \"overwrite\", with `download`, and with `backup` for the way back"
}
choice! { Revert { "automatic" => Revert::Automatic, "never" => Revert::Never, } later [] }
choice! {
    Bus {
        "FMC_NE1" => Bus::FmcNe1,
        "FMC_NE2" => Bus::FmcNe2,
        "FMC_NE3" => Bus::FmcNe3,
        "FMC_NE4" => Bus::FmcNe4,
        "QUADSPI" => Bus::Quadspi,
        "OCTOSPI1" => Bus::Octospi1,
        "OCTOSPI2" => Bus::Octospi2,
        "SPI" => Bus::Spi,
    }
    later []
}
choice! {
    Attribute {
        "device" => Attribute::Device,
        "non-cacheable" => Attribute::NonCacheable,
        "write-through" => Attribute::WriteThrough,
        "write-back" => Attribute::WriteBack,
    }
    later []
}
choice! { Writer { "ram" => Writer::Ram, "suspend" => Writer::Suspend, } later [] }
choice! { Xip { "accept-physical" => Xip::AcceptPhysical, } later [] }
choice! { RunAlias { "itcm" => RunAlias::Itcm, } later [] }
choice! { Raise { "strict" => Raise::Strict, "keep-fallback" => Raise::KeepFallback, } later [] }
choice! { Commit { "each" => Commit::Each, "together" => Commit::Together, } later [] }
choice! { Signer { "file" => Signer::File, "external" => Signer::External, } later [] }
choice! { VersionFrom { "command-line" => VersionFrom::CommandLine, } later [] }
choice! { Level { "allow" => Level::Allow, "warn" => Level::Warn, "deny" => Level::Deny, } later [] }
choice! { Encoding { "unit-per-state" => Encoding::UnitPerState, "in-place" => Encoding::InPlace, } later [] }

impl Roles {
    /// Each role and its table, by ascending number.
    pub fn each(&self) -> [(RoleName, &Field<Role>); 5] {
        [
            (RoleName::Image, &self.image),
            (RoleName::Release, &self.release),
            (RoleName::Layout, &self.layout),
            (RoleName::Otp, &self.otp),
            (RoleName::Root, &self.root),
        ]
    }
}

impl Manifest {
    /// Whether the file is to be included, and leaves tables to others.
    pub fn is_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.value)
    }

    /// Whether it describes one-time-programmable memory, and nothing that starts.
    pub fn is_otp_alone(&self) -> bool {
        self.otp.is_written && !self.boot.is_written && !self.slots.is_written && !self.images.is_written
    }

    /// The required keys that are not there.
    pub fn lacks(&self) -> Vec<String> {
        let of_images = |key: &str| ["boot", "slots", "images", "keys"].contains(&key);
        self.missing().into_iter().filter(|key| !(self.is_otp_alone() && of_images(key))).collect()
    }
}
