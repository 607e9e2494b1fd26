//! The firmware files: which ones, and what is in them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;

use clap::Args;
use manifest::Diagnostic;
use manifest::plan::{Image, Placement, Plan};
use packer::build::Input;
use packer::loader::{self, Loader};

use crate::exit::Failure;
use crate::files;
use crate::load::Manifest;

/// The options that name firmware files.
#[derive(Debug, Args)]
pub struct InputArgs {
    /// The file for an image and slot that the manifest leaves open; IMAGE=FILE for all of its slots. `-` is standard
    /// input.
    #[arg(long = "input", value_name = "IMAGE.SLOT=FILE")]
    given: Vec<Given>,
    /// The folder that the manifest's relative inputs start from, in place of the manifest's own.
    #[arg(long, value_name = "DIR")]
    input_dir: Option<PathBuf>,
}

/// A file that the command line names.
#[derive(Clone, Debug)]
struct Given {
    image: String,
    slot: Option<String>,
    file: String,
}

impl FromStr for Given {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (target, file) = text.split_once('=').ok_or("write IMAGE.SLOT=FILE")?;
        let (image, slot) = match target.split_once('.') {
            Some((image, slot)) => (image, Some(slot.to_owned())),
            None => (target, None),
        };
        Ok(Self { image: image.to_owned(), slot, file: file.to_owned() })
    }
}

impl Given {
    fn is_for(&self, image: &Image, placement: &Placement) -> bool {
        self.image == image.name.value && self.slot.as_ref().is_none_or(|slot| *slot == placement.slot.value)
    }
}

/// The file for an image in a slot.
#[derive(Debug)]
pub struct InputFile<'a> {
    /// The image.
    pub image: &'a Image,
    /// The slot.
    pub placement: &'a Placement,
    /// What manifest or command line call it; `None` if neither does.
    pub name: Option<String>,
    /// Its content, if there is such a file.
    pub bytes: Option<Rc<Vec<u8>>>,
}

/// The boot loader's file.
#[derive(Debug)]
pub struct LoaderFile {
    /// What the manifest calls it.
    pub name: String,
    /// Its content, if there is such a file.
    pub bytes: Option<Rc<Vec<u8>>>,
}

impl InputFile<'_> {
    /// The file as the packer takes it, if there is one.
    pub fn input(&self) -> Option<Input<'_>> {
        let (name, bytes) = (self.name.as_deref()?, self.bytes.as_deref()?.as_slice());
        Some(Input { image: &self.image.name.value, slot: &self.placement.slot.value, name, bytes })
    }
}

impl LoaderFile {
    /// The boot loader in it, as [`loader::read`] judges it.
    pub fn read(&self, plan: &Plan) -> Option<Result<Loader<'_>, Vec<Diagnostic>>> {
        loader::read(plan, &self.name, self.bytes.as_deref()?)
    }
}

impl InputArgs {
    /// Those of a command that takes nothing but the folder.
    pub fn in_folder(input_dir: Option<PathBuf>) -> Self {
        Self { given: Vec::new(), input_dir }
    }

