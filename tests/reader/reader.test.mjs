// Every vector of tests/vectors gets the same answer from the reader here; and its numbers are those of schema/image-format.md.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CODES } from './codes.mjs';
import { ENTRIES } from './log.mjs';
import { judge } from './reader.mjs';
import { fieldsOf, sizeOf, STRUCTURES } from './structures.mjs';

const folder = new URL('../vectors/', import.meta.url);
const { vectors } = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'));
const document = readFileSync(new URL('../../schema/image-format.md', import.meta.url), 'utf8');

const hex = (text) => (text === null ? null : Buffer.from(text, 'hex'));

/** The policy of a vector, with its byte strings as bytes. */
const policyOf = ({ keys, threshold, device, revision, place, counter }) => ({
  keys: keys.map(hex),
  threshold,
  device: device && { vendor_id: hex(device.vendor_id), class_id: hex(device.class_id) },
  revision: hex(revision),
  place: place && { ...place, layout: hex(place.layout) },
  counter,
});

test('the index has vectors, of every kind', () => {
  assert.deepEqual([...new Set(vectors.map(({ kind }) => kind))].sort(), ['image', 'layout', 'otp', 'release']);
});

for (const { name, kind, file, policy, slot, fault, code, error, offset } of vectors) {
  test(`vector ${name}`, () => {
    const bytes = readFileSync(new URL(file, folder));
    assert.deepEqual(judge({ bytes, kind, policy: policyOf(policy), slot, fault }), { code, error, offset });
  });
}

/** The rows of the document whose first cell matches, as lists of cells. */
const rows = (text, first) =>
  [...text.matchAll(/^\| (.*) \|$/gm)].map(([, row]) => row.split(' | ').map((cell) => cell.trim())).filter(([cell]) => first.test(cell));

/** A section of the document, by its title. */
const section = (title) => document.split(/^(?=## )/m).find((text) => text.startsWith(`## ${title}\n`));

test('codes are those of the document', () => {
  const documented = rows(section('Codes'), /^\d{3}$/).map(([code, name]) => [name, Number(code)]);
  assert.deepEqual(CODES, Object.fromEntries(documented));
});

test('entries of the state log are those of the document', () => {
  const documented = rows(section('State log'), /^0x/).map(([number, name]) => [name, Number(number)]);
  assert.deepEqual(ENTRIES, Object.fromEntries(documented));
});

test('structures are those of the document', () => {
  const parts = document.split(/^(?=\*\*\w+\*\*, \d+ bytes\.)/m).slice(1);
  const documented = parts.map((part) => {
    const [, name, size] = /^\*\*(\w+)\*\*, (\d+) bytes/.exec(part);
    const table = part.slice(part.indexOf('| offset |')).split('\n\n')[0];
    const fields = rows(table, /^\d+$/).map(([offset, , type, field]) => ({ name: field, type: type.replaceAll('`', ''), offset: Number(offset) }));
    return [name, { size: Number(size), fields }];
  });
  // Trust sets and OTP layouts come from manifests; this reader takes keys and a threshold from its policy.
  const read = documented.filter(([name]) => !['TrustHead', 'RoleHead', 'OtpHead', 'OtpField'].includes(name));
  const here = Object.keys(STRUCTURES).map((name) => [name, { size: sizeOf(name), fields: fieldsOf(name) }]);
  assert.deepEqual(Object.fromEntries(here), Object.fromEntries(read));
});
