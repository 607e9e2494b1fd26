//! The geometries that power cuts are tried on: every kind of flash that the boot loader is made for.

use boot::Raise;
use geometry::{Ecc, Region};
use image_format::layout::{
    Group, GroupArea, GroupRegion, GroupSlot, MEMORY_COMMANDS, MEMORY_INTERNAL, MEMORY_MAPPED, PURPOSE_COUNTER,
    ROLE_BACKUP, ROLE_RUN, ROLE_STAGING, RegionRuns, SectorRun,
};
use image_format::log::{Strategy, state_space};

use crate::bench::Bench;

/// Bytes of a front area.
const FRONT: u32 = 1024;
/// Starts of an image that nobody confirmed.
const TRIES: u8 = 3;

/// Sectors of one region, by their count from its start: the first, and how many.
#[derive(Clone, Copy, Debug)]
struct Sectors(usize, u32, u32);

/// A device by its part, its mode and where its slots lie.
struct Layout {
    name: &'static str,
    part: &'static str,
    mode: usize,
    /// An external memory, which is region `regions` of the part.
    external: Option<&'static str>,
    /// Slots that run where they are stored.
    pair: Option<[Sectors; 2]>,
    /// Whether their banks are exchanged too, and where their logs lie then if not at their ends.
    is_exchanged: bool,
    bank_logs: Option<[Sectors; 2]>,
    /// Where the logs of slots lie that are in external memory.
    pair_logs: Option<[Sectors; 2]>,
    /// Slots that are copied: to run from, to stage in, for the backup.
    copied: Option<[Sectors; 3]>,
    /// Where the log lies if not at the end of the staging slot.
    log: Option<Sectors>,
    counter: Option<Sectors>,
}

const NONE: Layout = Layout {
    name: "",
    part: "",
    mode: 0,
    external: None,
    pair: None,
    is_exchanged: false,
    bank_logs: None,
    pair_logs: None,
    copied: None,
    log: None,
    counter: None,
};

const F767ZG_DUAL: Layout = Layout {
    name: "F767ZG-dual",
    part: "STM32F767ZG",
    mode: 1,
    pair: Some([Sectors(0, 2, 2), Sectors(1, 2, 2)]),
    is_exchanged: true,
    bank_logs: Some([Sectors(0, 1, 1), Sectors(1, 4, 1)]),
    counter: Some(Sectors(1, 0, 2)),
    ..NONE
};

const L476: Layout = Layout {
    name: "L476",
    part: "STM32L476RG",
    pair: Some([Sectors(0, 16, 3), Sectors(1, 16, 3)]),
    copied: Some([Sectors(0, 16, 3), Sectors(1, 16, 3), Sectors(1, 32, 3)]),
    counter: Some(Sectors(0, 30, 2)),
    ..NONE
};

