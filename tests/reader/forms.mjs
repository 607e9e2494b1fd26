// What the parts of an artefact must look like inside: rules 7, 9 and 10 of schema/image-format.md.

import { parseGroup } from './group.mjs';
import { decode, isZero, reservedBroken, sizeOf } from './structures.mjs';

const DIGEST_SIZE = 32;
const RECORD_HEAD_SIZE = sizeOf('RecordHead');
const AUXILIARY_HEAD_SIZE = sizeOf('AuxiliaryHead');
const CHUNK_LOG2 = { min: 12, max: 20 };

const padded = (size) => Math.ceil(size / 4) * 4;
const isPrintable = (byte) => byte >= 0x21 && byte <= 0x7e;
const isChunkLog2 = (value) => value >= CHUNK_LOG2.min && value <= CHUNK_LOG2.max;
const chunkCount = (size, log2) => Math.ceil(size / 2 ** log2);

/** At least one printable character, then zero up to the end. */
function isName(bytes) {
  const zero = bytes.indexOf(0);
  const length = zero === -1 ? bytes.length : zero;
  return length > 0 && bytes.subarray(0, length).every(isPrintable) && isZero(bytes.subarray(length));
}

/** The value cut into pieces of one size, or `null` if it is empty, leaves a rest, or has a piece twice. */
function distinctPieces(value, size) {
  if (value.length === 0 || value.length % size !== 0) return null;
  const pieces = [];
  for (let at = 0; at < value.length; at += size) pieces.push(value.subarray(at, at + size));
  return new Set(pieces.map((piece) => piece.toString('hex'))).size === pieces.length ? pieces : null;
}

function readRevisions(value) {
  const revisions = distinctPieces(value, 4);
  return revisions?.every(isName) ? revisions : null;
}

const RECORDS = {
  1: { name: 'revisions', read: readRevisions },
  2: { name: 'companions', read: (value) => (value.length <= 8 * DIGEST_SIZE ? distinctPieces(value, DIGEST_SIZE) : null) },
};

/** Reads the records' area. Gives the values by name; calls `refuse(name, offset)`, which throws, with offsets from the area's start. */
export function readRecords(area, refuse) {
  const values = {};
  let [at, before] = [0, 0];
  while (area.length - at >= RECORD_HEAD_SIZE) {
    const { kind, size } = decode('RecordHead', area, at);
    if (kind === 0) break;
    const start = at + RECORD_HEAD_SIZE;
    const end = start + padded(size);
    if (kind <= before) refuse('RecordOrder', at);
    if (end > area.length) refuse('RecordSize', at);
    if (!isZero(area.subarray(start + size, end))) refuse('RecordPadding', at);
    if (!(kind in RECORDS)) refuse('UnknownRecord', at);
    const value = RECORDS[kind].read(area.subarray(start, start + size));
    if (!value) refuse('RecordValue', at);
    values[RECORDS[kind].name] = value;
    [at, before] = [end, kind];
  }
  if (!isZero(area.subarray(at))) refuse('RecordPadding', at);
  return values;
}

function isUtf8(bytes) {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const isDigest = (value) => value.length === DIGEST_SIZE;

function isChunkList(value, payloadSize) {
  if (value.length < 4 || !isChunkLog2(value.readUInt32LE(0))) return false;
  return value.length === 4 + DIGEST_SIZE * chunkCount(payloadSize, value.readUInt32LE(0));
}

const AUXILIARY = { 1: isUtf8, 2: isDigest, 3: isDigest, 4: isChunkList };

/** The start of the first item of the auxiliary area that is not of its form, or `null`. */
export function auxiliaryBroken(area, payloadSize) {
  let [at, before] = [0, 0];
  while (at < area.length) {
    if (area.length - at < AUXILIARY_HEAD_SIZE) return at;
    const head = decode('AuxiliaryHead', area, at);
    const start = at + AUXILIARY_HEAD_SIZE;
    const end = start + padded(head.size);
    if (end > area.length || reservedBroken('AuxiliaryHead', head) || head.kind <= before) return at;
    if (!isZero(area.subarray(start + head.size, end))) return at;
    const isFormed = AUXILIARY[head.kind] ?? (() => true);
    if (!isFormed(area.subarray(start, start + head.size), payloadSize)) return at;
    [at, before] = [end, head.kind];
  }
  return null;
}

function isLayout(payload, { group_count }) {
  let at = 0;
  for (let index = 0; index < group_count; index += 1) {
    const parsed = parseGroup(payload, at);
    if (!parsed) return false;
    at = parsed.end;
  }
  return group_count > 0 && at === payload.length;
}

/** The members of a release's directory, each with the digests of its chunks, or `null` if the directory is not of its form. */
export function readDirectory(payload, { member_count, chunk_log2, commit, members_size }) {
  const listSize = member_count * sizeOf('Member');
  if (member_count === 0 || listSize > payload.length || !isChunkLog2(chunk_log2) || ![1, 2].includes(commit)) return null;
  const members = Array.from({ length: member_count }, (_, index) => decode('Member', payload, index * sizeOf('Member')));
  let [chunks, sizes] = [0, 0];
  for (const member of members) {
    if (member.payload_size === 0 || member.payload_size >= member.size) return null;
    if (member.flags > 1 || member.first_chunk !== chunks) return null;
    const count = chunkCount(member.payload_size, chunk_log2);
    const digestAt = (index) => listSize + (chunks + index) * DIGEST_SIZE;
    member.chunkDigests = Array.from({ length: count }, (_, index) => payload.subarray(digestAt(index), digestAt(index + 1)));
    chunks += count;
    sizes += member.size;
  }
  const ids = new Set(members.map(({ image_id }) => image_id.toString('hex')));
  const leads = members.filter(({ flags }) => flags === 1);
  if (ids.size !== member_count || leads.length < 1 || sizes !== members_size) return null;
  return payload.length === listSize + chunks * DIGEST_SIZE ? members : null;
}

function isOtp(payload, { board, data_size, lock_size }) {
  if (data_size === 0 || payload.length !== 2 * data_size + lock_size || !isName(board)) return false;
  const mask = payload.subarray(data_size, 2 * data_size);
  const locks = payload.subarray(2 * data_size);
  const isInside = payload.subarray(0, data_size).every((byte, index) => (byte & ~mask[index]) === 0);
  return isInside && locks.every((byte) => byte === 0x00 || byte === 0xff);
}

/** Whether the payload of a kind is of its form. An image's is not judged here. */
export const PAYLOAD_FORMS = {
  image: () => true,
  layout: isLayout,
  release: (payload, body) => readDirectory(payload, body) !== null,
  otp: isOtp,
};
