//! `waxseal sign`: signatures that are made elsewhere, by a hardware module or on another machine.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use geometry::address;
use image_format::Kind;
use manifest::plan::{Image, Placement, Plan, RoleName};
use packer::factory::factory;
use packer::loader::Loader;
use packer::outputs;
use packer::pending::{Part, Sealed, Signature, attach};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::files::{self, FileSet};
use crate::inputs::InputArgs;
use crate::load::{Manifest, ProfileArgs, refused};
use crate::report::{Format, Report};
use crate::text::{counted, hex, thousands};

/// What the bytes to sign are written to: the sealed file's name with this behind it.
const TO_SIGN: &str = "tosign";

/// Have signatures made elsewhere: write what is to be signed, put signatures back.
///
/// For keys with `signer = "external"`, whose signatures `build` leaves open.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    waxseal build hub.toml --key ci.pem --out out     leaves the signatures of `hsm` open, in out/pending\n  \
    waxseal sign export out/pending\n  \
    openssl pkeyutl -sign -rawin -inkey hsm.pem -in out/pending/app.bin.tosign -out app.sig\n  \
    waxseal sign attach out/pending app.sig --manifest hub.toml")]
pub struct Command {
    #[command(subcommand)]
    action: Action,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write the exact bytes to sign: FILE.tosign beside each sealed file.
    #[command(after_help = "Example:\n  waxseal sign export out/pending")]
    Export {
        /// Folders of sealed files, or sealed files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Put signatures back, and move what is finished to its place: all of it, or nothing. Of boards' OTP blobs those that are
    /// finished; `otp build` makes the rest of their files then.
    ///
    /// Each signature is tried on everything under every key of the manifest, so its file's name says nothing. The result is
    /// judged by the manifest, as the boot loader will.
    #[command(
        after_help = "Example:\n  waxseal sign attach out/pending *.sig --manifest hub.toml --profile production"
    )]
    Attach {
        /// The folder that `build` wrote the unfinished files to.
        folder: PathBuf,
        /// Signatures, each of 64 bytes; or folders of them, called *.sig.
        #[arg(required = true)]
        signatures: Vec<PathBuf>,
        /// The manifest of the device: keys, product, layout and counter come from it.
        #[arg(long)]
        manifest: PathBuf,
        #[command(flatten)]
        profile: ProfileArgs,
        /// Where finished files go; the folder above if there is none.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// The folder that the boot loader's file starts from, in place of the manifest's own.
        #[arg(long, value_name = "DIR")]
        input_dir: Option<PathBuf>,
        /// Leave the boot loader out, and with it factory.hex and factory.dfu.
        #[arg(long)]
        no_factory: bool,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read or written; signatures that fit nowhere; artefacts that are not finished with them.
    pub fn run(&self) -> Result<Report, Failure> {
        match &self.action {
            Action::Export { paths } => export(paths),
            Action::Attach { folder, signatures, manifest, profile, out, input_dir, no_factory } => {
                let manifest = Manifest::read_with(manifest, profile)?;
                let above = folder.parent().unwrap_or(Path::new("")).to_owned();
                let inputs = (!no_factory).then(|| InputArgs::in_folder(input_dir.clone()));
                put_back(&manifest, folder, signatures, inputs.as_ref(), out.as_ref().unwrap_or(&above))
            }
        }
    }
}

fn export(paths: &[PathBuf]) -> Result<Report, Failure> {
    let mut text = String::new();
    let mut written = Vec::new();
    let mut known = BTreeSet::new();
    for path in paths {
        let (folder, found) = match path.is_dir() {
            true => (path.as_path(), sealed_files(path)?),
            false => (path.parent().unwrap_or(Path::new("")), vec![one(path)?]),
        };
        let mut files = FileSet::new();
        for (name, sealed) in &found {
            for (index, part) in sealed.parts.iter().enumerate() {
                // A release's members are files of their own, too.
                if !known.insert(part.id) {
                    continue;
                }
                let number = if index == 0 { String::new() } else { format!(".{index}") };
                let name = format!("{name}{number}.{TO_SIGN}");
                let path = folder.join(&name);
                files.add(&path, sealed.to_sign(part))?;
                let path = path.display().to_string();
                let _ = writeln!(text, "{path}  {}", describe(sealed, part));
                written.push(json!({ "file": path, "kind": part.kind.name(), "id": hex(&part.id) }));
            }
        }
        files.commit()?;
    }
    text.push_str(
        "Each is 256 bytes to sign with Ed25519 as they are, without hashing them before; for instance:\n  \
         openssl pkeyutl -sign -rawin -inkey KEY -in FILE.tosign -out FILE.sig\n",
    );
    Ok(Report { result: Some(json!({ "to_sign": written })), ..Report::done(text) })
}

