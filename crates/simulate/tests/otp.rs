//! A boot loader that takes key hash, revision and counter from one-time-programmable memory, on a model of it.

#![allow(clippy::unwrap_used)]

use boot::{Action, AreaCounter, Config, Counter, Flash, Otp, OtpCounter, Raise, Reason, Session, boot};
use flash_model::{Chip, Cut, CutPlace, Restart, Rewrite, Shape, Torn};
use image_format::otp::FieldRefusal;
use image_format::record::Record;
use image_format::{Check, Device, Extent, Fault, ImageBody, PayloadType, ReadAt, Revision, SoftwareCrypto, Version};
use manifest::plan::Plan;
use packer::artefact::Contents;
use packer::{Draft, PrivateKey, PublicKey};
use provision::{Inputs, ReadBack, Records, Secrets};
use zeroize::Zeroizing;

/// The OTP's region in the layouts here: banks 0 and 1 are flash.
const OTP: usize = 2;

/// One-time-programmable memory as a boot loader reads its fields.
struct Board<'c>(&'c mut Chip);

impl ReadAt for Board<'_> {
    fn extent(&self) -> Extent {
        Extent::File(1024)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.0.read(OTP, offset, buffer).map_err(|_| Fault)
    }
}

/// All memories as the boot loader's flash.
struct Driver<'c>(&'c mut Chip);

impl Flash for Driver<'_> {
    fn settle(&mut self, _: u8) -> Result<(), Fault> {
        Ok(())
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.0.read(region.into(), offset, buffer).map_err(|_| Fault)
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.0.program(region.into(), offset, bytes).map_err(|_| Fault)
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        self.0.erase(region.into(), offset).map_err(|_| Fault)
    }

    /// nDBANK = 0, nDBOOT = 1.
    fn register(&mut self, _: u32) -> u32 {
        1 << 28
    }
}

/// Two banks of an STM32F767, and OTP of such units.
fn chip(unit: u32, seed: u64) -> Chip {
    let shape = |sectors: Vec<u32>, unit, has_ecc, rewrite| Shape {
        sectors,
        unit,
        has_ecc,
        erased: 0xFF,
        rewrite,
        is_external: false,
    };
    let bank = shape([vec![16384; 4], vec![65536], vec![131_072; 7]].concat(), 1, false, Rewrite::ClearBits);
    let rewrite = if unit == 1 { Rewrite::ClearBits } else { Rewrite::Never };
    Chip::new(vec![bank.clone(), bank, shape(vec![1024], unit, unit > 2, rewrite)], seed)
}

fn plan(more: &str) -> Plan {
    let text = include_str!("../../../tests/manifests/good_otp_counter.toml").to_owned() + more;
    manifest::check(&manifest::Source { name: "m.toml".into(), text }).plan.unwrap()
}

/// The slot group of a manifest whose counter is 64 bytes of OTP, as if that had units of this size.
fn group(unit: u32) -> Vec<u8> {
    let mut group = plan("").images[0].group.clone();
    // The region's base, then its program unit: see image-format.md.
    let region = [0x00, 0xF0, 0xF0, 0x1F, 1, 0];
    let at = group.windows(region.len()).position(|window| window == region).unwrap() + 4;
    group[at..at + 2].copy_from_slice(&(unit as u16).to_le_bytes());
    group
}

fn config<'a>(layout: &'a [u8], trust: &'a [u8]) -> Config<'a> {
    Config {
        layout,
        trust,
        trust_digest: Check::Waived,
        device: Device { vendor_id: [0; 16], class_id: [0; 16] },
        revision: Check::Waived,
        present: &[],
        tries: 3,
        raise: Raise::Strict,
        largest_step: 16,
    }
}

fn counter(unit: u32) -> OtpCounter {
    OtpCounter::of(&config(&group(unit), &[])).unwrap()
}

#[test]
fn it_counts_to_its_last_step() {
    for unit in [1, 2, 8, 16, 32] {
        let (mut counter, mut chip) = (counter(unit), chip(unit, 1));
        let steps = 64 / unit;
        assert_eq!(counter.steps(), steps);
        for value in (0..=steps).flat_map(|value| [value, value / 2]) {
            let before = counter.read(&mut Driver(&mut chip)).unwrap();
            counter.raise(&mut Driver(&mut chip), value).unwrap();
            assert_eq!(counter.read(&mut Driver(&mut chip)), Ok(before.max(value)), "unit {unit}");
        }
        counter.raise(&mut Driver(&mut chip), steps + 1).unwrap_err();
        assert_eq!(counter.read(&mut Driver(&mut chip)), Ok(steps), "unit {unit}");
        assert_eq!(chip.offences(), flash_model::Offences::default(), "unit {unit}");
    }
    // What does not fit is used as far as it goes.
    let (mut counter, mut chip) = (counter(8), chip(8, 1));
    counter.raise(&mut Driver(&mut chip), 20).unwrap_err();
    assert_eq!(counter.read(&mut Driver(&mut chip)), Ok(8));
}

