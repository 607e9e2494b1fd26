//! What is locked is programmed no more. A board has stages, and only some of them may be locked.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::error::Error;
use crate::event::{Event, State};

/// Refuses a row that programs what is locked. A row without a stage may be about any; so it is refused only if all that was
/// issued is locked.
pub(crate) fn refuse(before: &[Event], board: &str, state: State, detail: &str) -> Result<(), Error> {
    if state != State::Written {
        return Ok(());
    }
    let (mut issued, mut locked) = (BTreeSet::new(), BTreeSet::new());
    for event in before {
        let named = stage(&event.detail);
        match event.state {
            State::Issued => _ = issued.insert(named.unwrap_or_default()),
            // Where several were issued, a lock without a stage may be any one's.
            State::Locked => locked.extend(named.or_else(|| issued.first().filter(|_| issued.len() == 1).cloned())),
            _ => {}
        }
    }
    let stage = match stage(detail) {
        Some(stage) => locked.get(&stage),
        None => locked.first().filter(|_| issued.is_subset(&locked)),
    };
    match stage {
        Some(stage) => Err(Error::Locked { board: board.to_owned(), stage: stage.clone() }),
        None => Ok(()),
    }
}

/// The stage that a row says.
fn stage(detail: &str) -> Option<String> {
    let detail: Json = serde_json::from_str(detail).ok()?;
    detail["stage"].as_str().map(ToOwned::to_owned)
}
