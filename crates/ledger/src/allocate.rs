//! Values that belong to one board and to no other.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use serde_json::{Value as Json, json};

use crate::error::Error;
use crate::event::{State, Who};
use crate::ledger::{Board, board};
use crate::many;
use crate::store::Store;
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
    let mut ranges = Ranges::default();
    let mut allocated = Vec::with_capacity(requests.len());
    let known = many::by_reference(store, requests.iter().map(|request| request.reference.as_str()))?;
    for (place, request) in requests.iter().enumerate() {
        if known.contains_key(&request.reference)
            && let Some(before) = made_before(store, request)?
        {
            allocated.push(before);
            continue;
        }
        let mut claims = request.claims.clone();
        let mut numbers = Vec::with_capacity(request.takes.len());
        for take in &request.takes {
            let first = ranges.take(store, take, &request.reference)?;
            claims.extend((0..u64::from(take.count)).map(|offset| Claim::number(&take.kind, first + offset)));
            numbers.push(first);
        }
        let name = name(place, &numbers);
        let sql = "INSERT INTO board (name, reference, state, event) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let (reference, state) = (request.reference.as_str(), State::Allocated.name());
        let row = [name.as_str().into(), reference.into(), state.into(), chain.next().into()];
        if store.execute(sql, &row)? != 1 {
            let other = board(store, &name)?.map_or_else(|| reference.to_owned(), |board| board.reference);
            return Err(Error::Allocated { board: name, reference: other });
        }
        for claim in &request.claims {
            if !insert(store, claim, reference)? {
                let Claim { kind, value } = claim.clone();
                return Err(Error::Taken { owner: owner(store, claim)?, kind, value, board: name });
            }
        }
        let detail = detail(reference, &claims, &numbers).to_string();
        chain.append(store, &name, State::Allocated, detail, who)?;
        allocated.push(Allocated { board: name, numbers, is_new: true });
    }
    ranges.keep(store)?;
    Ok(allocated)
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
    let known = many::by_reference(store, requests.iter().map(|(request, _)| request.reference.as_str()))?;
    let (old, new): (Vec<&Named<'_>>, Vec<_>) =
        requests.iter().partition(|(request, _)| known.contains_key(&request.reference));
    for (request, _) in old {
        made_before(store, request)?;
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
    let scrapped = known.values().find(|board| board.state == State::Scrapped).cloned();
    Ok(Judged { known: known.len(), scrapped })
}

fn detail(reference: &str, claims: &[Claim], numbers: &[u64]) -> Json {
    let claims: Vec<_> = claims.iter().map(|claim| json!([claim.kind, claim.value])).collect();
    json!({ "reference": reference, "claims": claims, "numbers": numbers })
}

/// What the same request got before. One with the same reference and other values is refused.
pub(crate) fn made_before(store: &mut dyn Store, request: &Request) -> Result<Option<Allocated>, Error> {
    let sql = "SELECT event.board, event.detail FROM board JOIN event ON event.board = board.name \
               WHERE board.reference = $1 ORDER BY event.number LIMIT 1";
    let rows = store.query(sql, &[request.reference.as_str().into()])?;
    let Some((name, text)) = rows.first().and_then(|row| Some((row.first()?.text()?, row.get(1)?.text()?))) else {
        return Ok(None);
    };
    let before: Json = serde_json::from_str(text).unwrap_or_default();
    let numbers: Vec<u64> = before["numbers"].as_array().into_iter().flatten().filter_map(Json::as_u64).collect();
    let taken = request.takes.iter().zip(&numbers).flat_map(|(take, first)| {
        (0..u64::from(take.count)).map(|offset| Claim::number(&take.kind, first.saturating_add(offset)))
    });
    let claims: Vec<_> = request.claims.iter().cloned().chain(taken).collect();
    let in_range = request.takes.iter().zip(&numbers).all(|(take, number)| (take.first..=take.last).contains(number));
    if numbers.len() != request.takes.len() || !in_range || detail(&request.reference, &claims, &numbers) != before {
        return Err(Error::Allocated { board: name.to_owned(), reference: request.reference.clone() });
    }
    Ok(Some(Allocated { board: name.to_owned(), numbers, is_new: false }))
}

/// Claims a value. `false`: it is somebody's.
fn insert(store: &mut dyn Store, claim: &Claim, reference: &str) -> Result<bool, Error> {
    let sql = "INSERT INTO claim (kind, value, reference) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let values = [claim.kind.as_str().into(), claim.value.as_str().into(), reference.into()];
    Ok(store.execute(sql, &values)? == 1)
}

/// The board that has a value.
fn owner(store: &mut dyn Store, claim: &Claim) -> Result<String, Error> {
    let sql = "SELECT board.name FROM claim JOIN board ON board.reference = claim.reference \
               WHERE claim.kind = $1 AND claim.value = $2";
    let rows = store.query(sql, &[claim.kind.as_str().into(), claim.value.as_str().into()])?;
    let name = rows.first().and_then(|row| row.first()?.text());
    // Two requests of one call: the first one's board is not written down yet, if it is the same board.
    Ok(name.unwrap_or("the same board").to_owned())
}

/// Where the next numbers are looked for: by kind and first number of the range.
#[derive(Default)]
struct Ranges(BTreeMap<(String, u64), u64>);

impl Ranges {
    fn take(&mut self, store: &mut dyn Store, take: &Take, reference: &str) -> Result<u64, Error> {
        let key = (take.kind.clone(), take.first);
        let mut next = match self.0.get(&key) {
            Some(next) => *next,
            None => Self::load(store, take)?,
        };
        let count = u64::from(take.count);
        loop {
            let last = next.checked_add(count.saturating_sub(1)).filter(|last| *last <= take.last);
            let Some(last) = last else {
                let left = left(store, take, next)?;
                return Err(Error::Exhausted { kind: take.kind.clone(), left, wanted: count });
            };
            // The records of some board may have brought one of them.
            let Some(taken) = Self::first_taken(store, take, next..=last, reference)? else {
                self.0.insert(key, last.saturating_add(1));
                return Ok(next);
            };
            Self::give_back(store, &take.kind, next..taken)?;
            let Some(after) = taken.checked_add(1) else {
                return Err(Error::Exhausted { kind: take.kind.clone(), left: 0, wanted: count });
            };
            next = after;
        }
    }

    /// Claims numbers, up to the first that is somebody's.
    fn first_taken(
        store: &mut dyn Store,
        take: &Take,
        mut numbers: RangeInclusive<u64>,
        reference: &str,
    ) -> Result<Option<u64>, Error> {
        let mut claim = |number: u64| match insert(store, &Claim::number(&take.kind, number), reference) {
            Ok(true) => None,
            Ok(false) => Some(Ok(number)),
            Err(error) => Some(Err(error)),
        };
        numbers.find_map(&mut claim).transpose()
    }

    fn load(store: &mut dyn Store, take: &Take) -> Result<u64, Error> {
        let sql = "SELECT next FROM allotment WHERE kind = $1 AND first = $2";
        let rows = store.query(sql, &[take.kind.as_str().into(), digits(take.first).as_str().into()])?;
        let next = rows.first().and_then(|row| u64::from_str_radix(row.first()?.text()?, 16).ok());
        Ok(next.unwrap_or(take.first))
    }

    fn give_back(store: &mut dyn Store, kind: &str, numbers: Range<u64>) -> Result<(), Error> {
        for number in numbers {
            let sql = "DELETE FROM claim WHERE kind = $1 AND value = $2";
            store.execute(sql, &[kind.into(), digits(number).as_str().into()])?;
        }
        Ok(())
    }

    fn keep(self, store: &mut dyn Store) -> Result<(), Error> {
        for ((kind, first), next) in self.0 {
            let sql = "INSERT INTO allotment (kind, first, next) VALUES ($1, $2, $3) \
                       ON CONFLICT (kind, first) DO UPDATE SET next = excluded.next";
            store.execute(sql, &[kind.as_str().into(), digits(first).as_str().into(), digits(next).as_str().into()])?;
        }
        Ok(())
    }
}

/// How many numbers from `next` to the range's end nobody has.
pub(crate) fn left(store: &mut dyn Store, take: &Take, next: u64) -> Result<u64, Error> {
    let sql = "SELECT COUNT(*) FROM claim WHERE kind = $1 AND value >= $2 AND value <= $3";
    let values = [take.kind.as_str().into(), digits(next).as_str().into(), digits(take.last).as_str().into()];
    let rows = store.query(sql, &values)?;
    let claimed = rows.first().and_then(|row| row.first()?.integer()).unwrap_or_default();
    let size = take.last.checked_sub(next).map_or(0, |size| size.saturating_add(1));
    Ok(size.saturating_sub(u64::try_from(claimed).unwrap_or_default()))
}

/// Sixteen digits, so that texts order as numbers do.
fn digits(number: u64) -> String {
    format!("{number:016x}")
}
