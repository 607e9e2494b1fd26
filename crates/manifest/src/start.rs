//! A manifest to start from, for a part in one of its modes.

use std::fmt::Write as _;

use geometry::{Mode, OptionKind, Part, Region, Sector, Selects, bytes, numbers};

/// Bytes that a boot loader gets at least: waxseal's own for an STM32F767 takes 38,124 (`examples/boot`, size profile).
const BOOT: u32 = 40 * 1024;

/// Neighbouring sectors of one region.
#[derive(Clone, Debug)]
struct Place<'a> {
    region: &'a Region,
    sectors: Vec<Sector>,
}

/// The manifest's text, with comments: a boot loader at the start of flash, and two slots as large and as equal as the
/// sectors allow. `None` if there is no room for them. `secure_start` is the value of [`Part::secure_start`]'s option byte, of a part
/// that has one.
pub fn manifest(part: &Part, mode: &Mode, secure_start: Option<u32>, vendor: &str, class: &str) -> Option<String> {
    let (boot, mut rest) = boot(mode)?;
    rest.retain(|sector| secure_start.is_none_or(|secure| sector.number < secure));
    let [a, b] = slots(mode, &rest)?;
    let protect = boot.region.write_protection.is_some();
    let mut text = format!(
        "# {}{}: {}\n# What only you can decide is empty; `waxseal check` says where.\n\n",
        part.name,
        if mode.selectors.is_empty() { String::new() } else { format!(", {}", mode.phrase()) },
        mode.summary(),
    );
    let _ = write!(
        text,
        "[product]\nvendor = \"{vendor}\"  # your domain name; with `class` it keeps images off other devices\n\
         class  = \"{class}\"  # what you call the product\n\n"
    );
    text.push_str(&device(part, mode, secure_start));
    let _ = write!(text, "\n[boot]\nloader = \"waxseal\"\nslot   = \"boot\"\n\n[slots.boot]\n{}", boot.lines());
    if protect {
        text.push_str("write-protect = true  # waxseal works out the option bits\n");
    }
    let _ = write!(text, "\n[slots.a]\n{}\n[slots.b]\n{}\n", a.lines(), b.lines());
    text.push_str(
        "[images.app]\n\
         slots    = [\"a\", \"b\"]\n\
         strategy = \"direct-xip\"  # each slot runs where it is stored: one build for each\n\
         inputs.a = \"build/app-a.elf\"  # `waxseal gen linker --slot a` writes the memory.x to link it with\n\
         inputs.b = \"build/app-b.elf\"\n\
         version  = \"0.1.0\"\n\n\
         # To keep devices from going back to images with known holes, add `security-counter` and `counter-store` here,\n\
         # an area with `use = \"counter\"` and two sectors, and `raise` under [update].\n\n\
         [update]\n\
         tries = 3  # starts of an image that nobody confirmed, then back to the other\n\n\
         [keys.release]\n\
         public = \"keys/release.pub.pem\"  # `waxseal key new keys/release` makes the pair\n",
    );
    Some(text)
}

/// Part and option bytes.
fn device(part: &Part, mode: &Mode, secure_start: Option<u32>) -> String {
    let mut text = format!("[device]\npart = \"{}\"\n", part.name);
    for (name, value) in &mode.selectors {
        let _ =
            writeln!(text, "options.{name} = {value}  # selects the sector map: read it from a board, they can differ");
    }
    for option in &part.options {
        match (option.kind, option.selects) {
            (_, Some(Selects::RunAddress)) if mode.regions.len() > 1 => {
                let _ =
                    writeln!(text, "options.{} = 1  # banks are not exchanged: the boot loader chooses", option.name);
            }
            (OptionKind::BootAddress { .. }, _) if !text.contains("= \"boot\"") => {
                let _ = writeln!(text, "options.{} = \"boot\"", option.name);
            }
            (OptionKind::SecureStart, _) => {
                let of_radio = "from this page on flash is the radio's: read it from a board with the radio firmware that you ship";
                text.extend(secure_start.map(|secure| format!("options.{} = {secure}  # {of_radio}\n", option.name)));
            }
            (OptionKind::Level, _) => {
                let _ = writeln!(text, "# options.{} = 1  # as shipped boards have it", option.name);
            }
            _ => {}
        }
    }
    text
}

/// The boot loader's place, and what is left of its region: whole sectors, and none that shares a protection bit.
fn boot(mode: &Mode) -> Option<(Place<'_>, Vec<Sector>)> {
    let region = mode.regions.first()?;
    let mut sectors: Vec<Sector> = region.sectors().collect();
    let mut size = 0;
    let enough = sectors.iter().position(|sector| {
        size += sector.size;
        size >= BOOT
    })?;
    let group = region.write_protection.as_ref().map_or(1, |protection| protection.sectors_per_bit.max(1) as usize);
    let count = (enough + 1).next_multiple_of(group);
    if count >= sectors.len() {
        return None;
    }
    let rest = sectors.split_off(count);
    Some((Place { region, sectors }, rest))
}

/// Two slots of one size: the same sectors of two banks, or the largest two neighbours of one.
fn slots<'a>(mode: &'a Mode, rest: &[Sector]) -> Option<[Place<'a>; 2]> {
    let [first, others @ ..] = mode.regions.as_slice() else { return None };
    if let [second] = others {
        let all: Vec<Sector> = second.sectors().collect();
        let same = all.split_at_checked(all.len().checked_sub(rest.len())?)?.1;
        let sizes = |sectors: &[Sector]| sectors.iter().map(|sector| sector.size).collect::<Vec<_>>();
        let alike = sizes(rest) == sizes(same);
        return alike.then(|| {
            [Place { region: first, sectors: rest.to_vec() }, Place { region: second, sectors: same.to_vec() }]
        });
    }
    let (start, middle, end) = halves(rest)?;
    let place = |sectors: &[Sector]| Place { region: first, sectors: sectors.to_vec() };
    Some([place(rest.get(start..middle)?), place(rest.get(middle..end)?)])
}

/// The borders of the two largest neighbours of equal size.
fn halves(sectors: &[Sector]) -> Option<(usize, usize, usize)> {
    let mut best: Option<(u32, (usize, usize, usize))> = None;
    for middle in 1..sectors.len() {
        let (mut start, mut end, mut below, mut above) = (middle, middle, 0, 0);
        loop {
            // The smaller side grows; where both are equal, a pair is found.
            let grown = if below <= above { start.checked_sub(1) } else { Some(end) };
            let Some(sector) = grown.and_then(|index| sectors.get(index)) else { break };
            if below <= above {
                start -= 1;
                below += sector.size;
            } else {
                end += 1;
                above += sector.size;
            }
            if below == above && best.is_none_or(|(size, _)| below > size) {
                best = Some((below, (start, middle, end)));
            }
        }
    }
    best.map(|(_, borders)| borders)
}

impl Place<'_> {
    /// Its keys.
    fn lines(&self) -> String {
        let (first, last) = (self.sectors.first(), self.sectors.last());
        let number = |sector: Option<&Sector>| sector.map_or(0, |sector| sector.number);
        let range = numbers(number(first), number(last));
        let size = bytes(self.sectors.iter().map(|sector| sector.size).sum());
        format!("region  = \"{}\"\nsectors = \"{range}\"  # {size}\n", self.region.name)
    }
}
