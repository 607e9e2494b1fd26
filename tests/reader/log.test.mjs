import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { choose, crc32, encodePlace, ENTRIES, placeCount, placeSize, readLog, readPlace, readPlaces } from './log.mjs';

const ERASED = 0xff;
const IMAGE = Buffer.from('c0ffee01', 'hex');
const OTHER_IMAGE = Buffer.from('c0ffee02', 'hex');

const entry = (kind, generation = 1, image = IMAGE) => ({ kind: ENTRIES[kind], argument: 0, step: 0, generation, image });

/** The state of a log: entries by name or as they are, `free` and `dirty` places; three tries are allowed. */
const statusOf = (...places) =>
  readLog(
    places.map((place) => (place in ENTRIES ? entry(place) : place)),
    3,
  ).status;

const ones = (number) => number.toString(2).replaceAll('0', '').length;

const { logs } = JSON.parse(readFileSync(new URL('../vectors/logs.json', import.meta.url), 'utf8'));

for (const { name, unit, erased, tries_allowed, fault, area, ...said } of logs) {
  test(`log ${name}`, () => {
    const places = readPlaces(Buffer.from(area, 'hex'), placeSize(unit, unit), erased, fault);
    const log = readLog(places, tries_allowed);
    assert.deepEqual({ ...log, image: log.image.toString('hex') }, said);
  });
}

test('CRC-32 has its check value', () => {
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
});

test('entry numbers differ in four bits from one another, from 0x00 and from 0xFF', () => {
  const numbers = [0x00, 0xff, ...Object.values(ENTRIES)];
  const distances = numbers.flatMap((a, index) => numbers.slice(index + 1).map((b) => ones(a ^ b)));
  assert.equal(Math.min(...distances), 4);
});

test('a place is the smallest multiple of the unit from 16 to 64', () => {
  const sizes = [[1, 0], [8, 8], [16, 0], [4, 32], [24, 0], [64, 16], [128, 0]].map(([program, ecc]) => placeSize(program, ecc));
  assert.deepEqual(sizes, [16, 16, 16, 32, 24, 64, null]);
});

test('places for three tries and a copy of eight sectors', () => {
  assert.equal(placeCount('direct-xip', 3, 8), 2 * 7 + 9 + 32);
  assert.equal(placeCount('bank-swap', 3, 8), 2 * 8 + 9 + 32);
  assert.equal(placeCount('overwrite', 3, 8), 2 * 9 + 9 + 8 + 32);
  assert.equal(placeCount('overwrite with backup', 3, 8), 2 * 13 + 9 + 24 + 32);
});

test('a place is free, an entry, or dirty', () => {
  const written = encodePlace(entry('READY'), 32);
  const flipped = (at) => Buffer.from(written.map((byte, index) => (index === at ? byte ^ 1 : byte)));
  const unknown = encodePlace({ ...entry('READY'), kind: 0x01 }, 32);
  const free = Buffer.alloc(32, ERASED);
  assert.deepEqual(readPlace(written, written, ERASED).kind, ENTRIES.READY);
  assert.equal(readPlace(free, free, ERASED), 'free');
  const spent = Buffer.alloc(32, 0);
  assert.equal(readPlace(spent, spent, ERASED), 'spent');
  for (const [first, second] of [[null, free], [written, null], [free, written], [written, free], [unknown, unknown]]) {
    assert.equal(readPlace(first, second, ERASED), 'dirty');
  }
  for (const at of [0, 1, 4, 8, 15, 16, 31]) assert.equal(readPlace(flipped(at), flipped(at), ERASED), 'dirty');
});

test('status follows from what was seen', () => {
  assert.equal(statusOf(), 'blank');
  assert.equal(statusOf('free', 'OPEN'), 'open');
  assert.equal(statusOf('OPEN', 'free', 'READY', 'TRY', 'TRY'), 'trial');
  assert.equal(statusOf('OPEN', 'READY', 'TRY', 'TRY', 'TRY'), 'rejected');
  assert.equal(statusOf('OPEN', 'READY', 'TRY', 'DROP'), 'rejected');
  assert.equal(statusOf('OPEN', 'READY', 'TRY', 'OKAY'), 'confirmed');
});

test('a dirty place is no try', () => {
  assert.equal(statusOf('OPEN', 'dirty', 'dirty', 'dirty', 'READY'), 'trial');
  assert.equal(statusOf('OPEN', 'READY', 'dirty', 'TRY', 'dirty'), 'trial');
  assert.equal(statusOf('OPEN', 'READY', 'TRY', 'OKAY', 'dirty', 'dirty'), 'confirmed');
});

test('entries of older generations and of another image are leftovers', () => {
  assert.equal(statusOf(entry('OKAY', 1), entry('OPEN', 2)), 'open');
  assert.equal(statusOf('OPEN', entry('OKAY', 1, OTHER_IMAGE), 'READY'), 'trial');
});

test('new trials come first, then confirmed slots, then all others', () => {
  const slot = (status, generation) => ({ status, generation });
  const slots = [slot('rejected', 12), slot('open', 9), slot('trial', 3), slot('confirmed', 2), slot('confirmed', 4), slot('trial', 5), slot('trial', 6)];
  assert.deepEqual(
    choose(slots).map(({ status, generation }) => `${status} ${generation}`),
    ['trial 6', 'trial 5', 'confirmed 4', 'confirmed 2', 'open 9', 'trial 3', 'rejected 12'],
  );
});