/// A counter in OTP is none in an area of flash, the other way round too, and one of units that no part has is none.
#[test]
fn a_layout_has_one_counter() {
    let group = group(1);
    assert!(AreaCounter::of(&config(&group, &[])).is_none());
    let text = include_str!("../../../examples/r1b/r1b.toml").to_owned();
    let plan = manifest::check(&manifest::Source { name: "r1b.toml".into(), text }).plan.unwrap();
    let flash = config(&plan.images[0].group, &[]);
    assert!(AreaCounter::of(&flash).is_some() && OtpCounter::of(&flash).is_none());
    for unit in [0, 3, 64, 65535] {
        assert!(OtpCounter::of(&config(&self::group(unit), &[])).is_none(), "{unit}");
    }
    // Whole sectors of OTP are no area to erase; one sector of flash is none either, and no boot loader opens such a layout.
    let area = |region: u8, offset: u32, size: u32| {
        [&[1, region, 0, 0][..], &offset.to_le_bytes(), &size.to_le_bytes()].concat()
    };
    let whole = [&group[..group.len() - 12], &area(OTP as u8, 0, 1024)].concat();
    assert!(AreaCounter::of(&config(&whole, &[])).is_none() && OtpCounter::of(&config(&whole, &[])).is_some());
    for (sectors, then) in [(1, Reason::Layout), (2, Reason::TrustSet)] {
        let layout = [&group[..group.len() - 12], &area(1, 0, sectors * 16384)].concat();
        let mut chip = chip(1, 1);
        let opened = Session::open(config(&layout, &[]), Driver(&mut chip), SoftwareCrypto);
        assert_eq!(opened.err(), Some(then), "{sectors}");
    }
}

/// The power fails before, inside and after every operation, the unit it tore reads in every way, and the next start goes on: the
/// counter never falls below what it was before, and never rises above what it was to become.
#[test]
fn a_cut_while_it_counts() {
    const FROM: u32 = 1;
    const TO: u32 = 4;
    let places = [CutPlace::Before, CutPlace::After].into_iter();
    let places = places.chain(Torn::ALL.map(|torn| CutPlace::Inside { unit: 0, torn }));
    let mut cuts = 0;
    for unit in [1, 2, 8, 16] {
        let mut counter = counter(unit);
        for place in places.clone() {
            for (operation, seed) in (0..4).flat_map(|operation| (1..6).map(move |seed| (operation, seed))) {
                let mut chip = chip(unit, seed);
                counter.raise(&mut Driver(&mut chip), FROM).unwrap();
                chip.cut_at(Cut { operation: chip.operations() + operation, place });
                let _ = counter.raise(&mut Driver(&mut chip), TO);
                cuts += u32::from(chip.is_off());
                let what = format!("unit {unit} {place:?} operation {operation} seed {seed}");
                // What it cleared again although that was spent for sure is in doubt in the model: a bit that is zero stays it.
                for _ in 0..4 {
                    chip.restart(Restart::PowerUp);
                    let found = counter.read(&mut Driver(&mut chip)).unwrap();
                    assert!((FROM..=TO).contains(&found), "{what}: {found}");
                }
                let again = counter.raise(&mut Driver(&mut chip), TO);
                let found = counter.read(&mut Driver(&mut chip)).unwrap();
                assert!((FROM..=TO).contains(&found), "{what}: {found}");
                if !matches!(place, CutPlace::Inside { .. }) {
                    assert_eq!((again, found), (Ok(()), TO), "{what}");
                }
            }
        }
    }
    // Three operations each, four where the last byte is cleared again.
    assert_eq!(cuts, (4 + 3 + 3 + 3) * 9 * 5);
}