/// Slots of at most three sectors, but where sectors are too small for a front area: there of 4 KiB.
const LAYOUTS: &[Layout] = &[
    Layout {
        name: "F746",
        part: "STM32F746NG",
        pair: Some([Sectors(0, 2, 2), Sectors(0, 4, 1)]),
        copied: Some([Sectors(0, 2, 2), Sectors(0, 4, 1), Sectors(0, 5, 1)]),
        counter: Some(Sectors(0, 0, 2)),
        ..NONE
    },
    Layout {
        name: "F767-single",
        part: "STM32F767ZI",
        pair: Some([Sectors(0, 2, 2), Sectors(0, 4, 1)]),
        copied: Some([Sectors(0, 1, 3), Sectors(0, 4, 1), Sectors(0, 5, 1)]),
        ..NONE
    },
    Layout {
        name: "F767-dual",
        part: "STM32F767ZI",
        mode: 1,
        pair: Some([Sectors(0, 1, 3), Sectors(1, 1, 3)]),
        is_exchanged: true,
        copied: Some([Sectors(0, 1, 3), Sectors(1, 1, 3), Sectors(1, 4, 1)]),
        ..NONE
    },
    F767ZG_DUAL,
    Layout {
        name: "F767ZG-small",
        part: "STM32F767ZG",
        mode: 1,
        pair: Some([Sectors(0, 2, 1), Sectors(1, 2, 1)]),
        is_exchanged: true,
        ..NONE
    },
    Layout {
        name: "H743",
        part: "STM32H743ZI",
        pair: Some([Sectors(0, 2, 2), Sectors(1, 0, 2)]),
        copied: Some([Sectors(0, 2, 2), Sectors(1, 0, 2), Sectors(1, 2, 2)]),
        counter: Some(Sectors(1, 6, 2)),
        ..NONE
    },
    L476,
    Layout {
        name: "U575",
        part: "STM32U575ZI",
        pair: Some([Sectors(0, 8, 3), Sectors(1, 8, 3)]),
        copied: Some([Sectors(0, 8, 3), Sectors(1, 8, 3), Sectors(1, 16, 3)]),
        counter: Some(Sectors(0, 4, 2)),
        ..NONE
    },
    Layout {
        name: "L151",
        part: "STM32L151CB",
        pair: Some([Sectors(0, 64, 20), Sectors(0, 96, 20)]),
        copied: Some([Sectors(0, 64, 16), Sectors(0, 96, 24), Sectors(0, 128, 16)]),
        counter: Some(Sectors(0, 32, 2)),
        ..NONE
    },
    Layout {
        name: "H743-MT28EW",
        part: "STM32H743ZI",
        external: Some("MT28EW256ABA"),
        copied: Some([Sectors(0, 2, 2), Sectors(2, 0, 2), Sectors(2, 2, 2)]),
        log: Some(Sectors(1, 7, 1)),
        ..NONE
    },
    Layout {
        name: "F746-W25Q",
        part: "STM32F746NG",
        external: Some("W25Q16"),
        copied: Some([Sectors(0, 2, 1), Sectors(1, 0, 8), Sectors(1, 8, 8)]),
        log: Some(Sectors(0, 1, 1)),
        ..NONE
    },
];

