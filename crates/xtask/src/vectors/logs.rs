//! Vectors for readers of the state log: an area, and what it says.

use image_format::Memory;
use image_format::log::{Entry, EntryKind, LogForm, SlotLog, Status, place_size, scan};
use serde_json::{Value, json};
use zerocopy::IntoBytes as _;

use crate::generated::hex;

/// What a place of a case holds.
#[derive(Clone, Copy)]
enum Place {
    Free,
    Spent,
    /// An entry of this generation about this image, by the first byte of its id.
    Entry(EntryKind, u32, u8),
    /// The same with a bit that a cut left as it was.
    Torn(EntryKind, u32, u8),
    /// The same with something behind it.
    Padded(EntryKind, u32, u8),
}

/// A log and the status that the specification asks for. Three tries are allowed.
struct Case {
    name: &'static str,
    unit: u32,
    erased: u8,
    /// A place that cannot be read.
    unreadable: Option<u32>,
    places: Vec<Place>,
    expected: Status,
}

const TRIES: u8 = 3;
/// Places of seeded logs, and how many of these there are.
const SEEDED: (u32, u32) = (12, 48);

/// The index: `logs.json`.
pub(super) fn document() -> Result<String, String> {
    let cases = cases();
    let all = [Status::Blank, Status::Open, Status::Trial, Status::Confirmed, Status::Rejected];
    if let Some(missing) = all.iter().find(|status| !cases.iter().any(|case| case.expected == **status)) {
        return Err(format!("no log has the status {missing:?}"));
    }
    let named = cases.iter().map(entry);
    let seeded = (1..=SEEDED.1).map(seeded);
    let logs = named.chain(seeded).collect::<Result<Vec<_>, _>>()?;
    let text = serde_json::to_string_pretty(&json!({ "logs": logs })).map_err(|error| error.to_string())?;
    Ok(format!("{text}\n"))
}

fn entry(case: &Case) -> Result<Value, String> {
    let (log, value) = read(case)?;
    if log.status != case.expected {
        return Err(format!("log {}: expected {:?}, read {:?}", case.name, case.expected, log.status));
    }
    Ok(value)
}

/// Reads the log of a case, and renders both.
fn read(case: &Case) -> Result<(SlotLog, Value), String> {
    let Case { name, unit, erased, unreadable, places, .. } = case;
    let size = place_size(*unit).ok_or("a unit without a place")?;
    let area: Vec<u8> = places.iter().flat_map(|place| bytes(*place, size as usize, *erased)).collect();
    let form = LogForm::new(area.len() as u32, *unit, *erased).ok_or("an area without a form")?;
    let memory = Memory::file(&area);
    let fault = unreadable.map(|place| place * size);
    let log = scan(&mut fault.map_or(memory, |offset| memory.unreadable_at(offset)), &form, TRIES);
    let value = json!({
        "name": name,
        "unit": unit,
        "erased": erased,
        "tries_allowed": TRIES,
        "fault": fault,
        "area": hex(&area),
        "status": format!("{:?}", log.status).to_lowercase(),
        "generation": log.generation,
        "image": hex(&log.image),
        "tries": log.tries,
        "next": log.next,
        "clear": log.clear,
    });
    Ok((log, value))
}

fn bytes(place: Place, size: usize, erased: u8) -> Vec<u8> {
    let (Place::Entry(kind, generation, image)
    | Place::Torn(kind, generation, image)
    | Place::Padded(kind, generation, image)) = place
    else {
        return vec![if matches!(place, Place::Free) { erased } else { !erased }; size];
    };
    let mut id = [0; 32];
    id[..4].fill(image);
    let mut bytes = Entry::new(kind, generation, &id).encode().as_bytes().to_vec();
    match place {
        Place::Torn(..) => bytes[5] ^= 0x40,
        Place::Padded(..) => bytes.push(1),
        _ => {}
    }
    bytes.resize(size, 0);
    bytes
}

