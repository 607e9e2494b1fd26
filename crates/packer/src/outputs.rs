//! The files of a build: which there are, and what is in them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use image_format::{ImageHeader, Version};
use manifest::codes;
use manifest::diagnostic::Diagnostic;
use manifest::memory::Access;
use manifest::plan::{Image, Placement, Plan, RoleName};
use zerocopy::FromBytes as _;

use crate::built::{Artefact, Built, SealedFile};
use crate::factory::Factory;
use crate::placed::{Parts, Piece, Run, by_whole_sectors, runs};
use crate::{build, dfuse, hex, release};

/// How a file holds what was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// The bytes of the format alone: a sealed image, layout or release.
    Sealed,
    /// Intel HEX.
    Hex,
    /// DfuSe.
    Dfu,
}

impl Container {
    /// The word for programs, and the end of a file's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sealed => "bin",
            Self::Hex => "hex",
            Self::Dfu => "dfu",
        }
    }
}

/// What a file is about.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// An image as it is transported.
    Image(&'a Artefact<'a>),
    /// An image where a programming tool writes it.
    InSlot(Parts<'a>, &'a Image, &'a Placement),
    /// The layout.
    Layout(&'a SealedFile),
    /// The release.
    Release(&'a SealedFile, &'a Built<'a>),
    /// What a blank board is programmed with.
    Factory(&'a Factory<'a>),
}

/// A file that a build writes. Its bytes are made while they are written: a HEX file is three times the image.
#[derive(Clone, Debug)]
pub struct Output<'a> {
    /// Its name.
    pub name: String,
    /// How it holds its content.
    pub container: Container,
    /// Its content.
    pub content: Content<'a>,
}

/// The containers of the factory image.
const FACTORY: [Container; 2] = [Container::Hex, Container::Dfu];

/// All files of a build, in the order of the plan; without those for programming tools while signatures are missing.
///
/// # Errors
/// Two files of one name.
pub fn all<'a>(
    plan: &'a Plan,
    built: &'a Built<'a>,
    factory: Option<&'a Factory<'a>>,
) -> Result<Vec<Output<'a>>, Vec<Diagnostic>> {
    let sealed = |name: &str, content| Output { name: name.to_owned(), container: Container::Sealed, content };
    let file = |image, placement| built.image(image, placement).map(Artefact::parts);
    let mut outputs: Vec<Output<'a>> = Vec::new();
    for image in &plan.images {
        let artefacts = built.images.iter().filter(|artefact| artefact.image == image.name.value);
        outputs.extend(artefacts.map(|artefact| sealed(&artefact.file_name, Content::Image(artefact))));
        if !built.is_waiting() {
            outputs.extend(for_tools(plan, image, file));
        }
    }
    outputs.extend(built.layout.iter().map(|layout| sealed(&layout.file_name, Content::Layout(layout))));
    outputs.extend(built.release.iter().map(|release| sealed(&release.file_name, Content::Release(release, built))));
    outputs.extend(factory.filter(|_| !built.is_waiting()).into_iter().flat_map(of_factory));
    let again = |index: usize| outputs[..index].iter().any(|earlier| earlier.name == outputs[index].name);
    match (0..outputs.len()).find(|index| again(*index)) {
        Some(index) => Err(vec![name_taken(plan, &outputs[index].name)]),
        None => Ok(outputs),
    }
}

/// An image's files for programming tools, out of the sealed file for each slot. Memories without addresses have no HEX file, and
/// those that the ROM does not reach no DfuSe file: see [`left_out`].
pub fn for_tools<'a>(
    plan: &'a Plan,
    image: &'a Image,
    file: impl Fn(&'a Image, &'a Placement) -> Option<Parts<'a>>,
) -> Vec<Output<'a>> {
    let mut outputs = Vec::new();
    for placement in &image.placements {
        let Some(bytes) = file(image, placement) else { continue };
        let content = Content::InSlot(bytes, image, placement);
        for container in containers(plan, placement) {
            outputs.push(Output { name: name(image, placement, *container), container: *container, content });
        }
    }
    outputs
}

/// The factory image's files.
pub fn of_factory<'a>(factory: &'a Factory<'a>) -> impl Iterator<Item = Output<'a>> {
    FACTORY.into_iter().map(move |container| Output {
        name: factory_name(container),
        container,
        content: Content::Factory(factory),
    })
}

/// `factory.hex`.
fn factory_name(container: Container) -> String {
    format!("factory.{}", container.word())
}