/// `inputs` say where the boot loader of a factory image is, if there is to be one.
fn put_back(
    manifest: &Manifest,
    folder: &Path,
    signatures: &[PathBuf],
    inputs: Option<&InputArgs>,
    out: &Path,
) -> Result<Report, Failure> {
    manifest.with_plan(|plan| {
        let loader_file = inputs.map(|inputs| inputs.require_loader(manifest, plan)).transpose()?.flatten();
        let loader = match loader_file.as_ref().and_then(|file| file.read(plan)).transpose() {
            Ok(loader) => loader,
            Err(found) => return Ok(refused(found)),
        };
        let public = manifest.public_keys(plan)?;
        let mut files = sealed_files(folder)?;
        for part in files.iter().flat_map(|(_, file)| &file.parts) {
            if let Err(open) = plan.required_role(RoleName::of(part.kind)) {
                return Ok(refused(vec![open]));
            }
        }
        let signatures = in_folders(signatures)?;
        let signatures = signatures.iter().map(|path| signature(path)).collect::<Result<Vec<_>, _>>()?;
        let outcome = attach(plan, &public, &mut files, &signatures).map_err(|problems| {
            let mut problems = problems.iter();
            let title = problems.next().map_or_else(String::new, ToString::to_string);
            let failure = Failure::new(Exit::Refused, title);
            let others = problems.len().saturating_sub(TOLD);
            let failure = problems.take(TOLD).fold(failure, |failure, problem| failure.help(format!("also: {problem}")));
            let failure = if others > 0 { failure.help(format!("and {others} more")) } else { failure };
            failure.help("nothing was written; `waxseal sign export` writes what is to be signed")
        })?;
        let finished = finished(plan, &files, loader.as_ref())?;
        let mut set = FileSet::within(out);
        for (name, bytes) in &finished {
            let access = files::access_of(&folder.join(name));
            set.add_all(&[bytes], |_| out.join(placed(name)), access, |bytes, file| file.write_all(bytes))?;
        }
        set.commit()?;
        tidy(folder, files.iter().map(|(name, _)| name.as_str()));
        let mut text = String::new();
        for found in &outcome.attached {
            let _ = writeln!(text, "{}  by {} {}, of {}", found.signature, found.key.0, found.key.1, hex(&found.id));
        }
        let paths: Vec<_> = finished.iter().map(|(name, _)| out.join(placed(name)).display().to_string()).collect();
        for (path, (_, bytes)) in paths.iter().zip(&finished) {
            let _ = writeln!(text, "{path}  {} bytes", thousands(bytes.len() as u64));
        }
        // Only a board has a revision.
        let but = if plan.product.revisions.is_empty() { "" } else { ", but for the board's revision" };
        let _ = writeln!(text, "{} verified, as the boot loader will{but}", counted(files.len(), "file"));
        for waits in &outcome.waiting {
            let _ = writeln!(text, "waits: {waits}");
        }
        let attached = outcome.attached.iter().map(|found| {
            json!({
                "signature": found.signature, "name": found.key.0, "key_id": found.key.1.to_string(), "id": hex(&found.id),
            })
        });
        let waiting = outcome.waiting.len();
        let result = json!({ "attached": attached.collect::<Vec<_>>(), "files": paths, "waiting": waiting });
        let exit = if waiting == 0 { Exit::Done } else { Exit::Refused };
        Ok(Report { exit, result: Some(result), ..Report::done(text) })
    })
}

/// Problems that are told beside the first.
const TOLD: usize = 50;

/// Where a finished file goes below the folder: a board's blob to where `otp build` looks for it.
fn placed(name: &str) -> PathBuf {
    match name.strip_suffix(".otp").and_then(|name| name.rsplit_once('.')) {
        Some((board, stage)) => [stage, board, "board.otp"].iter().collect(),
        None => name.into(),
    }
}

/// The signatures of folders in place of these.
fn in_folders(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        let signatures = listed(path)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "sig"));
        found.extend(signatures);
        if found.len() == before {
            return Err(Failure::new(Exit::Missing, format!("{}: no file there is called *.sig", path.display())));
        }
    }
    Ok(found)
}

/// A file's name and content.
type Finished<'a> = (String, Cow<'a, [u8]>);

