//! `waxseal build`: seals every image for each of its slots, the layout and the release.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use geometry::{Sector, address, numbered};
use manifest::plan::{Image, ImageKind, Loader, Placement, Plan, Requirement, RoleName, Word as _};
use packer::build::Wanted;
use packer::built::SealedFile;
use packer::factory::factory;
use packer::outputs::{self, Container, Content, Output};
use packer::placed::Run;
use packer::signing::Signatures;
use packer::{Artefact, Built};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::files::{Access, FileSet};
use crate::inputs::{InputArgs, InputFile};
use crate::key::private_keys;
use crate::load::{Manifest, ProfileArgs, refused};
use crate::lock::{LockArgs, Locking};
use crate::progress::Progress;
use crate::report::{FindingsFormat, Report};
use crate::text::{counted, hex, thousands, word};
use crate::version::VersionArgs;

/// Folder for what waits for signatures, below the output folder.
const PENDING: &str = "pending";

/// Seal every image for each of its slots, the layout and the release.
///
/// The result is judged as the boot loader will judge it. All files are written, or none. What waits for a key with an
/// external signer goes to the folder `pending` below, and `sign` finishes it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal build r1b.toml --key keys/release.pem --out out\n  WAXSEAL_KEY=ci.pem waxseal build r1b.toml --input app.a=build/a.elf --out out"
)]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    /// A private key file, once for each; `-` is standard input. Without it, WAXSEAL_KEY names the files.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// The folder to write to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    inputs: InputArgs,
    /// Leave the boot loader out, and with it factory.hex and factory.dfu: for the first build, whose layout.bin the boot loader embeds.
    #[arg(long)]
    no_factory: bool,
    /// Make only these kinds of files: the sealed images (bin), what programming tools take, layout.bin, the release. Other files of an
    /// earlier build stay as they are, and are named. The lock file is always written, and what waits for signatures has all images.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,...")]
    only: Vec<Only>,
    #[command(flatten)]
    versions: VersionArgs,
    #[command(flatten)]
    lock: LockArgs,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: FindingsFormat,
}

/// A kind of file that --only names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// The sealed images.
    Bin,
    /// Images as Intel HEX.
    Hex,
    /// Images as DfuSe.
    Dfu,
    /// layout.bin.
    Layout,
    /// The release.
    Release,
    /// factory.hex and factory.dfu.
    Factory,
}

