//! Where code is linked, and where it runs.

use geometry::{Evidence, OptionByte, address, bytes};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Image, OptionValue, Placement, Plan, RunAlias, Strategy, Word as _};
use crate::scalar::FilePath;
use crate::source::Spanned;
use crate::spec;

/// WX0407: one build for slots that run at different addresses.
pub(crate) fn one_build(
    image: &spec::Image,
    input: &Spanned<FilePath>,
    slots: &[Spanned<String>],
    report: &mut Vec<Diagnostic>,
) {
    if let Some(strategy) = image.strategy.filter(|strategy| strategy.value == Strategy::DirectXip) {
        let error = Diagnostic::error(codes::ONE_LINK_ADDRESS, "one build cannot run in two slots");
        let inputs: Vec<String> = slots.iter().map(|slot| format!("inputs.{} = \"...\"", slot.value)).collect();
        let error = error.at(input.entry, "linked for one of them only");
        let error = error.see(strategy.span, "each slot runs where it is stored");
        report.push(error.help(format!("one file for each slot: {}", inputs.join(", "))));
    }
}

/// WX0108: an input that is not linked for the slot it is meant for.
///
/// `input` is the file as it should be shown, and `linked_at` the lowest address that it loads at: an alias as it is, where the
/// slot does not run at one.
pub fn link_address(plan: &Plan, image: &Image, placement: &Placement, input: &str, linked_at: u32) -> Diagnostic {
    let slot_name = &placement.slot.value;
    let (linked, runs) = (address(linked_at), address(placement.run_address));
    let title = format!("`{input}` is linked at {linked} and slot `{slot_name}` runs at {runs}");
    let mut error = Diagnostic::error(codes::LINK_ADDRESS, title);

    if let Some((OptionValue { span: Some(span), .. }, meaning)) = plan.device.where_banks_run() {
        error = error.see(*span, meaning);
    }
    if let Some(slot) = plan.slot(slot_name) {
        let start = address(placement.store_address);
        let code = match placement.payload_offset() {
            0 => "code comes first".to_owned(),
            header => format!("code follows the header of {}", bytes(header)),
        };
        error = error.see(slot.extent.span, format!("starts at {start}; {code}"));
    }
    let home = image.placements.iter().find(|other| other.run_address == linked_at);
    if let Some(same) = home.and_then(|home| home.input.as_ref()).filter(|path| Some(*path) != placement.input.as_ref())
    {
        let here = placement.input.as_ref().is_some_and(|path| path.value == same.value);
        error = error.see(same.span, if here { "the same file, right here" } else { "the file of that address" });
    }
    let place = placement.input.as_ref().map_or(placement.slot.span, |input| input.span);
    let target = home.map_or(linked.clone(), |home| format!("`{}`", home.slot.value));
    let text = format!("this build cannot run in `{slot_name}`: vector table and reset vector point into {target}");
    error = error.at(place, text).help(format!(
        "link it a second time: `waxseal gen linker {} --slot {slot_name}` writes memory.x with FLASH at {runs}",
        plan.manifest
    ));
    // A fragment has other texts for its paths, which start from its folder.
    let files = placement.input.as_ref().zip(home.and_then(|home| home.input.as_ref()));
    if let Some((own, other)) =
        files.filter(|(own, other)| own.value != other.value && own.span.file == 0 && other.span.file == 0)
    {
        let quoted = |path: &str| format!("\"{path}\"");
        let edits = [(own.span, quoted(&other.value)), (other.span, quoted(&own.value))];
        error = error.edits("or the two files stand in each other's place", edits);
    }
    // The right build, in a slot that does not say so.
    let part = &plan.device.part;
    let alias = part.aliases.iter().find(|alias| {
        alias.name == RunAlias::Itcm.word()
            && linked_at.checked_sub(alias.base).is_some_and(|offset| offset < alias.size)
    });
    if let Some(alias) = alias.filter(|_| part.canonical(linked_at) == placement.payload_address) {
        let text = format!(
            "or run-alias = \"{}\" in [slots.{slot_name}]: it runs at {linked}, and is programmed at {}",
            alias.name,
            address(placement.payload_address)
        );
        let fact = format!(
            "the flash from {} on is seen at {} too, where it cannot be programmed",
            address(alias.target),
            address(alias.base)
        );
        return error.help(text).fact(fact, &alias.citation.source, alias.citation.evidence);
    }
    // Only two banks that this part's boot ROM exchanges run one build from either.
    let has_two = plan.device.mode.regions.len() == 2 && image.placements.len() == 2;
    if let Some(OptionByte { name, .. }) =
        plan.device.part.run_option().filter(|_| has_two && image.strategy.value != Strategy::BankSwap)
    {
        error =
            error.help(format!("or one build for both: strategy = \"bank-swap\" with {name} = 0, and no boot loader"));
    }
    if plan.device.part.name.starts_with("STM32F7") {
        error = error.fact(
            "ST's DualBoot example links bank 2 at 0x0810_0000, its SwapBank example at 0x0800_0000",
            "CubeF7",
            Evidence::VendorSource,
        );
    }
    error
}
