import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeGroup, fingerprint, parseGroup } from './group.mjs';
import { decode } from './structures.mjs';

const slot = {
  role: 1,
  region: 0,
  log_region: 1,
  offset: 0,
  size: 0x8000,
  front_offset: 0,
  run_address: 0x0800_0400,
  log_offset: 0x2000,
  log_size: 0x2000,
};
const region = { base: 0x0800_0000, program_unit: 8, ecc_word: 8, erased: 0xff, memory: 1, runs: [{ size: 0x4000, count: 4 }] };
const other = { base: 0x0810_0000, program_unit: 8, ecc_word: 8, erased: 0xff, memory: 1, runs: [{ size: 0x2000, count: 2 }] };
const group = {
  strategy: 2,
  payload_offset: 0x400,
  capacity: 0x7c00,
  modes: [
    { register: 0x4000_2010, mask: 2, value: 0 },
    { register: 0x4000_2010, mask: 1, value: 1 },
  ],
  regions: [region, other],
  slots: [{ ...slot, region: 1 }, { ...slot, offset: 0x8000 }, slot],
  areas: [
    { purpose: 1, region: 1, offset: 0x3000, size: 0x1000 },
    { purpose: 1, region: 0, offset: 0xf000, size: 0x1000 },
  ],
};

test('the fingerprint does not depend on the order in which parts are given', () => {
  const turned = {
    ...group,
    modes: [...group.modes].reverse(),
    regions: [other, region],
    slots: group.slots.map((given) => ({ ...given, region: 1 - given.region, log_region: 1 - given.log_region })).reverse(),
    areas: group.areas.map((given) => ({ ...given, region: 1 - given.region })).reverse(),
  };
  assert.ok(fingerprint(turned).equals(fingerprint(group)));
});

test('neighbouring runs of one size are one run', () => {
  const split = { ...group, regions: [{ ...region, runs: [1, 3].map((count) => ({ size: 0x4000, count })) }, other] };
  assert.ok(fingerprint(split).equals(fingerprint(group)));
});

test('every number of a group is in its fingerprint', () => {
  const changed = [
    { strategy: 1 },
    { payload_offset: 0 },
    { capacity: 0x7c04 },
    { modes: [] },
    { regions: [{ ...region, ecc_word: 0 }, other] },
    { regions: [{ ...region, runs: [{ size: 0x4000, count: 5 }] }, other] },
    { regions: [{ ...region, memory: 2 }, other] },
    { slots: [slot] },
    { slots: group.slots.map((given) => ({ ...given, log_region: 0 })) },
    { areas: [] },
  ];
  const prints = [{}, ...changed].map((change) => fingerprint({ ...group, ...change }).toString('hex'));
  assert.equal(new Set(prints).size, prints.length);
});

test('canonical bytes read back are canonical still', () => {
  const bytes = encodeGroup(group);
  const parsed = parseGroup(bytes, 0);
  assert.equal(parsed.end, bytes.length);
  assert.ok(encodeGroup(parsed.group).equals(bytes));
});

test('the groups of a sealed layout are in their canonical bytes, and in order of their fingerprints', () => {
  const file = readFileSync(new URL('../vectors/layout.bin', import.meta.url));
  const { front_size, payload_size } = decode('Envelope', file);
  const payload = file.subarray(front_size, front_size + payload_size);
  const groups = [];
  for (let at = 0; at < payload.length; ) {
    const parsed = parseGroup(payload, at);
    groups.push(parsed.group);
    at = parsed.end;
  }
  const inOrder = groups.sort((a, b) => Buffer.compare(fingerprint(a), fingerprint(b)));
  assert.ok(Buffer.concat(inOrder.map(encodeGroup)).equals(payload));
});
