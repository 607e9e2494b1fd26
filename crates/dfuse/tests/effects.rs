//! What is sent and how long is waited, effect by effect: what a simulated device bears, and a ROM may not.

use dfuse::{Effect, Error, Event, Failure, MemoryMap, Plain, Request, Session, Simulated, Step, Task};

const FLASH: &str = "@Internal Flash  /0x08000000/64*001Kg,01*064Kg";
const IDLE: u8 = 2;
const BUSY: u8 = 4;
const DOWNLOAD_IDLE: u8 = 5;
const UPLOAD_IDLE: u8 = 9;
const ERROR: u8 = 10;

fn session(transfer_size: u16, task: Task) -> Session {
    Session::new(&FLASH.parse().expect("a layout"), transfer_size, task).expect("a task that the map allows")
}

/// All effects of a task on a device that does what it should, up to the end.
fn effects(transfer_size: u16, task: Task) -> Vec<Effect> {
    let map: MemoryMap = FLASH.parse().expect("a layout");
    let mut device = Simulated::new(Plain::of(&map), vec![FLASH.to_owned()], transfer_size).expect("a device");
    let mut session = session(transfer_size, task);
    let (mut all, mut event) = (Vec::new(), Event::Start);
    loop {
        let effect = session.next(event);
        all.push(effect.clone());
        match effect {
            Effect::Finished(_) => return all,
            Effect::Failed(failure) => panic!("{failure}"),
            effect => event = device.perform(&effect),
        }
    }
}

/// An answer to GETSTATUS without an error code.
fn status(state: u8, milliseconds: u8) -> Event {
    Event::Received(vec![0, milliseconds, 0, 0, state, 0])
}

fn is_status(effect: &Effect) -> bool {
    matches!(effect, Effect::In { request: Request::GetStatus, .. })
}

/// A device says how long it works, and means it still when it stalls the next question.
#[test]
fn what_the_device_asks_for_is_waited() {
    let mut session = session(256, Task::Program { address: 0x0800_0000, bytes: vec![0; 4] });
    assert!(is_status(&session.next(Event::Start)));
    assert!(matches!(session.next(status(IDLE, 0)), Effect::Progress { .. }));
    assert!(matches!(session.next(Event::Done), Effect::Out { value: 0, .. }), "the address is set first");
    assert!(is_status(&session.next(Event::Done)));
    assert_eq!(session.next(status(BUSY, 50)), Effect::Wait(50));
    assert!(is_status(&session.next(Event::Done)));
    assert_eq!(session.next(Event::Stalled), Effect::Wait(50));
    assert!(is_status(&session.next(Event::Done)));
    assert!(matches!(session.next(status(DOWNLOAD_IDLE, 0)), Effect::Out { value: 2, .. }), "then its bytes");
}

/// Where a block lies follows from the address before it; of one that is not whole, not every ROM thinks alike but for the first.
#[test]
fn each_block_has_its_address() {
    let bytes: Vec<u8> = vec![0; 700];
    let all = effects(256, Task::Write { steps: vec![Step::Program { address: 0x0800_0400, bytes }] });
    let mut pointer = None;
    let (mut at, mut written, mut read) = (0, Vec::new(), Vec::new());
    for effect in all {
        match effect {
            Effect::Out { request: Request::Download, value: 0, data } => {
                assert_eq!(data.len(), 5, "a command and an address");
                pointer = Some(u32::from_le_bytes([data[1], data[2], data[3], data[4]]));
                at = 0;
            }
            Effect::Out { request: Request::Download, value, data } => {
                assert_eq!(value, 2);
                written.push((pointer.take().expect("its own address"), data.len()));
            }
            Effect::In { request: Request::Upload, value, length } => {
                assert!(length == 256 || value == 2, "a short block is the first behind its address");
                assert_eq!(value, 2 + at);
                read.push((pointer.expect("an address") + 256 * u32::from(at), usize::from(length)));
                at += 1;
            }
            _ => {}
        }
    }
    let expected = [(0x0800_0400, 256), (0x0800_0500, 256), (0x0800_0600, 188)];
    assert_eq!((written.as_slice(), read.as_slice()), (&expected[..], &expected[..]));
}

/// wValue has 16 bits.
#[test]
fn more_blocks_than_have_numbers() {
    let end = 0x0800_0000 + 66_000;
    let all = effects(1, Task::Read { range: 0x0800_0000..end });
    let uploads = all.iter().filter(|effect| matches!(effect, Effect::In { request: Request::Upload, .. }));
    assert_eq!(uploads.count(), 66_000);
}

/// A board starts where it is told to, and not where a pointer was left.
#[test]
fn leaving_has_its_address() {
    let all = effects(256, Task::Leave { address: 0x0800_0400 });
    let sent = all.into_iter().filter_map(|effect| match effect {
        Effect::Out { request: Request::Download, data, .. } => Some(data),
        _ => None,
    });
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent, [vec![0x21, 0x00, 0x04, 0x00, 0x08], Vec::new()]);
}

/// It is brought into dfuIDLE by a few requests, or not at all.
#[test]
fn a_device_that_never_becomes_idle_is_given_up() {
    for state in [BUSY, UPLOAD_IDLE, ERROR] {
        let mut session = session(256, Task::Read { range: 0x0800_0000..0x0800_0010 });
        let mut event = Event::Start;
        let end = (0..100).find_map(|_| match session.next(event.clone()) {
            Effect::In { .. } => {
                event = status(state, 1);
                None
            }
            Effect::Out { .. } | Effect::Wait(_) => {
                event = Event::Done;
                None
            }
            end => Some(end),
        });
        assert!(matches!(end, Some(Effect::Failed(Failure { error: Error::Stuck(_), .. }))), "{state}: {end:?}");
    }
}

/// dfuERROR is an error, whatever the code beside it says: a device that leaves with it has not left.
#[test]
fn an_error_without_a_code_is_one() {
    let mut session = session(256, Task::Leave { address: 0x0800_0000 });
    session.next(Event::Start);
    session.next(status(IDLE, 0));
    session.next(Event::Done);
    assert!(matches!(session.next(status(DOWNLOAD_IDLE, 0)), Effect::Out { value: 2, data, .. } if data.is_empty()));
    session.next(Event::Done);
    let end = session.next(status(ERROR, 0));
    assert!(matches!(end, Effect::Failed(Failure { error: Error::Reported { .. }, .. })), "{end:?}");
}