fn cases() -> Vec<Case> {
    use EntryKind::{Back, Backup, Clear, Copy, Done, Drop, Okay, Open, Ready, Step, Try};
    use Place::{Free, Padded, Spent, Torn};
    let at = |kind| Place::Entry(kind, 1, 1);
    let case = |name, expected, places: &[Place]| Case {
        name,
        unit: 4,
        erased: 0xFF,
        unreadable: None,
        places: places.to_vec(),
        expected,
    };
    let two_tries = [at(Open), at(Ready), at(Try), at(Try)];
    vec![
        case("blank", Status::Blank, &[Free; 8]),
        case("begun", Status::Open, &[at(Open), at(Open), Free]),
        case("begun for nobody knows what", Status::Open, &[Place::Entry(Open, 7, 0), Free]),
        case("named later", Status::Trial, &[Place::Entry(Open, 7, 0), Place::Entry(Ready, 7, 2), Free]),
        case("named before", Status::Trial, &[Place::Entry(Ready, 7, 2), Place::Entry(Okay, 7, 0), Free]),
        case("asked for", Status::Trial, &[at(Open), at(Ready), at(Ready), Free]),
        case("tried twice", Status::Trial, &two_tries),
        case("tries used up", Status::Rejected, &[at(Ready), at(Try), Spent, at(Try), at(Try), Free]),
        case("a torn try", Status::Trial, &[at(Open), at(Ready), at(Try), at(Try), Torn(Try, 1, 1), Free]),
        case("tried without a READY", Status::Trial, &[at(Open), Torn(Ready, 1, 1), at(Try), Free]),
        case(
            "tried before it was copied",
            Status::Rejected,
            &[at(Ready), at(Try), at(Try), at(Copy), at(Done), at(Try)],
        ),
        case("copied", Status::Trial, &[at(Open), at(Copy), at(Step), at(Done), Free]),
        case("backed up", Status::Trial, &[at(Open), at(Backup), at(Step), Free]),
        case("taken back", Status::Rejected, &[at(Ready), at(Back), at(Done), at(Drop), Free]),
        case("steps alone", Status::Blank, &[at(Step), at(Done), at(Clear), Free]),
        case("confirmed", Status::Confirmed, &[at(Open), at(Ready), at(Try), at(Okay), Free]),
        case("confirmed and dropped", Status::Confirmed, &[at(Drop), at(Okay), at(Drop), Free]),
        case("dropped", Status::Rejected, &[at(Open), at(Ready), at(Drop), Free]),
        case("to be erased", Status::Confirmed, &[at(Open), at(Ready), at(Okay), Spent, at(Clear), Free]),
        case("runs after all", Status::Confirmed, &[at(Open), at(Ready), at(Okay), at(Clear), at(Okay), Free]),
        case("to be erased, about nothing", Status::Blank, &[Spent, Spent, Place::Entry(Clear, 0, 0), Free]),
        case("an older generation", Status::Open, &[at(Okay), Place::Entry(Open, 2, 2), at(Okay), Free]),
        case("another image", Status::Trial, &[at(Ready), Place::Entry(Okay, 1, 2), Free]),
        case("holes", Status::Confirmed, &[Free, at(Open), Free, Spent, Free, at(Okay), Free]),
        case("a last place of anything", Status::Blank, &[Free, Free, Torn(Okay, 1, 1)]),
        case("the last generation", Status::Confirmed, &[Place::Entry(Okay, u32::MAX, 1)]),
        Case {
            unreadable: Some(3),
            ..case("an OKAY that cannot be read", Status::Trial, &[at(Open), at(Ready), at(Try), at(Okay)])
        },
        Case { erased: 0, ..case("erased to zero", Status::Confirmed, &[at(Open), Spent, Free, at(Okay), Free]) },
        Case { unit: 32, ..case("places of 32 bytes", Status::Trial, &[at(Ready), Padded(Okay, 1, 1), Free]) },
    ]
}

/// A log of anything, by a seed: xorshift32 (Marsaglia: Xorshift RNGs, 2003).
fn seeded(seed: u32) -> Result<Value, String> {
    let mut state = seed.wrapping_mul(0x9E37_79B9);
    let mut below = |end: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) % end
    };
    let mut place = || {
        let kind = EntryKind::ALL[below(EntryKind::ALL.len() as u32) as usize];
        let (generation, image) = (below(2), below(3) as u8);
        match below(8) {
            0 => Place::Free,
            1 => Place::Spent,
            2 => Place::Torn(kind, generation, image),
            _ => Place::Entry(kind, generation, image),
        }
    };
    let places = (0..SEEDED.0).map(|_| place()).collect();
    let name = "";
    let case = Case { name, unit: 8, erased: 0xFF, unreadable: None, places, expected: Status::Blank };
    let (_, mut value) = read(&case)?;
    value["name"] = json!(format!("seed {seed}"));
    Ok(value)
}
