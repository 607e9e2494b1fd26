//! Values that belong to one board and to no other.

use serde::Serialize;
use serde_json::Value as Json;

use crate::error::Error;
use crate::event::{State, Who};
use crate::ledger::{Board, board};
use crate::many;
use crate::ranges::{Ranges, digits};
use crate::store::{Store, Value};
use crate::sum;

/// What one board is to have for its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What names the request when it is made again, by the same command after a cut: the batch and the row.
    pub reference: String,
    /// Values that the records bring.
    pub claims: Vec<Claim>,
    /// Numbers that the ledger is to give.
    pub takes: Vec<Take>,
}

/// A value that no two boards may share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is: `serial`, `eui48`. Values of different kinds never collide.
    pub kind: String,
    /// The value.
    pub value: String,
}

impl Claim {
    /// A number, as ranges give them.
    pub fn number(kind: &str, number: u64) -> Self {
        Self { kind: kind.to_owned(), value: digits(number) }
    }
}

/// Consecutive numbers out of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// What they are.
    pub kind: String,
    /// The range's first number.
    pub first: u64,
    /// Its last one.
    pub last: u64,
    /// How many.
    pub count: u32,
}

/// What a request got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocated {
    /// The board's name.
    pub board: String,
    /// The first number of each take.
    pub numbers: Vec<u64>,
    /// Whether it got it now. `false`: the same request was made before.
    pub is_new: bool,
}

pub(crate) fn allocate(
    store: &mut dyn Store,
    requests: &[Request],
    who: &Who,
    name: &dyn Fn(usize, &[u64]) -> String,
) -> Result<Vec<Allocated>, Error> {
    let mut chain = sum::Writer::new(store)?;
    let mut allocated = Vec::with_capacity(requests.len());
    let known = many::allocated(store, requests.iter().map(|request| request.reference.as_str()))?;
    let mut ranges = Ranges::beside(requests);
    let mut new = New::default();
    for (place, request) in requests.iter().enumerate() {
        if let Some((board, detail)) = known.get(&request.reference) {
            allocated.push(made_before(request, board, detail)?);
            continue;
        }
        let mut claims = request.claims.clone();
        let mut numbers = Vec::with_capacity(request.takes.len());
        for take in &request.takes {
            let first = ranges.take(store, take)?;
            claims.extend((0..u64::from(take.count)).map(|offset| Claim::number(&take.kind, first + offset)));
            numbers.push(first);
        }
        let name = name(place, &numbers);
        let detail = detail(&request.reference, &claims, &numbers)?;
        let event = chain.append(&name, State::Allocated, detail, who).number;
        new.boards.push(Board {
            name: name.clone(),
            reference: request.reference.clone(),
            state: State::Allocated,
            event,
        });
        new.claims.push(claims);
        allocated.push(Allocated { board: name, numbers, is_new: true });
    }
    new.write(store)?;
    chain.flush(store)?;
    ranges.keep(store)?;
    Ok(allocated)
}

/// Boards that were never there, and the values of each.
#[derive(Default)]
struct New {
    boards: Vec<Board>,
    claims: Vec<Vec<Claim>>,
}

impl New {
    fn write(&self, store: &mut dyn Store) -> Result<(), Error> {
        let mut boards: Vec<Value<'_>> = Vec::with_capacity(4 * self.boards.len());
        for Board { name, reference, state, event } in &self.boards {
            boards.extend([name.as_str().into(), reference.as_str().into(), state.name().into(), (*event).into()]);
        }
        if many::BOARDS.write(store, &boards)? != self.boards.len() as u64 {
            return Err(self.named_before(store)?);
        }
        let mut claims: Vec<Value<'_>> = Vec::new();
        for (board, of_board) in self.boards.iter().zip(&self.claims) {
            for Claim { kind, value } in of_board {
                claims.extend([kind, value, &board.reference].map(|text| Value::from(text.as_str())));
            }
        }
        if many::CLAIMS.write(store, &claims)? != self.claims.iter().map(Vec::len).sum::<usize>() as u64 {
            return Err(self.taken_before(store)?);
        }
        Ok(())
    }

    /// Which board's place another one has.
    fn named_before(&self, store: &mut dyn Store) -> Result<Error, Error> {
        for Board { name, reference, event, .. } in &self.boards {
            let found = board(store, name)?;
            if found.as_ref().is_none_or(|found| found.event != *event) {
                let other = found.map_or_else(|| reference.clone(), |found| found.reference);
                return Ok(Error::Allocated { board: name.clone(), reference: other });
            }
        }
        Ok(Error::Database("boards were not written".to_owned()))
    }