    /// Reads what is there, for every slot of every image. A file that does not exist is left open.
    ///
    /// # Errors
    /// Options that contradict the manifest; a file that exists and cannot be read.
    pub fn read<'a>(&self, manifest: &Manifest, plan: &'a Plan) -> Result<Vec<InputFile<'a>>, Failure> {
        self.check(manifest, plan)?;
        let mut inputs: Vec<InputFile<'a>> = Vec::new();
        // One file for several slots is read once: standard input cannot be read again.
        let mut read: BTreeMap<OsString, Option<Rc<Vec<u8>>>> = BTreeMap::new();
        for image in &plan.images {
            for placement in &image.placements {
                let (name, path) = match (&placement.input, self.given_for(image, placement)) {
                    (Some(written), _) => (Some(written.value.clone()), Some(self.path(manifest, &written.value))),
                    (None, Some(given)) if given.file == files::STANDARD => {
                        (Some(files::STANDARD_INPUT.to_owned()), Some(PathBuf::from(files::STANDARD)))
                    }
                    (None, Some(given)) => (Some(given.file.clone()), Some(PathBuf::from(&given.file))),
                    (None, None) => (None, None),
                };
                let bytes = match path {
                    Some(path) => match read.get(path.as_os_str()) {
                        Some(bytes) => bytes.clone(),
                        None => {
                            let bytes = read_if_there(&path).map_err(|failure| locate(failure, manifest, placement))?;
                            read.insert(path.into_os_string(), bytes.clone());
                            bytes
                        }
                    },
                    None => None,
                };
                inputs.push(InputFile { image, placement, name, bytes });
            }
        }
        Ok(inputs)
    }

    /// The same, where a file that is named must exist.
    ///
    /// # Errors
    /// As [`InputArgs::read`], and exit code 3 for a missing file, with the line that names it.
    pub fn read_all<'a>(&self, manifest: &Manifest, plan: &'a Plan) -> Result<Vec<InputFile<'a>>, Failure> {
        let inputs = self.read(manifest, plan)?;
        for InputFile { placement, name, bytes, .. } in &inputs {
            if let (Some(name), None) = (name, bytes) {
                let (path, help) = match placement.input {
                    Some(_) => (
                        self.path(manifest, name),
                        "build the firmware first; --input-dir DIR reads the manifest's inputs from elsewhere",
                    ),
                    None => (PathBuf::from(name), "build the firmware first; paths of --input start from here"),
                };
                // The second attempt says in the system's words why there is nothing.
                files::read(&path).map_err(|failure| locate(failure, manifest, placement).help(help))?;
            }
        }
        Ok(inputs)
    }

    /// The boot loader's file that the manifest names; `None` if it names none, `Some(None)` if there is no such file.
    ///
    /// # Errors
    /// A file that exists and cannot be read.
    pub fn read_loader(&self, manifest: &Manifest, plan: &Plan) -> Result<Option<LoaderFile>, Failure> {
        let Some(written) = &plan.boot.input else { return Ok(None) };
        let path = self.path(manifest, &written.value);
        let bytes = read_if_there(&path).map_err(|failure| failure.at(manifest.place(written.span)))?;
        Ok(Some(LoaderFile { name: written.value.clone(), bytes }))
    }

    /// The same, where it must exist.
    ///
    /// # Errors
    /// As [`InputArgs::read_loader`], and exit code 3 for a missing file, with the line that names it.
    pub fn require_loader(&self, manifest: &Manifest, plan: &Plan) -> Result<Option<LoaderFile>, Failure> {
        let file = self.read_loader(manifest, plan)?;
        if let (Some(LoaderFile { name, bytes: None }), Some(written)) = (&file, &plan.boot.input) {
            files::read(&self.path(manifest, name)).map_err(|failure| {
                failure.at(manifest.place(written.span)).help(
                    "--no-factory builds without it: a boot loader embeds the layout.bin that this writes, so the first \
                     build comes before it",
                )
            })?;
        }
        Ok(file)
    }

    fn path(&self, manifest: &Manifest, written: &str) -> PathBuf {
        self.input_dir.as_ref().map_or_else(|| manifest.resolve(written), |folder| folder.join(written))
    }

    fn given_for(&self, image: &Image, placement: &Placement) -> Option<&Given> {
        self.given.iter().find(|given| given.is_for(image, placement))
    }

    /// Refuses options for what the manifest does not leave open: nothing overrides anything.
    fn check(&self, manifest: &Manifest, plan: &Plan) -> Result<(), Failure> {
        for given in &self.given {
            let option = format!(
                "--input {}{}",
                given.image,
                given.slot.as_ref().map_or(String::new(), |slot| format!(".{slot}"))
            );
            let Some(image) = plan.image(&given.image) else {
                return Err(Failure::usage(format!("{option}: {} has no image `{}`", manifest.name, given.image)));
            };
            let placements: Vec<_> =
                image.placements.iter().filter(|placement| given.is_for(image, placement)).collect();
            if placements.is_empty() {
                return Err(Failure::usage(format!("{option}: image `{}` has no such slot", given.image)));
            }
            let times =
                |placement: &Placement| self.given.iter().filter(|given| given.is_for(image, placement)).count();
            if let Some(twice) = placements.iter().find(|placement| times(placement) > 1) {
                let slot = &twice.slot.value;
                return Err(Failure::usage(format!("{option}: another --input is for slot `{slot}` too"))
                    .help("give one file for each: the command line overrides nothing"));
            }
            if let Some(written) = placements.iter().find_map(|placement| placement.input.as_ref()) {
                return Err(Failure::usage(format!("{option}: the manifest names the input already"))
                    .at(manifest.place(written.span))
                    .help("leave it out there, or build from that file: the command line overrides nothing"));
            }
        }
        Ok(())
    }
}

fn read_if_there(path: &Path) -> Result<Option<Rc<Vec<u8>>>, Failure> {
    let is_file = path.as_os_str() != files::STANDARD;
    match std::fs::metadata(path) {
        Err(error) if is_file && error.kind() == ErrorKind::NotFound => Ok(None),
        _ => files::read(path).map(|bytes| Some(Rc::new(bytes))),
    }
}

/// Adds the line that names the file.
fn locate(failure: Failure, manifest: &Manifest, placement: &Placement) -> Failure {
    let place = placement.input.as_ref().and_then(|written| manifest.place(written.span));
    failure.at(place)
}
