//! A procedure: written as if it waited for its answers, run step by step by its caller.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use dfuse::{Event, MemoryMap, Outcome, Phase, Session, Setup, Task};

use crate::effect::{Effect, Progress, Stage};
use crate::trouble::{Stopped, Trouble};

/// A procedure under way. It ends with a `T`, whatever the device answers.
pub struct Procedure<T> {
    link: Rc<Link>,
    work: Pin<Box<dyn Future<Output = T>>>,
    over: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// Perform this, and come back with what came of it.
    Do(Effect),
    /// This is the end.
    End(T),
    /// It has ended before.
    Over,
}

/// Performs effects: what drives a procedure where calls may wait.
pub trait Transport {
    /// Performs an effect.
    fn perform(&mut self, effect: &Effect) -> Event;
}

impl<T> Procedure<T> {
    pub(crate) fn new<F: Future<Output = T> + 'static>(work: impl FnOnce(Rc<Link>) -> F) -> Self {
        let link = Rc::new(Link::default());
        Self { work: Box::pin(work(Rc::clone(&link))), link, over: false }
    }

    /// What to do next, now that the last effect came to this. The first event is [`Event::Start`].
    pub fn next(&mut self, event: Event) -> Next<T> {
        if self.over {
            return Next::Over;
        }
        self.link.event.set(Some(event));
        match self.work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(end) => {
                self.over = true;
                Next::End(end)
            }
            Poll::Pending => match self.link.effect.take() {
                Some(effect) => Next::Do(effect),
                None => {
                    self.over = true;
                    Next::Over
                }
            },
        }
    }

    /// Runs it to its end. `None`: it had ended before.
    pub fn run(mut self, transport: &mut dyn Transport) -> Option<T> {
        let mut event = Event::Start;
        loop {
            match self.next(event) {
                Next::Do(effect) => event = transport.perform(&effect),
                Next::End(end) => return Some(end),
                Next::Over => return None,
            }
        }
    }
}

impl<T> fmt::Debug for Procedure<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Procedure").field("over", &self.over).finish_non_exhaustive()
    }
}

/// Where a procedure leaves its effects and finds their answers.
#[derive(Default)]
pub(crate) struct Link {
    effect: Cell<Option<Effect>>,
    event: Cell<Option<Event>>,
}

impl Link {
    /// Has an effect performed.
    pub(crate) async fn perform(&self, effect: Effect) -> Event {
        self.effect.set(Some(effect));
        // What answered the effect before this one was taken, or is the start.
        self.event.take();
        poll_fn(|_| self.event.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// A control transfer from the device. `None`: it was stalled.
    pub(crate) async fn ask(&self, setup: Setup, length: u16) -> Result<Option<Vec<u8>>, Trouble> {
        match self.perform(Effect::In { setup, length }).await {
            Event::Received(bytes) => Ok(Some(bytes)),
            Event::Stalled => Ok(None),
            event => Err(unexpected(&event)),
        }
    }

    pub(crate) async fn progress(&self, progress: Progress) -> Result<(), Trouble> {
        match self.perform(Effect::Progress(progress)).await {
            Event::Done => Ok(()),
            Event::Cancel => Err(Trouble::Device(dfuse::Error::Cancelled)),
            event => Err(unexpected(&event)),
        }
    }

    /// Chooses an alternate setting, and carries out a task on it.
    pub(crate) async fn task(&self, on: &Setting<'_>, task: Task, stages: [Stage; 2]) -> Result<Outcome, Stopped> {
        let mut session =
            Session::new(on.map, on.transfer_size, task).map_err(|error| Stopped::from(Trouble::Task(error)))?;
        let select = Effect::Select { interface: on.interface, alternate: on.alternate };
        match self.perform(select).await {
            Event::Done => {}
            event => return Err(unexpected(&event).into()),
        }
        let mut event = Event::Start;
        loop {
            let effect = match session.next(event) {
                dfuse::Effect::Out { request, value, data } => {
                    Effect::Out { setup: Setup::class_out(request, value, on.interface), data }
                }
                dfuse::Effect::In { request, value, length } => {
                    Effect::In { setup: Setup::class_in(request, value, on.interface), length }
                }
                dfuse::Effect::Wait(milliseconds) => Effect::Wait(milliseconds),
                dfuse::Effect::Progress { phase, done, total, range } => {
                    let [change, read] = stages;
                    let stage = match phase {
                        Phase::Erase => Stage::Erase,
                        Phase::Program => change,
                        Phase::Read | Phase::ReadBack => read,
                    };
                    Effect::Progress(Progress { stage, done, total, range })
                }
                dfuse::Effect::Finished(outcome) => return Ok(outcome),
                dfuse::Effect::Failed(failure) => return Err(failure.into()),
            };
            event = self.perform(effect).await;
        }
    }

    /// Reads a range.
    pub(crate) async fn read(
        &self,
        on: &Setting<'_>,
        range: std::ops::Range<u32>,
        stage: Stage,
    ) -> Result<Vec<u8>, Trouble> {
        match self.task(on, Task::Read { range }, [stage; 2]).await {
            Ok(Outcome::Read(bytes)) => Ok(bytes),
            Ok(_) => Err(Trouble::Device(dfuse::Error::Event)),
            Err(stopped) => Err(stopped.trouble),
        }
    }
}

/// An alternate setting, to carry out a task on.
pub(crate) struct Setting<'a> {
    pub interface: u8,
    pub alternate: u8,
    pub transfer_size: u16,
    pub map: &'a MemoryMap,
}

pub(crate) fn unexpected(event: &Event) -> Trouble {
    Trouble::Device(match event {
        Event::Gone => dfuse::Error::Gone,
        Event::Stalled => dfuse::Error::Stalls,
        Event::Cancel => dfuse::Error::Cancelled,
        _ => dfuse::Error::Event,
    })
}

/// A simulated device is a transport of its own.
impl<M: dfuse::Memory> Transport for dfuse::Simulated<M> {
    fn perform(&mut self, effect: &Effect) -> Event {
        match effect {
            Effect::Out { setup, data } => self.out(setup, data),
            Effect::In { setup, length } => self.ask(setup, *length),
            Effect::Select { alternate, .. } => self.select(*alternate).map_or_else(Event::from, |()| Event::Done),
            Effect::Wait(milliseconds) => {
                self.wait(*milliseconds);
                Event::Done
            }
            Effect::Progress(_) => Event::Done,
        }
    }
}
