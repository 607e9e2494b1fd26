// A reader of sealed artefacts, written from schema/image-format.md alone, without a look at the project's own reader. Where the two
// disagree on a vector, the text is not good enough. The numbers of the rules are those of its section "Judging".

import { createHash } from 'node:crypto';
import { Refusal } from './codes.mjs';
import { verify } from './ed25519.mjs';
import { auxiliaryBroken, PAYLOAD_FORMS, readDirectory, readRecords } from './forms.mjs';
import { decode, isZero, offsetOf, reservedBroken, sizeOf } from './structures.mjs';

const MAGIC = Buffer.from('8957585345414C', 'hex');
const KINDS = {
  image: { letter: 'I', body: 'ImageBody' },
  layout: { letter: 'L', body: 'LayoutBody' },
  release: { letter: 'R', body: 'ReleaseBody' },
  otp: { letter: 'O', body: 'OtpBody' },
};

const HEAD_SIZE = sizeOf('FrontHead');
const SIGNATURES = offsetOf('FrontHead', 'signatures');
const BODY = sizeOf('Envelope');
const PIECE = 512;
const ADDRESSES = 2 ** 32;
const FIRMWARE = 1;
const DATA = 2;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const keyId = (key) => sha256(key).subarray(0, 8);
const artefactSize = ({ front_size, payload_size, auxiliary_size }) => front_size + payload_size + auxiliary_size;

/** Bytes that are judged, with what may be wrong with reading them. */
class Source {
  /** `size`: of the file, or the room in the slot. `fault`: offset of a byte that cannot be read, or `null`. `start`: where it starts in the file. */
  constructor(bytes, size, fault, start = 0) {
    Object.assign(this, { bytes, size, fault, start });
  }

  refuse(name, offset) {
    throw new Refusal(name, this.start + offset);
  }

  /** One piece; `ReadFault` at its start if a byte of it cannot be read. */
  read(offset, size) {
    const end = offset + size;
    const isFaulty = this.fault !== null && this.fault >= offset && this.fault < end;
    if (isFaulty || end > this.size || end > this.bytes.length) this.refuse('ReadFault', offset);
    return this.bytes.subarray(offset, end);
  }

  /** Many bytes, in pieces of 512. */
  stream(offset, size) {
    const pieces = [];
    for (let at = 0; at < size; at += PIECE) pieces.push(this.read(offset + at, Math.min(PIECE, size - at)));
    return Buffer.concat(pieces);
  }

  /** A part as a source of its own, whose refusals count from this one's start. */
  part(offset, size) {
    const fault = this.fault === null ? null : this.fault - offset;
    return new Source(this.bytes.subarray(offset, offset + size), size, fault, this.start + offset);
  }
}

/** Rule 1. */
function checkTrustSet({ keys, threshold }) {
  const ids = keys.map((key) => keyId(key).toString('hex'));
  const isUsable =
    keys.length >= 1 &&
    keys.length <= 8 &&
    threshold >= 1 &&
    threshold <= Math.min(keys.length, 4) &&
    new Set(ids).size === ids.length && // a key twice is an id twice
    !ids.some((id) => /^0+$/.test(id));
  if (!isUsable) throw new Refusal('TrustSet', 0);
}

/** Rule 2. */
function checkFileSize(source) {
  if (source.size >= HEAD_SIZE) return;
  if (source.size >= MAGIC.length && !source.read(0, MAGIC.length).equals(MAGIC)) source.refuse('NotSealed', 0);
  source.refuse('Truncated', source.size);
}