/// The names of all files that builds of this plan write, whatever they were told to leave out.
pub fn names(plan: &Plan) -> BTreeSet<String> {
    let placements =
        plan.images.iter().flat_map(|image| image.placements.iter().map(move |placement| (image, placement)));
    let of_images = placements.flat_map(|(image, placement)| {
        let for_tools = containers(plan, placement).iter().map(|container| name(image, placement, *container));
        for_tools.chain([build::file_name(image, placement)])
    });
    let others = [build::LAYOUT_FILE.to_owned(), release::file_name(plan)];
    of_images.chain(others).chain(FACTORY.map(factory_name)).collect()
}

fn name_taken(plan: &Plan, name: &str) -> Diagnostic {
    let error = Diagnostic::error(codes::UNSEALABLE, format!("two files of this build would be called `{name}`"));
    let taking = plan.images.iter().filter(|image| name.split('.').next() == Some(&image.name.value));
    taking
        .fold(error, |error, image| error.at(image.name.span, "this image's"))
        .help("give the image another name: `layout` is the layout's, `factory` the factory image's")
}

/// The containers in which a programming tool takes the image of a slot.
fn containers(plan: &Plan, placement: &Placement) -> &'static [Container] {
    match plan.slot(&placement.slot.value).map(|slot| slot.extent.access) {
        Some(Access::Internal) => &[Container::Hex, Container::Dfu],
        Some(Access::Mapped) => &[Container::Hex],
        Some(Access::Commands) | None => &[],
    }
}

/// Which files there are not, and why.
pub fn left_out(plan: &Plan) -> Vec<String> {
    let mut reasons = Vec::new();
    for placement in plan.images.iter().flat_map(|image| &image.placements) {
        let Some(slot) = plan.slot(&placement.slot.value) else { continue };
        let memory = &slot.extent.region.name;
        reasons.extend(match slot.extent.access {
            Access::Internal => None,
            Access::Mapped => Some(format!("no .dfu: the ROM of this part does not reach `{memory}`")),
            Access::Commands => Some(format!("no .hex and no .dfu: `{memory}` has no address")),
        });
    }
    reasons.dedup();
    for (what, role) in [("layout.bin", RoleName::Layout), ("release", RoleName::Release)] {
        let nobody = || format!("no {what}: nothing says whose signatures `roles.{role}` needs", role = role.name());
        reasons.extend(plan.required_role(role).is_err().then(nobody));
    }
    reasons
}

/// `app.hex`; with several slots `app.a.hex`.
fn name(image: &Image, placement: &Placement, container: Container) -> String {
    let slot = if image.placements.len() > 1 { format!(".{}", placement.slot.value) } else { String::new() };
    format!("{}{slot}.{}", image.name.value, container.word())
}

impl<'a> Output<'a> {
    /// Writes the file.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(&self, plan: &Plan, to: &mut dyn Write) -> io::Result<()> {
        let mut all = |parts: &[&[u8]]| parts.iter().try_for_each(|part| to.write_all(part));
        match (self.content, self.container) {
            (Content::Layout(sealed), _) => all(&[&sealed.bytes]),
            (Content::Release(_, built), _) => all(&built.release_parts()),
            (Content::Image(artefact), _) => all(&artefact.parts()),
            (Content::InSlot(parts, ..), Container::Sealed) => all(&parts),
            (_, Container::Hex) => hex::write(&self.runs(plan), to),
            (Content::InSlot(parts, image, placement), Container::Dfu) => {
                let name = format!("{} {} in {}", image.name.value, version(parts[0]), placement.slot.value);
                to.write_all(&self.dfuse(plan, name))
            }
            (Content::Factory(_), _) => to.write_all(&self.dfuse(plan, "factory image".to_owned())),
        }
    }

    /// The file for internal flash.
    fn dfuse(&self, plan: &Plan, name: String) -> Vec<u8> {
        let elements = self.runs(plan).into_iter().map(Piece::from).collect();
        dfuse::write(&[dfuse::Target { alternate: 0, name, elements }])
    }

    /// Which bytes it brings to which addresses, in the file's order; none for what has no address.
    pub fn runs(&self, plan: &Plan) -> Vec<Run<'a>> {
        match (self.content, self.container) {
            (Content::InSlot(parts, _, placement), Container::Hex) => runs(placement, parts),
            (Content::InSlot(parts, _, placement), Container::Dfu) => {
                by_whole_sectors(plan, placement, runs(placement, parts))
            }
            (Content::Factory(factory), Container::Dfu) => factory.for_dfu(plan),
            (Content::Factory(factory), _) => factory.runs.clone(),
            _ => Vec::new(),
        }
    }
}

/// The version that a sealed image says.
fn version(file: &[u8]) -> String {
    ImageHeader::ref_from_prefix(file).map_or(String::new(), |(header, _)| {
        let Version { major, minor, patch } = header.body.version;
        format!("{major}.{minor}.{patch}")
    })
}