impl Only {
    fn of(output: &Output<'_>) -> Self {
        match (output.content, output.container) {
            (Content::Layout(_), _) => Self::Layout,
            (Content::Release(..), _) => Self::Release,
            (Content::Factory(_), _) => Self::Factory,
            (Content::Image(_) | Content::InSlot(..), Container::Sealed) => Self::Bin,
            (Content::Image(_) | Content::InSlot(..), Container::Hex) => Self::Hex,
            (Content::Image(_) | Content::InSlot(..), Container::Dfu) => Self::Dfu,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Bin => "bin",
            Self::Hex => "hex",
            Self::Dfu => "dfu",
            Self::Layout => "layout",
            Self::Release => "release",
            Self::Factory => "factory",
        }
    }
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            if plan.is_otp_alone() {
                let title = format!("{} describes no image", manifest.name);
                let failure = Failure::new(Exit::Refused, title);
                return Err(failure.help("`waxseal otp build` makes what its one-time-programmable memory is to hold"));
            }
            let plan = &self.versions.apply(&manifest, plan)?;
            let files = self.inputs.read_all(&manifest, plan)?;
            let public = manifest.public_keys(plan)?;
            let private = private_keys(&self.keys)?;
            let inputs: Vec<_> = files.iter().filter_map(InputFile::input).collect();
            let versions: Vec<_> = self.versions.given().map(|(image, _)| image).collect();
            let last = self.lock.read(&manifest)?;
            let file = if self.no_factory || !self.makes(Only::Factory) {
                None
            } else {
                self.inputs.require_loader(&manifest, plan)?
            };
            let loader = file.as_ref().and_then(|file| file.read(plan)).transpose();
            let progress = Progress::new(1);
            progress.step("sealing");
            let wanted = Wanted { layout: self.makes(Only::Layout), release: self.makes(Only::Release) };
            let built = packer::build(plan, &inputs, &public, &private, wanted);
            drop(progress);
            let built = built.and_then(|built| {
                let digests: Vec<_> = inputs.iter().copied().zip(built.inputs.iter().copied()).collect();
                let locking = last.after(plan, &digests, &versions);
                let found = self.lock.judge(plan, &locking);
                if found.is_empty() { Ok((built, locking)) } else { Err(found) }
            });
            match (built, loader) {
                (Ok((built, locking)), Ok(loader)) => {
                    let file = |image, placement| built.image(image, placement).map(Artefact::parts);
                    let factory = loader.as_ref().map(|loader| factory(plan, loader, file));
                    match outputs::all(plan, &built, factory.as_ref()) {
                        Ok(mut outputs) => {
                            outputs.retain(|output| self.makes(Only::of(output)) || is_needed(&built, output));
                            self.finish(plan, &built, &outputs, &locking)
                        }
                        Err(found) => Ok(refused(found)),
                    }
                }
                (built, loader) => Ok(refused([built.err(), loader.err()].into_iter().flatten().flatten().collect())),
            }
        })
    }

    /// Writes the files and reports them.
    fn finish(&self, plan: &Plan, built: &Built, outputs: &[Output<'_>], locking: &Locking) -> Result<Report, Failure> {
        let folder = self.folder(built);
        let mut files = FileSet::new();
        let progress = Progress::new(1);
        progress.step("writing");
        files.add_all(
            outputs,
            |output| folder.join(&output.name),
            Access::Usual,
            |output, file| output.write(plan, file),
        )?;
        files.add(&locking.path, locking.to_text().as_bytes()).map_err(|failure| {
            failure.help("--lock FILE has it elsewhere, where the manifest's folder is not to be written")
        })?;
        files.commit()?;
        drop(progress);
        let stale: Vec<_> = stale(plan, outputs, &folder).map(|path| path.display().to_string()).collect();
        let mut result = to_json(plan, built, outputs);
        result["left_out"] = json!(self.left_out(plan));
        result["stale"] = json!(stale);
        result["lock"] = locking.to_json(plan);
        let lock = format!("{}  {}\n", locking.path.display(), locking.text(plan));
        let text = self.text(plan, built, outputs) + &lock + &self.waiting(built) + &self.next(plan, built, outputs);
        let remarks = match stale.as_slice() {
            [] => String::new(),
            stale => format!("note: not made now, and left as an earlier build wrote them: {}\n", stale.join(", ")),
        };
        Ok(Report { result: Some(result), remarks, ..Report::done(text) })
    }

    /// Whether files of this kind are to be made.
    fn makes(&self, kind: Only) -> bool {
        self.only.is_empty() || self.only.contains(&kind)
    }

    /// Which files there are not, and why.
    fn left_out(&self, plan: &Plan) -> Vec<String> {
        let mut reasons = outputs::left_out(plan);
        if !self.only.is_empty() {
            let kinds: Vec<_> = self.only.iter().map(|kind| kind.word()).collect();
            reasons.push(format!("--only {}: files of other kinds were not made", kinds.join(",")));
        }
        reasons
    }

    /// Where the files go: nothing that waits for a signature may be taken for finished, nor one of a set without the others.
    fn folder(&self, built: &Built) -> PathBuf {
        if built.is_waiting() { self.out.join(PENDING) } else { self.out.clone() }
    }

    fn text(&self, plan: &Plan, built: &Built, outputs: &[Output<'_>]) -> String {
        let artefacts = &built.images;
        let mut text = String::new();
        for image in &plan.images {
            let name = &image.name.value;
            let of_image: Vec<_> = artefacts.iter().filter(|artefact| artefact.image == *name).collect();
            let _ = writeln!(
                text,
                "{name} {}, counter {}{}",
                image.version_text(),
                image.security_counter.value,
                requirements(plan, image)
            );
            let slots = of_image.iter().map(|artefact| slots_of(image, artefact).len()).max().unwrap_or(0);
            let inputs = of_image.iter().map(|artefact| artefact.input.len()).max().unwrap_or(0);
            for artefact in &of_image {
                let _ = writeln!(
                    text,
                    "  {:<slots$}  {:<inputs$}  {} bytes{}  sha256 {}{}",
                    slots_of(image, artefact),
                    artefact.input,
                    thousands(artefact.payload_size.into()),
                    at(image, artefact),
                    hex(&artefact.payload_digest),
                    entry(artefact),
                );
            }
            for artefact in &of_image {
                text.push_str(&fill(artefact));
            }
            if let Some(artefact) = of_image.first() {
                let names: Vec<_> =
                    artefact.signatures.signed.iter().map(|(name, key)| format!("{name} {key}")).collect();
                let needed = threshold(plan);
                let nobody = if names.is_empty() { "by nobody yet" } else { "" };
                let _ = writeln!(text, "  signed    {nobody}{} ({} of {needed} needed)", names.join(", "), names.len());
            }
            let slots: Vec<_> = of_image.iter().map(|artefact| slots_of(image, artefact)).collect();
            // Only a board has a revision.
            let but = if image.revisions.is_empty() { "" } else { ", but for the board's revision" };
            let waits = of_image.iter().any(|artefact| artefact.signatures.missing > 0);
            let word = if waits { "complete  but for signatures; all else verified" } else { "verified " };
            let _ = writeln!(text, "  {word} as the boot loader will{but}: {}", slots.join(", "));
        }
        text.push_str(&self.files(plan, built, outputs));
        for why in self.left_out(plan) {
            let _ = writeln!(text, "{why}");
        }
        text
    }

    /// Whose signatures are missing, and how they get there.
    fn waiting(&self, built: &Built) -> String {
        let open: Vec<_> = built.signatures().filter(|signatures| signatures.missing > 0).collect();
        let Some(first) = open.first() else { return String::new() };
        let names: Vec<_> = first.waiting.iter().map(|(name, key)| format!("{name} {key} (external)")).collect();
        let any =
            if names.len() > usize::from(first.missing) { format!("{} of ", first.missing) } else { String::new() };
        let count: usize = open.iter().map(|signatures| usize::from(signatures.missing)).sum();
        let (folder, manifest) = (self.folder(built), self.manifest.display());
        let folder = folder.display();
        format!(
            "waiting for: {any}{}, {}. Nothing that a board would accept was written.\n  \
             waxseal sign export {folder}\n  \
             waxseal sign attach {folder} *.sig --manifest {manifest}{}\n",
            names.join(", "),
            counted(count, "signature"),
            self.profile.words(),
        )
    }

    /// How a blank board gets what was made; nothing where it also needs a boot loader that is not here, or signatures.
    fn next(&self, plan: &Plan, built: &Built, outputs: &[Output<'_>]) -> String {
        let is_first = |output: &&Output<'_>| match output.content {
            _ if output.container != Container::Hex => false,
            Content::Factory(_) => true,
            Content::InSlot(_, image, placement) => {
                let first = image.placements.first().is_some_and(|first| first.slot.value == placement.slot.value);
                plan.boot.loader.value == Loader::None && first
            }
            Content::Image(_) | Content::Layout(_) | Content::Release(..) => false,
        };
        match outputs.iter().find(is_first) {
            Some(file) if !built.is_waiting() => {
                let path = self.out.join(&file.name);
                format!("next: STM32_Programmer_CLI -c port=swd -w {} -v\n", word(&path.display().to_string()))
            }
            _ => String::new(),
        }
    }

    /// A line for each file, with what it is.
    fn files(&self, plan: &Plan, built: &Built, outputs: &[Output<'_>]) -> String {
        let folder = self.folder(built);
        let names: Vec<_> = outputs.iter().map(|output| folder.join(&output.name).display().to_string()).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let lines =
            names.iter().zip(outputs).map(|(name, output)| format!("{name:<width$}  {}\n", about(plan, output)));
        lines.collect()
    }
}

/// `signed by release`.
fn signers(signatures: &Signatures) -> String {
    let names: Vec<_> = signatures.signed.iter().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() { "signed by nobody yet".to_owned() } else { format!("signed by {}", names.join(", ")) }
}

/// Files of this plan's builds that stand in the folder and are not of this build: they may hold another image.
fn stale(plan: &Plan, outputs: &[Output<'_>], folder: &Path) -> impl Iterator<Item = PathBuf> {
    let names = outputs::names(plan).into_iter().filter(|name| !outputs.iter().any(|output| output.name == *name));
    names.map(|name| folder.join(name)).filter(|path| path.exists())
}

/// What `sign` has to have: images that wait for signatures.
fn is_needed(built: &Built<'_>, output: &Output<'_>) -> bool {
    built.is_waiting() && Only::of(output) == Only::Bin
}

/// What a file is, in a line.
fn about(plan: &Plan, output: &Output<'_>) -> String {
    match output.content {
        Content::Image(artefact) => {
            format!("{} bytes, image id {}", thousands(artefact.size() as u64), hex(&artefact.id))
        }
        Content::InSlot(_, _, placement) => {
            let runs = output.runs(plan);
            let ranges: Vec<_> =
                runs.iter().map(|run| format!("{} to {}", address(run.address), address(run.end() - 1))).collect();
            let sectors = numbered("sector", sectors(plan, placement, &runs));
            format!("{}: {}, {sectors}", placement.slot.value, ranges.join(" and "))
        }
        Content::Factory(factory) => {
            let images = factory.images.iter().map(|(image, placement)| (&image.name.value, &placement.slot.value));
            let images: String = images.map(|(image, slot)| format!(" + {image} in {slot}")).collect();
            let absent = factory.left_out.iter().map(|image| format!("; {} is in another memory", image.name.value));
            let groups: Vec<_> = factory.loader.groups.iter().map(|group| hex(&group[..8])).collect();
            let size = thousands(factory.loader.size());
            let embeds = groups.join(", ");
            let last = if output.container == Container::Dfu { "; the boot loader comes last" } else { "" };
            format!("boot loader, {size} bytes, embeds layout {embeds}{images}{}{last}", absent.collect::<String>())
        }
        Content::Layout(layout) => {
            format!("{} bytes, the slot groups, {}", thousands(layout.bytes.len() as u64), signers(&layout.signatures))
        }
        Content::Release(release, built) => format!(
            "{} bytes, release id {}, commit {}, {}",
            thousands(built.release_parts().iter().map(|part| part.len() as u64).sum()),
            hex(&release.id),
            plan.update.commit.value.word(),
            signers(&release.signatures)
        ),
    }
}

/// The slots that an artefact is for: those in which it runs at one address.
fn slots_of(image: &Image, artefact: &Artefact) -> String {
    let find = |slot: &str| image.placements.iter().find(|placement| placement.slot.value == slot);
    let address = find(&artefact.slot).map(|placement| placement.run_address);
    let same = image.placements.iter().filter(|placement| Some(placement.run_address) == address);
    same.map(|placement| placement.slot.value.as_str()).collect::<Vec<_>>().join(", ")
}

/// Where firmware is stored. Data may be anywhere.
fn at(image: &Image, artefact: &Artefact) -> String {
    match image.kind.value {
        ImageKind::Firmware => format!(" at {}", address(artefact.payload_address)),
        ImageKind::Data => String::new(),
    }
}

/// What an image requires, and what there is.
fn requirements(plan: &Plan, image: &Image) -> String {
    let met = |requirement: &Requirement| {
        let name = &requirement.image.value;
        let version = plan.image(name).map(Image::version_text).unwrap_or_default();
        format!(", requires {name} {}: the release brings {version}", requirement.range.value)
    };
    image.requires.iter().map(met).collect()
}

/// What the payload holds that the input did not, or may not have meant.
fn fill(artefact: &Artefact) -> String {
    let Artefact { input, filled, padding, .. } = artefact;
    let mut text = String::new();
    if *filled > 0 {
        let _ =
            writeln!(text, "  filled    gaps of {input}: {} bytes, with the erased value", thousands((*filled).into()));
    }
    if *padding > 0 {
        let count = thousands((*padding).into());
        let _ = writeln!(
            text,
            "  padding   {input} is a BIN and ends with {count} erased bytes, which are part of the image: ELF or HEX of the \
             same firmware may end before them, and would be another image"
        );
    }
    text
}

fn entry(artefact: &Artefact) -> String {
    artefact
        .entry
        .map_or(String::new(), |entry| format!("  stack {}, reset {}", address(entry.stack), address(entry.reset)))
}

/// How many signatures an image needs; nothing is built where that is open.
fn threshold(plan: &Plan) -> u8 {
    plan.role(RoleName::Image).map_or(0, |role| role.threshold.value)
}

/// Numbers of the sectors that these bytes touch.
fn sectors<'a>(plan: &'a Plan, placement: &Placement, runs: &'a [Run<'_>]) -> impl Iterator<Item = u32> + use<'a> {
    let sectors = plan.slot(&placement.slot.value).into_iter().flat_map(|slot| &slot.extent.sectors);
    let touched =
        |sector: &&Sector| runs.iter().any(|run| run.address < sector.range().end && sector.address < run.end());
    sectors.filter(touched).map(|sector| sector.number)
}