/// The same devices with slots as large as products have them.
const FULL: &[Layout] = &[
    Layout {
        name: "F746",
        part: "STM32F746NG",
        pair: Some([Sectors(0, 5, 1), Sectors(0, 6, 1)]),
        copied: Some([Sectors(0, 5, 1), Sectors(0, 6, 1), Sectors(0, 7, 1)]),
        counter: Some(Sectors(0, 0, 2)),
        ..NONE
    },
    Layout {
        name: "F767-single",
        part: "STM32F767ZI",
        pair: Some([Sectors(0, 5, 3), Sectors(0, 8, 3)]),
        copied: Some([Sectors(0, 5, 2), Sectors(0, 7, 2), Sectors(0, 9, 2)]),
        ..NONE
    },
    Layout {
        name: "F767-dual",
        part: "STM32F767ZI",
        mode: 1,
        pair: Some([Sectors(0, 5, 7), Sectors(1, 5, 7)]),
        is_exchanged: true,
        copied: Some([Sectors(0, 5, 3), Sectors(1, 5, 3), Sectors(1, 8, 3)]),
        ..NONE
    },
    Layout {
        name: "F767ZG-dual",
        part: "STM32F767ZG",
        mode: 1,
        pair: Some([Sectors(0, 5, 3), Sectors(1, 5, 3)]),
        is_exchanged: true,
        bank_logs: Some([Sectors(0, 1, 1), Sectors(1, 4, 1)]),
        counter: Some(Sectors(1, 0, 2)),
        ..NONE
    },
    Layout {
        name: "F767ZG-small",
        part: "STM32F767ZG",
        mode: 1,
        pair: Some([Sectors(0, 5, 1), Sectors(1, 5, 1)]),
        is_exchanged: true,
        ..NONE
    },
    Layout {
        name: "H743",
        part: "STM32H743ZI",
        pair: Some([Sectors(0, 1, 6), Sectors(1, 0, 6)]),
        copied: Some([Sectors(0, 1, 3), Sectors(1, 0, 3), Sectors(1, 3, 3)]),
        counter: Some(Sectors(1, 6, 2)),
        ..NONE
    },
    Layout {
        name: "L476",
        part: "STM32L476RG",
        pair: Some([Sectors(0, 16, 200), Sectors(1, 16, 200)]),
        copied: Some([Sectors(0, 16, 100), Sectors(1, 16, 110), Sectors(1, 130, 100)]),
        counter: Some(Sectors(0, 4, 2)),
        ..NONE
    },
    Layout {
        name: "U575",
        part: "STM32U575ZI",
        pair: Some([Sectors(0, 8, 100), Sectors(1, 8, 100)]),
        copied: Some([Sectors(0, 8, 50), Sectors(1, 8, 55), Sectors(1, 64, 50)]),
        counter: Some(Sectors(0, 4, 2)),
        ..NONE
    },
    Layout {
        name: "L151",
        part: "STM32L151CB",
        pair: Some([Sectors(0, 64, 200), Sectors(0, 280, 200)]),
        copied: Some([Sectors(0, 64, 120), Sectors(0, 200, 140), Sectors(0, 350, 120)]),
        counter: Some(Sectors(0, 32, 2)),
        ..NONE
    },
    Layout {
        name: "H743-MT28EW",
        part: "STM32H743ZI",
        external: Some("MT28EW256ABA"),
        copied: Some([Sectors(0, 1, 4), Sectors(2, 0, 4), Sectors(2, 4, 4)]),
        log: Some(Sectors(1, 7, 1)),
        ..NONE
    },
    Layout {
        name: "F746-W25Q",
        part: "STM32F746NG",
        external: Some("W25Q16"),
        copied: Some([Sectors(0, 5, 1), Sectors(1, 0, 64), Sectors(1, 64, 64)]),
        log: Some(Sectors(0, 1, 1)),
        ..NONE
    },
];

/// Two slot groups on one device, the second one's images pinned by the first one's: the lead, and its companion.
const TOGETHER: &[(Layout, Layout)] = &[
    (
        Layout { name: "L476-L476", ..L476 },
        Layout { name: "companion", part: "STM32L476RG", pair: Some([Sectors(0, 40, 3), Sectors(1, 40, 3)]), ..NONE },
    ),
    (
        Layout { name: "L476-W25Q", copied: None, ..L476 },
        Layout {
            name: "companion",
            part: "STM32L476RG",
            external: Some("W25Q16"),
            pair: Some([Sectors(2, 0, 2), Sectors(2, 2, 2)]),
            pair_logs: Some([Sectors(0, 50, 1), Sectors(1, 50, 1)]),
            ..NONE
        },
    ),
    (
        Layout { name: "F767ZG-dual-F767ZG-dual", is_exchanged: false, ..F767ZG_DUAL },
        Layout {
            name: "companion",
            part: "STM32F767ZG",
            mode: 1,
            pair: Some([Sectors(0, 4, 1), Sectors(1, 4, 1)]),
            ..NONE
        },
    ),
];

/// Devices with a lead and its companion: `commit = "together"`. Each a second time, with a new lead that pins the old one's.
///
/// # Errors
/// As [`benches`].
pub fn together(seed: u64) -> Result<Vec<Bench>, String> {
    let mut found = Vec::new();
    for (lead, companion) in TOGETHER {
        for bench in lead.benches(false, seed) {
            let companion = companion.bench(Strategy::DirectXip, false, seed.wrapping_add(2))?;
            let bench = bench?.with_companions(vec![companion], seed).map_err(|error| error.to_string())?;
            let stays = bench.with_companions_that_stay();
            found.extend(stays.map(|mut bench| {
                bench.name += ", it stays";
                bench
            }));
            found.push(bench);
        }
    }
    Ok(found)
}