/// The sealed files, the images' files for programming tools, and with a boot loader the factory image.
fn finished<'a>(
    plan: &Plan,
    files: &'a [(String, Sealed)],
    loader: Option<&Loader<'_>>,
) -> Result<Vec<Finished<'a>>, Failure> {
    let mut finished: Vec<Finished<'a>> =
        files.iter().map(|(name, sealed)| (name.clone(), Cow::Borrowed(sealed.bytes.as_slice()))).collect();
    let file = |image: &Image, placement: &Placement| {
        let mut files = files.iter().filter_map(|(_, sealed)| Some((sealed, sealed.image(sealed.parts.first()?)?)));
        let found = files.find(|(_, header)| {
            header.body.layout == image.fingerprint && header.body.run_address.get() == placement.run_address
        });
        found.map(|(sealed, _)| [sealed.bytes.as_slice(), &[], &[]])
    };
    let factory = loader.map(|loader| factory(plan, loader, file));
    let for_tools = plan.images.iter().flat_map(|image| outputs::for_tools(plan, image, file));
    for output in for_tools.chain(factory.iter().flat_map(outputs::of_factory)) {
        let mut bytes = Vec::new();
        output.write(plan, &mut bytes).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        finished.push((output.name.clone(), Cow::Owned(bytes)));
    }
    Ok(finished)
}

/// The sealed files of a folder, by name.
fn sealed_files(folder: &Path) -> Result<Vec<(String, Sealed)>, Failure> {
    let paths = listed(folder)?;
    let mut found = Vec::new();
    for path in paths {
        let extension = path.extension().unwrap_or_default();
        // Bytes to sign start like what they are of.
        if extension != TO_SIGN && Kind::ALL.iter().any(|kind| starts_with(&path, &kind.magic())) {
            found.push(one(&path)?);
        }
    }
    if found.is_empty() {
        return Err(Failure::new(Exit::Refused, format!("{}: no sealed file is there", folder.display()))
            .help("`waxseal build` writes there what waits for an external signer"));
    }
    Ok(found)
}

/// The files of a folder, by name.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| Failure::new(Exit::Missing, format!("cannot read {}: {error}", folder.display()));
    let entries = fs::read_dir(folder).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    Ok(paths)
}

fn starts_with(path: &Path, magic: &[u8]) -> bool {
    use std::io::Read as _;
    let mut start = vec![0; magic.len()];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == magic
}

/// A sealed file and its name.
fn one(path: &Path) -> Result<(String, Sealed), Failure> {
    let sealed = Sealed::parse(files::read(path)?)
        .map_err(|error| Failure::new(Exit::Refused, format!("{}: {error}", path.display())))?;
    Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), sealed))
}

fn signature(path: &Path) -> Result<Signature, Failure> {
    let bytes = files::read(path)?;
    let name = path.display().to_string();
    let size = bytes.len();
    let bytes = bytes.try_into().map_err(|bytes: Vec<u8>| {
        let title = format!("{name}: an Ed25519 signature has 64 bytes, and this file {size}");
        let failure = Failure::new(Exit::Refused, title);
        // PROTOCOL.sshsig of OpenSSH: what is signed is a structure with a hash of the message.
        let failure = match bytes.starts_with(b"-----BEGIN SSH SIGNATURE-----") {
            true => {
                failure.help("`ssh-keygen -Y sign` signs other bytes than the file's: no boot loader could judge that")
            }
            false => failure,
        };
        failure.help("as raw bytes, neither hex nor base64: `openssl pkeyutl -sign -rawin` writes them so")
    })?;
    Ok(Signature { name, bytes })
}

/// Removes what is finished from the folder it waited in. Whatever cannot be removed does no harm there.
fn tidy<'a>(folder: &Path, names: impl Iterator<Item = &'a str>) {
    for name in names {
        let _ = fs::remove_file(folder.join(name));
        let _ = fs::remove_file(folder.join(format!("{name}.{TO_SIGN}")));
    }
    let _ = fs::remove_dir(folder);
}

/// What whoever signs should see.
fn describe(sealed: &Sealed, part: &Part) -> String {
    let mut text = part.kind.name().to_owned();
    if let Some(header) = sealed.image(part) {
        let version = &header.body.version;
        let _ = write!(
            text,
            " {}.{}.{}, counter {}",
            version.major, version.minor, version.patch, header.body.security_counter,
        );
        // Data has no address to run at.
        let runs = Some(header.body.run_address.get()).filter(|run| *run != 0);
        text.extend(runs.map(|run| format!(", runs at {}", address(run))));
    }
    text.extend(sealed.board(part).map(|board| format!(" for board {board}")));
    let signed: Vec<_> = sealed.signatures(part).iter().map(|place| hex(&place.key_id)).collect();
    let signed = if signed.is_empty() { String::new() } else { format!(", has signatures of {}", signed.join(", ")) };
    format!("{text}, id {}{signed}", hex(&part.id))
}