fn to_json(plan: &Plan, built: &Built, outputs: &[Output<'_>]) -> Value {
    let artefact = |artefact: &Artefact| {
        let signed = |(name, key): &(String, packer::PublicKey)| json!({ "name": name, "key_id": key.to_string() });
        json!({
            "image": artefact.image,
            "slot": artefact.slot,
            "input": artefact.input,
            "file": artefact.file_name,
            "size": artefact.size(),
            "image_id": hex(&artefact.id),
            "payload_size": artefact.payload_size,
            "payload_sha256": hex(&artefact.payload_digest),
            "payload_address": artefact.payload_address,
            "format": artefact.format.to_string(),
            "chunk_size": artefact.chunk_size,
            "filled": artefact.filled,
            "padding": artefact.padding,
            "stack": artefact.entry.map(|entry| entry.stack),
            "reset": artefact.entry.map(|entry| entry.reset),
            "companions": artefact.companions.iter().map(|id| hex(id)).collect::<Vec<_>>(),
            "signed": artefact.signatures.signed.iter().map(signed).collect::<Vec<_>>(),
            "missing": artefact.signatures.missing,
            "waiting": artefact.signatures.waiting.iter().map(signed).collect::<Vec<_>>(),
        })
    };
    let piece = |run: &Run<'_>| json!({ "address": run.address, "size": run.size() });
    let file = |output: &Output<'_>| {
        let (kind, image, slot) = match output.content {
            Content::Image(artefact) => ("image", Some(&artefact.image), None),
            Content::InSlot(_, image, placement) => ("image", Some(&image.name.value), Some(&placement.slot.value)),
            Content::Layout(_) => ("layout", None, None),
            Content::Factory(_) => ("factory", None, None),
            Content::Release(..) => ("release", None, None),
        };
        json!({
            "file": output.name,
            "kind": kind,
            "format": output.container.word(),
            "image": image,
            "slot": slot,
            "pieces": output.runs(plan).iter().map(piece).collect::<Vec<_>>(),
        })
    };
    let id = |file: &Option<SealedFile>| file.as_ref().map(|file| hex(&file.id));
    json!({
        "threshold": threshold(plan),
        "artefacts": built.images.iter().map(artefact).collect::<Vec<_>>(),
        "layout_id": id(&built.layout),
        "release_id": id(&built.release),
        "files": outputs.iter().map(file).collect::<Vec<_>>(),
    })
}