/** Rule 3. */
function readHeader(source, kind) {
  const bytes = source.read(0, SIGNATURES);
  const envelope = decode('Envelope', bytes);
  const { letter, body: bodyName } = KINDS[kind];
  const check = (holds, name, structure, field) => {
    if (!holds) source.refuse(name, (structure === 'Envelope' ? 0 : BODY) + offsetOf(structure, field));
  };
  const checkReserved = (structure, value) => {
    const field = reservedBroken(structure, value);
    check(!field, 'Reserved', structure, field?.name);
  };

  check(envelope.magic.subarray(0, MAGIC.length).equals(MAGIC), 'NotSealed', 'Envelope', 'magic');
  check(envelope.magic[MAGIC.length] === letter.charCodeAt(0), 'WrongKind', 'Envelope', 'magic');
  check(envelope.format === 1, 'UnknownFormat', 'Envelope', 'format');
  const { front_size: front } = envelope;
  check(front >= 1024 && front <= 2048 && front % 256 === 0, 'FrontSize', 'Envelope', 'front_size');
  check(artefactSize(envelope) < ADDRESSES && envelope.payload_size > 0, 'Sizes', 'Envelope', 'payload_size');
  checkReserved('Envelope', envelope);

  const body = decode(bodyName, bytes, BODY);
  checkReserved(bodyName, body);
  if (kind === 'image') {
    check([FIRMWARE, DATA].includes(body.payload_type), 'UnknownPayloadType', bodyName, 'payload_type');
    check([front, 0].includes(body.payload_offset), 'PayloadOffset', bodyName, 'payload_offset');
    check(body.run_address + envelope.payload_size < ADDRESSES, 'RunAddress', bodyName, 'run_address');
  }
  const size = artefactSize(envelope) + (body.members_size ?? 0);
  check(size < ADDRESSES, 'Sizes', 'Envelope', 'payload_size');
  return { bytes, envelope, body, size };
}

/** Rule 4. */
function checkSignatures(source, header, { keys, threshold }) {
  const places = source.read(SIGNATURES, HEAD_SIZE - SIGNATURES);
  const step = sizeOf('SignaturePlace');
  let [good, before] = [0, Buffer.alloc(8)];
  let isEnded = false;
  for (let at = 0; at < places.length; at += step) {
    const { key_id, signature } = decode('SignaturePlace', places, at);
    const isUnused = isZero(key_id);
    if (isUnused !== isZero(signature) || (isEnded && !isUnused)) source.refuse('SignaturePlace', SIGNATURES + at);
    isEnded = isUnused;
    if (isUnused) continue;
    if (Buffer.compare(key_id, before) <= 0) source.refuse('SignatureOrder', SIGNATURES + at);
    before = key_id;
    const key = keys.find((candidate) => keyId(candidate).equals(key_id));
    if (!key) continue;
    if (!verify(key, signature, header)) source.refuse('BadSignature', SIGNATURES + at);
    good += 1;
  }
  if (good < threshold) source.refuse('TooFewSignatures', SIGNATURES);
}

/** Rule 5. */
function checkExtent(source, size, isFile) {
  if (isFile && source.size < size) source.refuse('Truncated', source.size);
  if (isFile && source.size > size) source.refuse('TrailingBytes', size);
  if (source.size < size) source.refuse('ExceedsSlot', source.size);
}

/** Rule 6. An input that is `null` is waived. */
function checkDevice(source, kind, { envelope, body }, { device, place, counter }) {
  const check = (holds, name, offset) => {
    if (!holds) source.refuse(name, offset);
  };
  if (device) {
    check(envelope.vendor_id.equals(device.vendor_id), 'OtherVendor', offsetOf('Envelope', 'vendor_id'));
    check(envelope.class_id.equals(device.class_id), 'OtherClass', offsetOf('Envelope', 'class_id'));
  }
  if (kind !== 'image') return;
  const at = (field) => BODY + offsetOf('ImageBody', field);
  if (place) {
    check(body.layout.equals(place.layout), 'OtherLayout', at('layout'));
    check(body.run_address === place.run_address, 'OtherRunAddress', at('run_address'));
    check(body.payload_offset === place.payload_offset, 'OtherPayloadOffset', at('payload_offset'));
  }
  if (counter !== null) check(body.security_counter >= counter, 'CounterTooLow', at('security_counter'));
}