    /// Which value another board has, or its own board twice.
    fn taken_before(&self, store: &mut dyn Store) -> Result<Error, Error> {
        let owners = many::owners(store, self.claims.iter().flatten())?;
        for (board, claims) in self.boards.iter().zip(&self.claims) {
            for (index, Claim { kind, value }) in claims.iter().enumerate() {
                let owner = owners.get(&(kind.clone(), value.clone())).unwrap_or(&board.reference);
                if *owner != board.reference || claims[..index].contains(&claims[index]) {
                    let known = many::by_reference(store, [owner.as_str()])?.remove(owner);
                    return Ok(Error::Taken {
                        kind: kind.clone(),
                        value: value.clone(),
                        owner: known.map_or_else(|| owner.clone(), |board| board.name),
                        board: board.name.clone(),
                    });
                }
            }
        }
        Ok(Error::Database("values were not written".to_owned()))
    }
}

/// What is known of requests before anything is given out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// How many of them were made before.
    pub known: usize,
    /// A board among these that is waste.
    pub scrapped: Option<Board>,
}

/// A request, and its board's name, unless the numbers name it.
pub type Named<'a> = (&'a Request, Option<&'a str>);

/// Finds what [`allocate`] would refuse, but for ranges that are used up.
pub(crate) fn judge(store: &mut dyn Store, requests: &[Named<'_>]) -> Result<Judged, Error> {
    let known = many::allocated(store, requests.iter().map(|(request, _)| request.reference.as_str()))?;
    let mut new = Vec::new();
    for named in requests {
        match known.get(&named.0.reference) {
            Some((board, detail)) => _ = made_before(named.0, board, detail)?,
            None => new.push(named),
        }
    }
    let named = many::by_name(store, new.iter().filter_map(|(_, name)| *name))?;
    let taken = many::owners(store, new.iter().flat_map(|(request, _)| &request.claims))?;
    for (request, name) in new {
        if let Some(other) = name.and_then(|name| named.get(name)) {
            return Err(Error::Allocated { board: other.name.clone(), reference: other.reference.clone() });
        }
        for Claim { kind, value } in request.claims.iter().filter(|_| !taken.is_empty()) {
            let Some(reference) = taken.get(&(kind.clone(), value.clone())) else { continue };
            let owner = many::by_reference(store, [reference.as_str()])?.remove(reference);
            return Err(Error::Taken {
                kind: kind.clone(),
                value: value.clone(),
                owner: owner.map_or_else(|| reference.clone(), |board| board.name),
                board: name.unwrap_or(&request.reference).to_owned(),
            });
        }
    }
    let scrapped = known.values().map(|(board, _)| board).find(|board| board.state == State::Scrapped).cloned();
    Ok(Judged { known: known.len(), scrapped })
}

/// What belongs to a row that allocates: JSON, with its members in the order of their names.
#[derive(Serialize)]
struct Detail<'a> {
    claims: Vec<(&'a str, &'a str)>,
    numbers: &'a [u64],
    reference: &'a str,
}

fn detail(reference: &str, claims: &[Claim], numbers: &[u64]) -> Result<String, Error> {
    let claims = claims.iter().map(|claim| (claim.kind.as_str(), claim.value.as_str())).collect();
    serde_json::to_string(&Detail { claims, numbers, reference }).map_err(|error| Error::File(error.to_string()))
}

/// What the same request got before. One with the same reference and other values is refused.
pub(crate) fn made_before(request: &Request, board: &Board, text: &str) -> Result<Allocated, Error> {
    let before: Json = serde_json::from_str(text).unwrap_or_default();
    let numbers: Vec<u64> = before["numbers"].as_array().into_iter().flatten().filter_map(Json::as_u64).collect();
    let taken = request.takes.iter().zip(&numbers).flat_map(|(take, first)| {
        (0..u64::from(take.count)).map(|offset| Claim::number(&take.kind, first.saturating_add(offset)))
    });
    let claims: Vec<_> = request.claims.iter().cloned().chain(taken).collect();
    let in_range = request.takes.iter().zip(&numbers).all(|(take, number)| (take.first..=take.last).contains(number));
    if numbers.len() != request.takes.len() || !in_range || detail(&request.reference, &claims, &numbers)? != text {
        return Err(Error::Allocated { board: board.name.clone(), reference: request.reference.clone() });
    }
    Ok(Allocated { board: board.name.clone(), numbers, is_new: false })
}