/// All benches: payloads of a slot and a half of a sector at most, or large slots that are full.
///
/// # Errors
/// What the device database does not prove, or a bench refuses; with the bench's name.
pub fn benches(full_size: bool, seed: u64) -> Result<Vec<Bench>, String> {
    let layouts = if full_size { FULL } else { LAYOUTS };
    layouts.iter().flat_map(|layout| layout.benches(full_size, seed)).collect()
}

impl Layout {
    fn benches(&self, full_size: bool, seed: u64) -> Vec<Result<Bench, String>> {
        let mut found = Vec::new();
        if self.pair.is_some() {
            found.push(self.bench(Strategy::DirectXip, full_size, seed));
        }
        if self.is_exchanged {
            found.push(self.bench(Strategy::BankSwap, full_size, seed));
        }
        if self.copied.is_some() {
            found.push(self.bench(Strategy::Overwrite, full_size, seed));
            found.push(self.bench(Strategy::OverwriteWithBackup, full_size, seed));
        }
        found
    }

    fn bench(&self, strategy: Strategy, full_size: bool, seed: u64) -> Result<Bench, String> {
        let word = match strategy {
            Strategy::Fixed => "fixed",
            Strategy::DirectXip => "direct-xip",
            Strategy::BankSwap => "bank-swap",
            Strategy::Overwrite => "overwrite",
            Strategy::OverwriteWithBackup => "overwrite-backup",
        };
        let name = format!("{}/{word}", self.name);
        let made = self.make(&name, strategy, full_size, seed);
        made.map_err(|problem| format!("{name}: {problem}"))
    }

