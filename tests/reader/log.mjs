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

/** What two readings of a place are: `'free'`, `'dirty'`, or an entry. A reading of `null` was a fault. */
export function readPlace(first, second, erased) {
  if (!first || !second) return 'dirty';
  if ([first, second].every((reading) => reading.every((byte) => byte === erased))) return 'free';
  const entry = decode('EntryBytes', first);
  const valid =
    first.equals(second) &&
    Object.values(ENTRIES).includes(entry.kind) &&
    entry.crc === crc32(first.subarray(0, 12)) &&
    isZero(first.subarray(ENTRY_SIZE));
  return valid ? entry : 'dirty';
}

/** Status, generation and spent tries of a log: all of its places, as `readPlace` gave them, in order. */
export function readLog(places, triesAllowed) {
  const entries = places.filter((place) => typeof place === 'object');
  const generation = entries.reduce((highest, entry) => Math.max(highest, entry.generation), 0);
  const newest = entries.filter((entry) => entry.generation === generation);
  const image = newest.find((entry) => !isZero(entry.image))?.image;
  const counts = (place) => newest.includes(place) && (isZero(place.image) ? !image || isFirst(place, newest) : place.image.equals(image));
  const seen = new Set();
  let tries = 0;
  let copy = null;
  for (const place of places) {
    if (counts(place)) {
      seen.add(place.kind);
      if ([ENTRIES.TRY, ENTRIES.BACKUP, ENTRIES.COPY, ENTRIES.BACK].includes(place.kind)) seen.add(ENTRIES.READY);
      if ([ENTRIES.BACKUP, ENTRIES.COPY, ENTRIES.BACK].includes(place.kind)) copy = place.kind;
      if (place.kind === ENTRIES.DONE) {
        if (copy === ENTRIES.COPY) tries = 0;
        copy = null;
      }
    }
    if (counts(place) && place.kind === ENTRIES.TRY) tries += 1;
  }
  return { status: statusOf(seen, tries, triesAllowed), generation, tries };
}

/** Whether an entry that names no image stands before all that name one: an OPEN before anybody knows which image comes. */
function isFirst(place, newest) {
  const named = newest.findIndex((entry) => !isZero(entry.image));
  return newest.indexOf(place) < named;
}

function statusOf(seen, tries, triesAllowed) {
  if (seen.has(ENTRIES.OKAY)) return 'confirmed';
  if (seen.has(ENTRIES.DROP)) return 'rejected';
  if (seen.has(ENTRIES.READY)) return tries >= triesAllowed ? 'rejected' : 'trial';
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