/** Rule 7. */
function checkRecords(source, kind, { envelope }, { revision }) {
  const area = source.read(HEAD_SIZE, envelope.front_size - HEAD_SIZE);
  if (!sha256(area).equals(envelope.records_digest)) source.refuse('RecordDigest', HEAD_SIZE);
  const { revisions } = readRecords(area, (name, offset) => source.refuse(name, HEAD_SIZE + offset));
  if (kind !== 'image' || revision === null || !revisions) return;
  if (!revisions.some((listed) => listed.equals(revision))) source.refuse('OtherRevision', HEAD_SIZE);
}

/** Rule 8. Gives the payload. */
function checkPayload(source, kind, { envelope, body }) {
  const { front_size: start, payload_size: size } = envelope;
  const payload = source.stream(start, size);
  if (!sha256(payload).equals(envelope.payload_digest)) source.refuse('PayloadDigest', start);
  if (kind !== 'image' || body.payload_type !== FIRMWARE) return payload;
  if (size < 8) source.refuse('EntryMissing', start);
  const reset = payload.readUInt32LE(4);
  const entry = reset - (reset % 2);
  const isInside = entry >= body.run_address + 8 && entry < body.run_address + size;
  if (reset % 2 === 0 || !isInside) source.refuse('EntryOutside', start);
  return payload;
}

/** Rule 9. */
function checkAuxiliary(source, { envelope }) {
  const start = envelope.front_size + envelope.payload_size;
  const area = source.stream(start, envelope.auxiliary_size);
  if (!sha256(area).equals(envelope.auxiliary_digest)) source.refuse('AuxiliaryDigest', start);
  const broken = auxiliaryBroken(area, envelope.payload_size);
  if (broken !== null) source.refuse('AuxiliaryForm', start + broken);
}

/** Rule 11, for one member. */
function checkMember(source, member, chunkSize) {
  checkFileSize(source);
  const { bytes, envelope, size } = readHeader(source, 'image');
  const isNamed = sha256(bytes).equals(member.image_id) && envelope.payload_size === member.payload_size && size === member.size;
  if (!isNamed) source.refuse('OtherMember', 0);
  member.chunkDigests.forEach((digest, index) => {
    const start = index * chunkSize;
    const at = envelope.front_size + start;
    const chunk = source.read(at, Math.min(chunkSize, envelope.payload_size - start));
    if (!sha256(chunk).equals(digest)) source.refuse('ChunkDigest', at);
  });
}

function checkAll(source, kind, isFile, policy) {
  checkTrustSet(policy);
  if (isFile) checkFileSize(source);
  const header = readHeader(source, kind);
  checkSignatures(source, header.bytes, policy);
  checkExtent(source, header.size, isFile);
  checkDevice(source, kind, header, policy);
  checkRecords(source, kind, header, policy);
  const payload = checkPayload(source, kind, header);
  checkAuxiliary(source, header);
  if (!PAYLOAD_FORMS[kind](payload, header.body)) source.refuse('PayloadForm', header.envelope.front_size);
  if (kind !== 'release') return;
  let start = artefactSize(header.envelope);
  for (const member of readDirectory(payload, header.body)) {
    checkMember(source.part(start, member.size), member, 2 ** header.body.chunk_log2);
    start += member.size;
  }
}

/**
 * Judges the artefact in `bytes` by all rules, those for hosts too. `slot` is the room in bytes of the slot that it lies in, or `null` for a file;
 * `fault` the offset of a byte that cannot be read, or `null`. Gives `{ code, error, offset }`.
 */
export function judge({ bytes, kind, policy, slot, fault }) {
  try {
    checkAll(new Source(bytes, slot ?? bytes.length, fault), kind, slot === null, policy);
    return { code: 0, error: 'Accepted', offset: 0 };
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