    fn make(&self, name: &str, strategy: Strategy, full_size: bool, seed: u64) -> Result<Bench, String> {
        let unproven = || "the device database has no evidence for it".to_owned();
        let part = geometry::part(self.part).map_err(|error| error.to_string())?;
        let mut regions = part.modes.get(self.mode).ok_or_else(unproven)?.regions.clone();
        if let Some(external) = self.external {
            regions.push(geometry::memory(external).map_err(|error| error.to_string())?.region);
        }
        let internal = regions.len() - usize::from(self.external.is_some());
        let mut runs = Vec::new();
        for region in &regions {
            let run = |run: &geometry::Run| SectorRun { size: run.size.into(), count: run.count.into() };
            runs.push(region.runs.iter().map(run).collect::<Vec<_>>());
        }
        let mut heads = Vec::new();
        for (number, region) in regions.iter().enumerate() {
            let memory = match self.external {
                Some(name) if number >= internal && name.starts_with('W') => MEMORY_COMMANDS,
                Some(_) if number >= internal => MEMORY_MAPPED,
                _ => MEMORY_INTERNAL,
            };
            heads.push(head(region, memory).ok_or_else(unproven)?);
        }
        let range = |Sectors(region, first, count): Sectors| {
            let found = &regions[region];
            let sectors: Vec<_> = found.sectors().skip(first as usize).take(count as usize).collect();
            let start = sectors.first().map_or(0, |sector| sector.address - found.base);
            (region, start, sectors.iter().map(|sector| sector.size).sum::<u32>(), sectors.len() as u32)
        };
        let unit = |region: usize| {
            regions[region].unit().or_else(|| regions[region].program_unit.as_ref().map(|unit| unit.value))
        };
        let roles: Vec<(u8, Sectors)> = match (strategy, self.pair, self.copied) {
            (Strategy::DirectXip | Strategy::BankSwap, Some(pair), _) => pair.map(|slot| (ROLE_RUN, slot)).to_vec(),
            (Strategy::Overwrite, _, Some([run, staging, _])) => vec![(ROLE_RUN, run), (ROLE_STAGING, staging)],
            (_, _, Some([run, staging, backup])) => {
                vec![(ROLE_RUN, run), (ROLE_STAGING, staging), (ROLE_BACKUP, backup)]
            }
            _ => return Err("no slots for this strategy".to_owned()),
        };
        let mut capacity = u32::MAX;
        let mut slots = Vec::new();
        for (number, (role, sectors)) in roles.iter().enumerate() {
            let (region, offset, size, _) = range(*sectors);
            capacity = capacity.min(size - FRONT);
            let (_, _, _, steps) = range(roles[0].1);
            let own = match strategy {
                Strategy::DirectXip => self.pair_logs.map(|logs| logs[number]),
                Strategy::BankSwap => self.bank_logs.map(|logs| logs[number]),
                _ => self.log,
            };
            let tail = if roles.iter().any(|(role, _)| *role == ROLE_STAGING) { roles[1].1 } else { *sectors };
            let mut slot = GroupSlot {
                role: *role,
                region: region as u8,
                log_region: region as u8,
                reserved: 0,
                offset: offset.into(),
                size: size.into(),
                front_offset: 0.into(),
                run_address: 0.into(),
                log_offset: 0.into(),
                log_size: 0.into(),
            };
            if *role == ROLE_RUN {
                // Exchanged banks are seen where the first one is.
                let (seen, at, ..) = if strategy == Strategy::BankSwap { range(roles[0].1) } else { range(*sectors) };
                slot.run_address = (regions[seen].base + at + FRONT).into();
                let (region, start, area, _) = range(own.unwrap_or(tail));
                let size = state_space(strategy, TRIES, unit(region).ok_or_else(unproven)?, steps).ok_or("no log")?;
                let offset = if own.is_none() { start + area - size } else { start };
                if own.is_none() {
                    capacity = capacity.min(area.checked_sub(size + FRONT).ok_or("no room for the log")?);
                }
                (slot.log_region, slot.log_offset, slot.log_size) = (region as u8, offset.into(), size.into());
            }
            slots.push(slot);
        }
        let areas: Vec<GroupArea> = self
            .counter
            .map(|sectors| {
                let (region, offset, size, _) = range(sectors);
                GroupArea {
                    purpose: PURPOSE_COUNTER,
                    region: region as u8,
                    reserved: [0; 2],
                    offset: offset.into(),
                    size: size.into(),
                }
            })
            .into_iter()
            .collect();
        let region_runs: Vec<RegionRuns<'_>> =
            heads.iter().zip(&runs).map(|(head, runs)| RegionRuns { region: *head, runs }).collect();
        let group = Group {
            strategy,
            payload_offset: FRONT,
            capacity,
            mode: &[],
            regions: &region_runs,
            slots: &slots,
            areas: &areas,
        };
        let mut layout = Vec::new();
        group.emit(|bytes| layout.extend_from_slice(bytes)).map_err(|_| "too many regions")?;
        let (region, first, count) = (roles[0].1.0, roles[0].1.1, roles[0].1.2);
        let sector = range(Sectors(region, first, 1)).2;
        let most = capacity - 12 - 32 * capacity.div_ceil(4096);
        // A sector and a half; of small sectors as many as give a payload.
        let payload = if full_size || count > 3 { most } else { (sector + sector / 2).min(most) };
        let mut bench = Bench::new(name, &layout, TRIES, payload, seed).map_err(|error| error.to_string())?;
        bench.raise = Raise::KeepFallback;
        Ok(bench)
    }
}

fn head(region: &Region, memory: u8) -> Option<GroupRegion> {
    let ecc = match region.ecc.as_ref().map(|ecc| ecc.value) {
        Some(Ecc::Word(word)) => word,
        Some(Ecc::None) => 0,
        // No source says anything of an external memory's.
        None if memory != MEMORY_INTERNAL => 0,
        None => return None,
    };
    Some(GroupRegion {
        base: region.base.into(),
        program_unit: u16::try_from(region.program_unit.as_ref()?.value).ok()?.into(),
        ecc_word: u16::try_from(ecc).ok()?.into(),
        erased: region.erased.as_ref()?.value,
        run_count: 0,
        memory,
        reserved: [0; 5],
    })
}
