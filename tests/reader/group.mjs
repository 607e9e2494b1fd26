// Slot groups: section "Slot groups" of schema/image-format.md.

import { createHash } from 'node:crypto';
import { decode, encode, reservedBroken, sizeOf } from './structures.mjs';

const STRATEGIES = [1, 2, 3, 4, 5];
const MEMORIES = [1, 2, 3, 4];
const ROLES = [1, 2, 3];
const PURPOSES = [1];

/**
 * Reads the slot group that starts at `at`. Gives `{ group, end }`, or `null` if the bytes are not of the form that rule 10 asks for.
 * The order of a group's parts is not judged.
 */
export function parseGroup(bytes, at) {
  let end = at;
  let formed = true;
  const next = (structure) => {
    const size = sizeOf(structure);
    if (end + size > bytes.length) formed = false;
    if (!formed) return null;
    const value = decode(structure, bytes, end);
    end += size;
    if (reservedBroken(structure, value)) formed = false;
    return value;
  };
  const list = (count, read) => Array.from({ length: count }, read);

  const head = next('GroupHead');
  if (!formed || head.format !== 1 || !STRATEGIES.includes(head.strategy)) return null;
  const modes = list(head.mode_count, () => next('ModeBits'));
  const regions = list(head.region_count, () => {
    const region = next('GroupRegion');
    return { ...region, runs: list(region?.run_count ?? 0, () => next('SectorRun')) };
  });
  const slots = list(head.slot_count, () => next('GroupSlot'));
  const areas = list(head.area_count, () => next('GroupArea'));
  if (!formed) return null;
  const isRegion = (index) => index < regions.length;
  const isFormed =
    slots.length > 0 &&
    regions.every(({ memory, runs }) => MEMORIES.includes(memory) && runs.length > 0 && runs.every(({ size, count }) => size > 0 && count > 0)) &&
    slots.every(({ role, region, log_region }) => ROLES.includes(role) && isRegion(region) && isRegion(log_region)) &&
    areas.every(({ purpose, region }) => PURPOSES.includes(purpose) && isRegion(region));
  return isFormed ? { group: { ...head, modes, regions, slots, areas }, end } : null;
}

/** Neighbouring runs of one size are one run. */
function joined(runs) {
  const result = [];
  for (const { size, count } of runs) {
    const last = result.at(-1);
    if (last?.size === size) last.count += count;
    else result.push({ size, count });
  }
  return result;
}

/**
 * The canonical bytes of a group. Modes, regions, slots and areas may come in any order, `region` and `log_region` being indices into the
 * regions as given; sector runs come by ascending address.
 */
export function encodeGroup({ strategy, payload_offset, capacity, modes, regions, slots, areas }) {
  const byBase = regions.map((region, index) => ({ region, index })).sort((a, b) => a.region.base - b.region.base);
  const number = (given) => byBase.findIndex(({ index }) => index === given);
  const parts = [
    encode('GroupHead', {
      format: 1,
      strategy,
      mode_count: modes.length,
      region_count: regions.length,
      slot_count: slots.length,
      area_count: areas.length,
      payload_offset,
      capacity,
    }),
  ];
  for (const mode of [...modes].sort((a, b) => a.register - b.register || a.mask - b.mask)) parts.push(encode('ModeBits', mode));
  for (const { region } of byBase) {
    const runs = joined(region.runs);
    parts.push(encode('GroupRegion', { ...region, run_count: runs.length }), ...runs.map((run) => encode('SectorRun', run)));
  }
  const byPlace = (a, b) => a.region - b.region || a.offset - b.offset;
  const placedSlots = slots.map((slot) => ({ ...slot, region: number(slot.region), log_region: number(slot.log_region) }));
  for (const slot of placedSlots.sort(byPlace)) parts.push(encode('GroupSlot', slot));
  const placedAreas = areas.map((area) => ({ ...area, region: number(area.region) }));
  for (const area of placedAreas.sort(byPlace)) parts.push(encode('GroupArea', area));
  return Buffer.concat(parts);
}

/** The fingerprint that names the group in an image. */
export const fingerprint = (group) => createHash('sha256').update(encodeGroup(group)).digest();
