//! Numbers of ranges, each for one board.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::allocate::{Claim, Request, Take};
use crate::error::Error;
use crate::store::Store;

/// Where the next numbers are looked for, and which are somebody's.
pub(crate) struct Ranges {
    /// By kind and first number of the range.
    next: BTreeMap<(String, u64), Next>,
    /// By kind: those that these requests bring or were given, and those that the ledger was asked about.
    taken: BTreeMap<String, BTreeSet<u64>>,
}

/// The next number of a range.
struct Next {
    /// `None`: there is none behind the last one.
    number: Option<u64>,
    /// The ledger was asked up to here.
    known: Option<u64>,
}

/// So many numbers are asked about at once: what some hundreds of boards need.
const AHEAD: u64 = 1000;

impl Ranges {
    pub(crate) fn beside(requests: &[Request]) -> Self {
        let mut taken: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for Claim { kind, value } in requests.iter().flat_map(|request| &request.claims) {
            if let Some(number) = number(value) {
                taken.entry(kind.clone()).or_default().insert(number);
            }
        }
        Self { next: BTreeMap::new(), taken }
    }

    /// Consecutive numbers that nobody has: the first of them.
    pub(crate) fn take(&mut self, store: &mut dyn Store, take: &Take) -> Result<u64, Error> {
        let key = (take.kind.clone(), take.first);
        let mut next = match self.next.remove(&key) {
            Some(next) => next,
            None => Next { number: Some(Self::load(store, take)?), known: None },
        };
        let taken = self.taken.entry(take.kind.clone()).or_default();
        let count = u64::from(take.count);
        loop {
            let last = next.number.and_then(|first| first.checked_add(count.saturating_sub(1)));
            let (Some(first), Some(last)) = (next.number, last.filter(|last| *last <= take.last)) else {
                let left = next.number.map_or(Ok(0), |number| left(store, take, number))?;
                return Err(Error::Exhausted { kind: take.kind.clone(), left, wanted: count });
            };
            if next.known.is_none_or(|known| known < last) {
                let ahead = last.saturating_add(AHEAD).min(take.last);
                taken.extend(Self::ask(store, &take.kind, first..=ahead)?);
                next.known = Some(ahead);
            }
            // The records of some board may have brought one of them.
            if let Some(used) = taken.range(first..=last).next_back() {
                next.number = used.checked_add(1);
                continue;
            }
            taken.extend(first..=last);
            next.number = last.checked_add(1);
            self.next.insert(key, next);
            return Ok(first);
        }
    }

    /// Those of these numbers that somebody has.
    fn ask(store: &mut dyn Store, kind: &str, numbers: RangeInclusive<u64>) -> Result<Vec<u64>, Error> {
        let sql = "SELECT value FROM claim WHERE kind = $1 AND value >= $2 AND value <= $3";
        let (first, last) = (digits(*numbers.start()), digits(*numbers.end()));
        let rows = store.query(sql, &[kind.into(), first.as_str().into(), last.as_str().into()])?;
        Ok(rows.iter().filter_map(|row| number(row.first()?.text()?)).collect())
    }

    fn load(store: &mut dyn Store, take: &Take) -> Result<u64, Error> {
        let sql = "SELECT next FROM allotment WHERE kind = $1 AND first = $2";
        let rows = store.query(sql, &[take.kind.as_str().into(), digits(take.first).as_str().into()])?;
        let next = rows.first().and_then(|row| number(row.first()?.text()?));
        Ok(next.unwrap_or(take.first))
    }

    pub(crate) fn keep(self, store: &mut dyn Store) -> Result<(), Error> {
        for ((kind, first), Next { number, .. }) in self.next {
            let sql = "INSERT INTO allotment (kind, first, next) VALUES ($1, $2, $3) \
                       ON CONFLICT (kind, first) DO UPDATE SET next = excluded.next";
            // The very last number is somebody's: whoever begins with it finds none.
            let next = digits(number.unwrap_or(u64::MAX));
            store.execute(sql, &[kind.as_str().into(), digits(first).as_str().into(), next.as_str().into()])?;
        }
        Ok(())
    }
}

/// How many numbers from `next` to the range's end nobody has.
pub(crate) fn left(store: &mut dyn Store, take: &Take, next: u64) -> Result<u64, Error> {
    let sql = "SELECT COUNT(*) FROM claim WHERE kind = $1 AND value >= $2 AND value <= $3";
    let (first, last) = (digits(next), digits(take.last));
    let rows = store.query(sql, &[take.kind.as_str().into(), first.as_str().into(), last.as_str().into()])?;
    let claimed = rows.first().and_then(|row| row.first()?.integer()).unwrap_or_default();
    let size = take.last.checked_sub(next).map_or(0, |size| size.saturating_add(1));
    Ok(size.saturating_sub(u64::try_from(claimed).unwrap_or_default()))
}

/// Sixteen digits, so that texts order as numbers do.
pub(crate) fn digits(number: u64) -> String {
    format!("{number:016x}")
}

/// The number of such a text.
pub(crate) fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok().filter(|number| digits(*number) == text)
}