#[test]
fn only_a_field_of_its_type_is_read() {
    let mut chip = chip(1, 1);
    let layout = plan("").otp.unwrap().layout;
    let mut otp = Otp::open(&layout, Board(&mut chip)).unwrap();
    for field in 0..3 {
        assert_eq!(otp.key_hash(field), Err(FieldRefusal::NoSuchField));
        assert_eq!(otp.revision(field), Err(FieldRefusal::NoSuchField));
    }
    assert_eq!(Otp::open(&layout[1..], Board(&mut chip)).err(), Some(FieldRefusal::LayoutForm));
    // No two refusals of boot loaders have one number.
    for refusal in FieldRefusal::ALL {
        assert!(image_format::Code::ALL.iter().all(|code| code.number() != refusal.number()));
        assert!(Reason::ALL.iter().all(|reason| reason.number() != refusal.number()));
    }
}

/// Example of the field: key hash, revision and counter of an STM32F767, whose image lies in flash.
struct Device767 {
    plan: Plan,
    /// Its memories.
    chip: Chip,
}

const FIELDS: &str = r#"
[otp.fields.revision]
at     = 0x10
type   = "revision"
stage  = "line"
column = "revision"

[otp.fields.trust]
at         = 0x80
type       = "key-hash"
role       = "image"
complement = true
stage      = "line"

[otp.fields.line-crc]
at    = 0x14
type  = "crc32"
over  = ["serial", "revision", "trust"]
stage = "line"

[keys.line]
public = "keys/line.pub.pem"

[roles.image]
keys = ["release"]

[roles.otp]
keys = ["line"]
"#;

/// The numbers of the fields, as `gen otp-rust` would write them.
const REVISION: usize = 1;
const TRUST: usize = 4;

struct NoSecrets;

impl Secrets for NoSecrets {
    fn read(&self, _: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        Err(name.to_owned())
    }
}

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[0x52; 32])
}

fn public(plan: &Plan) -> Vec<PublicKey> {
    let line = PrivateKey::from_seed(&[0x4C; 32]);
    plan.keys.iter().map(|of| if of.name.value == "release" { key().public() } else { line.public() }).collect()
}

impl Device767 {
    /// Provisioned by its plan, as the line does it: what is programmed is what the plan says.
    fn new() -> Self {
        let (plan, mut chip) = (plan(FIELDS), chip(1, 1));
        let otp = plan.otp.as_ref().unwrap();
        let keys: Vec<[u8; 32]> = public(&plan).iter().map(|key| *key.bytes()).collect();
        let inputs = Inputs::new(&plan, otp, &keys, &NoSecrets, &[]);
        let records = Records::parse(b"serial,revision\nX1,C\n").unwrap();
        let boards = provision::boards(&inputs, &records).unwrap();
        let wanted = provision::Contents::new(otp, &boards[0], "line");
        let blank = ReadBack { data: vec![0xFF; 1024], locks: None };
        for range in provision::plan(otp, "line", &wanted, &blank).program {
            chip.program(OTP, range.start, wanted.segment(&range)).unwrap();
        }
        Self { plan, chip }
    }

    fn layout(&self) -> Vec<u8> {
        self.plan.otp.as_ref().unwrap().layout.clone()
    }

    fn trust(&self) -> Vec<u8> {
        packer::source::trust_set(&self.plan, &public(&self.plan)).unwrap()
    }

    /// Seals an image for a slot and programs it there.
    fn program(&mut self, counter: u32, revisions: &[Revision]) {
        let image = &self.plan.images[0];
        let (group, _) = image_format::layout::GroupView::parse(&image.group).unwrap();
        let slot = &group.slots()[0];
        let mut payload = vec![0x5A; 64];
        payload[..4].copy_from_slice(&0x2002_0000u32.to_le_bytes());
        payload[4..8].copy_from_slice(&(slot.run_address.get() + 33).to_le_bytes());
        let body = ImageBody {
            layout: image.fingerprint,
            run_address: slot.run_address,
            payload_offset: group.head().payload_offset,
            version: Version { major: 1.into(), minor: 0.into(), patch: 0.into() },
            security_counter: counter.into(),
            payload_type: PayloadType::Firmware.number().into(),
            reserved: [0; 40],
        };
        let contents = Contents {
            device: self.device(),
            front_size: group.head().payload_offset.get(),
            body,
            records: &[Record::Revisions(revisions)],
            payload,
            auxiliary: Vec::new(),
        };
        let draft = Draft::new(contents).unwrap();
        let sealed = draft.seal(&[key().sign(draft.to_sign())]);
        for (at, piece) in (slot.offset.get()..).step_by(1024).zip(sealed.chunks(1024)) {
            self.chip.program(0, at, piece).unwrap();
        }
    }

    fn device(&self) -> Device {
        self.plan.product.device()
    }

