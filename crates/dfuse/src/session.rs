//! A session: the protocol, written as if it waited for its answers, run step by step by its caller.
//!
//! The compiler turns the protocol's functions into a state machine; the session polls it each time that an answer comes.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::effect::{Effect, Event};
use crate::error::{Error, Failure, Journal};
use crate::memory_map::MemoryMap;
use crate::protocol::{self, Protocol};
use crate::task::{Outcome, Task, TaskError};

/// A task under way.
pub struct Session {
    port: Rc<Port>,
    work: Pin<Box<dyn Future<Output = Result<Outcome, Failure>>>>,
    /// The last effect, once there is no next.
    end: Option<Effect>,
    started: bool,
}

impl Session {
    /// A task on the alternate setting that this map describes. `transfer_size` is the functional descriptor's, in bytes.
    ///
    /// # Errors
    /// The map rules the task out.
    pub fn new(map: &MemoryMap, transfer_size: u16, task: Task) -> Result<Self, TaskError> {
        task.check(map)?;
        let port = Rc::new(Port::default());
        let protocol = Protocol::new(Rc::clone(&port), map.clone(), transfer_size);
        Ok(Self { port, work: Box::pin(protocol::run(protocol, task)), end: None, started: false })
    }

    /// What to do next, now that the last effect came to this. The first event is [`Event::Start`].
    pub fn next(&mut self, event: Event) -> Effect {
        if let Some(end) = &self.end {
            return end.clone();
        }
        let starts = event == Event::Start;
        if starts == self.started {
            return self.finish(Effect::Failed(Failure { error: Error::Event, journal: Journal::default() }));
        }
        if starts {
            self.started = true;
        } else {
            self.port.event.set(Some(event));
        }
        match self.work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(outcome)) => self.finish(Effect::Finished(outcome)),
            Poll::Ready(Err(failure)) => self.finish(Effect::Failed(failure)),
            Poll::Pending => match self.port.effect.take() {
                Some(effect) => effect,
                None => self.finish(Effect::Failed(Failure { error: Error::Event, journal: Journal::default() })),
            },
        }
    }

    fn finish(&mut self, effect: Effect) -> Effect {
        self.end = Some(effect.clone());
        effect
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("end", &self.end).finish_non_exhaustive()
    }
}

/// Where the protocol leaves its effects and finds their answers.
#[derive(Default)]
pub(crate) struct Port {
    effect: Cell<Option<Effect>>,
    event: Cell<Option<Event>>,
}

impl Port {
    /// Has an effect performed.
    pub(crate) async fn perform(&self, effect: Effect) -> Event {
        self.effect.set(Some(effect));
        poll_fn(|_| self.event.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}
