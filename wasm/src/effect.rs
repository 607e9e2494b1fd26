//! Effects and events as JavaScript has them: `effects.ts`.

#[cfg(feature = "boards")]
use flasher::Progress;
use flasher::{Effect, Event, Setup};
use wasm_bindgen::prelude::*;

use crate::argument::Argument;
use crate::object::{bytes, object};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("effects.ts");

/// An `Event`.
#[cfg(feature = "boards")]
pub fn read_event(event: &Argument) -> Result<Event, JsValue> {
    let kind = event.property("kind")?;
    Ok(match kind.text(8).as_deref() {
        Some("start") => Event::Start,
        Some("done") => Event::Done,
        Some("received") => Event::Received(event.property("bytes")?.content()?),
        Some("stalled") => Event::Stalled,
        Some("gone") => Event::Gone,
        Some("cancel") => Event::Cancel,
        _ => {
            return Err(kind.refuse("is not \"start\", \"done\", \"received\", \"stalled\", \"gone\" or \"cancel\""));
        }
    })
}

/// The same the other way round.
#[cfg(feature = "simulated")]
pub fn write_event(event: &Event) -> Result<JsValue, JsValue> {
    let kind = |kind: &str| object(&[("kind", kind.into())]);
    match event {
        Event::Start => kind("start"),
        Event::Done => kind("done"),
        Event::Received(data) => object(&[("kind", "received".into()), ("bytes", bytes(data))]),
        Event::Stalled => kind("stalled"),
        Event::Gone => kind("gone"),
        Event::Cancel => kind("cancel"),
    }
}

/// An `Effect`. Counts of bytes are below 4 GiB, and exact as numbers.
#[cfg(feature = "boards")]
pub fn write(effect: &Effect) -> Result<JsValue, JsValue> {
    let count = |count: u64| JsValue::from(u32::try_from(count).unwrap_or(u32::MAX));
    match effect {
        Effect::Out { setup: to, data } => {
            object(&[("kind", "out".into()), ("setup", setup(to)?), ("data", bytes(data))])
        }
        Effect::In { setup: from, length } => {
            object(&[("kind", "in".into()), ("setup", setup(from)?), ("length", (*length).into())])
        }
        Effect::Select { interface, alternate } => {
            object(&[("kind", "select".into()), ("interface", (*interface).into()), ("alternate", (*alternate).into())])
        }
        Effect::Wait(milliseconds) => object(&[("kind", "wait".into()), ("milliseconds", (*milliseconds).into())]),
        Effect::Progress(Progress { stage, done, total, range }) => object(&[
            ("kind", "progress".into()),
            ("stage", stage.words().into()),
            ("changes", stage.changes().into()),
            ("done", count(*done)),
            ("total", count(*total)),
            ("address", range.start.into()),
            ("size", range.end.saturating_sub(range.start).into()),
        ]),
    }
}

/// The same the other way round; `None`: a progress, which is no board's business.
#[cfg(feature = "simulated")]
pub fn read(effect: &Argument) -> Result<Option<Effect>, JsValue> {
    let kind = effect.property("kind")?;
    Ok(Some(match kind.text(8).as_deref() {
        Some("out") => Effect::Out { setup: read_setup(effect)?, data: effect.property("data")?.content()? },
        Some("in") => Effect::In { setup: read_setup(effect)?, length: small(effect, "length")? },
        Some("select") => {
            Effect::Select { interface: small(effect, "interface")?, alternate: small(effect, "alternate")? }
        }
        Some("wait") => Effect::Wait(effect.property("milliseconds")?.integer()?),
        Some("progress") => return Ok(None),
        _ => return Err(kind.refuse("is not \"out\", \"in\", \"select\", \"wait\" or \"progress\"")),
    }))
}

#[cfg(feature = "simulated")]
fn read_setup(effect: &Argument) -> Result<Setup, JsValue> {
    let setup = effect.property("setup")?;
    Ok(Setup {
        request_type: small(&setup, "requestType")?,
        request: small(&setup, "request")?,
        value: small(&setup, "value")?,
        index: small(&setup, "index")?,
    })
}

#[cfg(feature = "simulated")]
fn small<T: TryFrom<u32>>(argument: &Argument, name: &str) -> Result<T, JsValue> {
    let value = argument.property(name)?;
    value.integer()?.try_into().map_err(|_| value.refuse("is too large"))
}

#[cfg(feature = "boards")]
fn setup(Setup { request_type, request, value, index }: &Setup) -> Result<JsValue, JsValue> {
    object(&[
        ("requestType", (*request_type).into()),
        ("request", (*request).into()),
        ("value", (*value).into()),
        ("index", (*index).into()),
    ])
}
