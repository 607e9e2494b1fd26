// The state log of a slot: section "State log" of schema/image-format.md.

import { decode, encode, isZero, sizeOf } from './structures.mjs';

export const ENTRIES = {
  OPEN: 0x1e,
  READY: 0x2d,
  TRY: 0x33,
  OKAY: 0x4b,
  DROP: 0x55,
  CLEAR: 0x66,
  BACKUP: 0x78,
  COPY: 0x87,
  BACK: 0x99,
  STEP: 0xaa,
  DONE: 0xb4,
  OPTS: 0xcc,
  COUNT: 0xe1,
};

/** Entries that a strategy writes beyond those of every update, and its copies. A fixed image has no log. */
export const STRATEGIES = {
  'direct-xip': { adds: 0, copies: 0 },
  'bank-swap': { adds: 1, copies: 0 },
  overwrite: { adds: 2, copies: 1 },
  'overwrite with backup': { adds: 6, copies: 3 },
};

const ENTRY_SIZE = sizeOf('EntryBytes');
const LARGEST_PLACE = 64;

/** CRC-32 of IEEE 802.3, reflected, as in zip. */
export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Size of a place in bytes, or `null` if the memory has no log. Both units in bytes. */
export function placeSize(programUnit, eccWord) {
  const unit = Math.max(programUnit, eccWord);
  const size = Math.ceil(ENTRY_SIZE / unit) * unit;
  return size <= LARGEST_PLACE ? size : null;
}

/** Number of places of a log. `steps` is the number of sectors that one copy programs. */
export function placeCount(strategy, tries, steps) {
  const { adds, copies } = STRATEGIES[strategy];
  const [open, ready, okay, drop] = [1, 1, 4, 1];
  return 2 * (open + ready + okay + drop + adds) + 3 * tries + steps * copies + 32;
}

/** The bytes of a place with an entry `{ kind, argument, step, generation, image }`. */
export function encodePlace(entry, size) {
  const bytes = Buffer.alloc(size);
  encode('EntryBytes', entry).copy(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  return bytes;
}

/** What two readings of a place are: `'free'`, `'spent'`, `'dirty'`, or an entry. A reading of `null` was a fault. */
export function readPlace(first, second, erased) {
  if (!first || !second || !first.equals(second)) return 'dirty';
  if (first.every((byte) => byte === erased)) return 'free';
  if (first.every((byte) => byte === (erased ^ 0xff))) return 'spent';
  const entry = decode('EntryBytes', first);
  const valid =
    Object.values(ENTRIES).includes(entry.kind) &&
    entry.crc === crc32(first.subarray(0, 12)) &&
    isZero(first.subarray(ENTRY_SIZE));
  return valid ? entry : 'dirty';
}

/** All places of a log area, in order. `fault` is the offset of a byte that cannot be read, or `null`. */
export function readPlaces(area, size, erased, fault) {
  const places = [];
  for (let start = 0; start + size <= area.length; start += size) {
    const fails = fault !== null && fault >= start && fault < start + size;
    const reading = fails ? null : area.subarray(start, start + size);
    places.push(readPlace(reading, reading, erased));
  }
  return places;
}

/** What a log says: all of its places, as `readPlace` gave them, in order. */
export function readLog(places, triesAllowed) {
  const entries = places.filter((place) => typeof place === 'object');
  const generation = entries.reduce((highest, entry) => Math.max(highest, entry.generation), 0);
  const newest = entries.filter((entry) => entry.generation === generation);
  const named = newest.findIndex((entry) => !isZero(entry.image));
  const image = named < 0 ? Buffer.alloc(4) : newest[named].image;
  const counted = newest.filter((entry, index) => entry.image.equals(image) || index < named);
  const seen = new Set(counted.map(({ kind }) => kind));
  const tries = counted.filter(({ kind }) => kind === ENTRIES.TRY).length;
  // The last word about whether the slot is to be erased.
  const word = counted.findLast(({ kind }) => kind === ENTRIES.CLEAR || kind === ENTRIES.OKAY);
  const clear = word?.kind === ENTRIES.CLEAR;
  const next = places.findLastIndex((place) => place !== 'free') + 1;
  return { status: statusOf(seen, tries, triesAllowed), generation, image, tries, next, clear };
}

/** Entries that only a boot loader writes that has seen a READY. */
const AFTER_READY = [ENTRIES.READY, ENTRIES.TRY, ENTRIES.BACKUP, ENTRIES.COPY, ENTRIES.BACK];

function statusOf(seen, tries, triesAllowed) {
  if (seen.has(ENTRIES.OKAY)) return 'confirmed';
  if (seen.has(ENTRIES.DROP)) return 'rejected';
  if (AFTER_READY.some((kind) => seen.has(kind))) return tries >= triesAllowed ? 'rejected' : 'trial';
  return seen.has(ENTRIES.OPEN) ? 'open' : 'blank';
}

/** The order in which slots `{ status, generation }` are verified and tried. */
export function choose(slots) {
  const confirmed = slots.filter(({ status }) => status === 'confirmed').map(({ generation }) => generation);
  const rank = ({ status, generation }) => {
    if (status === 'trial' && confirmed.every((other) => generation > other)) return 0;
    if (status === 'confirmed') return 1;
    return status === 'rejected' ? 3 : 2;
  };
  return [...slots].sort((a, b) => rank(a) - rank(b) || b.generation - a.generation);
}