    /// What the boot loader does after a reset, with this trust set: everything else that it is sure of comes from OTP.
    fn start(&mut self, trust: &[u8]) -> Result<(Action, Option<u32>), u16> {
        let (layout, device) = (self.layout(), self.device());
        let group = self.plan.images[0].group.clone();
        let mut otp = Otp::open(&layout, Board(&mut self.chip)).map_err(FieldRefusal::number)?;
        let config = Config {
            trust_digest: Check::Require(otp.key_hash(TRUST).map_err(FieldRefusal::number)?),
            revision: Check::Require(otp.revision(REVISION).map_err(FieldRefusal::number)?),
            device,
            ..config(&group, trust)
        };
        let mut session = Session::open(config, Driver(&mut self.chip), SoftwareCrypto).map_err(Reason::number)?;
        let decision = boot(&mut session, &mut OtpCounter::of(&config).unwrap());
        if matches!(decision.action, Action::Boot(_)) {
            // The application works.
            session.confirm(0).map_err(Reason::number)?;
        }
        Ok((decision.action, decision.raised))
    }

    fn counter(&mut self) -> u32 {
        counter(1).read(&mut Driver(&mut self.chip)).unwrap()
    }
}

/// Key hash and revision let the right image start; confirmed, its counter is spent in OTP, and an older one is refused from then on.
#[test]
fn a_boot_loader_takes_them_from_otp() {
    let mut device = Device767::new();
    let trust = device.trust();
    device.program(2, &[*b"B\0\0\0", *b"C\0\0\0"]);
    assert_eq!(device.counter(), 0);
    let first = device.start(&trust);
    assert!(matches!(first, Ok((Action::Boot(_), None))), "{first:?}");
    let second = device.start(&trust);
    assert!(matches!(second, Ok((Action::Boot(_), Some(2)))), "{second:?}");
    assert_eq!(device.counter(), 2);
    let third = device.start(&trust);
    assert!(matches!(third, Ok((Action::Boot(_), None))), "{third:?}");
}

#[test]
fn an_older_image_or_one_for_another_board_does_not_start() {
    let mut device = Device767::new();
    let trust = device.trust();
    device.program(1, &[*b"C\0\0\0"]);
    // Two bytes of the counter.
    let at = device.plan.otp.as_ref().unwrap().field("rollback").unwrap().at.value;
    device.chip.program(OTP, at, &[0, 0]).unwrap();
    assert!(matches!(device.start(&trust), Ok((Action::Recover(Reason::NothingVerifies), None))));
    let mut device = Device767::new();
    device.program(1, &[*b"B\0\0\0"]);
    assert!(matches!(device.start(&trust), Ok((Action::Recover(Reason::NothingVerifies), None))));
}

/// Other keys, another threshold: refused. Other roles and another epoch are none of the boot loader's business.
#[test]
fn a_trust_set_is_compared_with_its_hash_in_otp() {
    let mut device = Device767::new();
    device.program(1, &[*b"C\0\0\0"]);
    let trust = device.trust();
    // Head, the role image with its key, then the role otp: see image-format.md.
    assert_eq!((trust.len(), trust[2], trust[8]), (8 + 2 * 36, 2, 1));
    let changed = |at: usize, value: u8| {
        let mut trust = trust.clone();
        trust[at] = value;
        trust
    };
    let mut alone = trust[..44].to_vec();
    alone[2] = 1;
    for right in [trust.clone(), alone, changed(4, 7), changed(60, trust[60] ^ 1)] {
        assert!(matches!(device.start(&right), Ok((Action::Boot(_), _))));
    }
    let wrong = Err(Reason::TrustSet.number());
    let started = |device: &mut Device767, trust: &[u8]| device.start(trust).map(|_| ());
    for (at, byte) in trust.iter().enumerate().take(44).skip(12) {
        assert_eq!(started(&mut device, &changed(at, byte ^ 1)), wrong, "key byte {at}");
    }
    assert_eq!(started(&mut device, &changed(9, 2)), wrong, "threshold");
    assert_eq!(started(&mut device, &changed(8, 2)), wrong, "the role is another one");
}

/// A board that was never provisioned, or whose hash is damaged, is told by the field's own refusal.
#[test]
fn a_board_without_a_key_hash() {
    let mut device = Device767::new();
    let trust = device.trust();
    let at = device.plan.otp.as_ref().unwrap().field("trust").unwrap().at.value;
    device.chip.program(OTP, at, &[0]).unwrap();
    assert_eq!(device.start(&trust).map(|_| ()), Err(FieldRefusal::Complement.number()));
    device.chip = chip(1, 1);
    assert_eq!(device.start(&trust).map(|_| ()), Err(FieldRefusal::Blank.number()));
}
