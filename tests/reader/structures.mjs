// The structures of schema/image-format.md, typed from its tables by hand. reader.test.mjs compares them with the tables.
// Fields follow one another without padding, so a list of types in order says all about a structure.

export const STRUCTURES = {
  FrontHead: { header: '[u8; 256]', signatures: '[SignaturePlace; 4]' },
  SignaturePlace: { key_id: '[u8; 8]', signature: '[u8; 64]' },
  Envelope: {
    magic: '[u8; 8]',
    format: 'U16',
    reserved: '[u8; 2]',
    front_size: 'U32',
    payload_size: 'U32',
    auxiliary_size: 'U32',
    reserved_2: '[u8; 8]',
    records_digest: '[u8; 32]',
    payload_digest: '[u8; 32]',
    auxiliary_digest: '[u8; 32]',
    vendor_id: '[u8; 16]',
    class_id: '[u8; 16]',
  },
  RecordHead: { kind: 'U16', size: 'U16' },
  AuxiliaryHead: { kind: 'U16', reserved: '[u8; 2]', size: 'U32' },
  ImageBody: {
    layout: '[u8; 32]',
    run_address: 'U32',
    payload_offset: 'U32',
    version: 'Version',
    security_counter: 'U32',
    payload_type: 'U32',
    reserved: '[u8; 40]',
  },
  Version: { major: 'U16', minor: 'U16', patch: 'U32' },
  LayoutBody: { group_count: 'U16', reserved: '[u8; 94]' },
  ReleaseBody: {
    member_count: 'U16',
    chunk_log2: 'u8',
    commit: 'u8',
    members_size: 'U32',
    expires: 'U32',
    reserved: '[u8; 84]',
  },
  Member: { image_id: '[u8; 32]', size: 'U32', payload_size: 'U32', first_chunk: 'U32', flags: 'U32' },
  OtpBody: {
    layout: '[u8; 32]',
    board: '[u8; 32]',
    data_address: 'U32',
    data_size: 'U32',
    lock_address: 'U32',
    lock_size: 'U32',
    reserved: '[u8; 16]',
  },
  GroupHead: {
    format: 'U16',
    strategy: 'u8',
    mode_count: 'u8',
    region_count: 'u8',
    slot_count: 'u8',
    area_count: 'u8',
    reserved: 'u8',
    payload_offset: 'U32',
    capacity: 'U32',
  },
  ModeBits: { register: 'U32', mask: 'U32', value: 'U32' },
  GroupRegion: {
    base: 'U32',
    program_unit: 'U16',
    ecc_word: 'U16',
    erased: 'u8',
    run_count: 'u8',
    memory: 'u8',
    reserved: '[u8; 5]',
  },
  SectorRun: { size: 'U32', count: 'U32' },
  GroupSlot: {
    role: 'u8',
    region: 'u8',
    log_region: 'u8',
    reserved: 'u8',
    offset: 'U32',
    size: 'U32',
    front_offset: 'U32',
    run_address: 'U32',
    log_offset: 'U32',
    log_size: 'U32',
  },
  GroupArea: { purpose: 'u8', region: 'u8', reserved: '[u8; 2]', offset: 'U32', size: 'U32' },
  EntryBytes: { kind: 'u8', argument: 'u8', step: 'U16', generation: 'U32', image: '[u8; 4]', crc: 'U32' },
};

const WIDTHS = { u8: 1, U16: 2, U32: 4 };

const arrayType = (type) => {
  const match = /^\[(\w+); (\d+)\]$/.exec(type);
  return match && { inner: match[1], count: Number(match[2]) };
};

/** Size in bytes of a structure, or of a field's type. */
export function sizeOf(type) {
  const array = arrayType(type);
  if (array) return array.count * sizeOf(array.inner);
  return WIDTHS[type] ?? Object.values(STRUCTURES[type]).reduce((sum, field) => sum + sizeOf(field), 0);
}

/** The fields of a structure with their offsets: `[{ name, type, offset }]`. */
export function fieldsOf(structure) {
  let offset = 0;
  return Object.entries(STRUCTURES[structure]).map(([name, type]) => {
    const field = { name, type, offset };
    offset += sizeOf(type);
    return field;
  });
}

/** Offset of a field in its structure. */
export const offsetOf = (structure, name) => fieldsOf(structure).find((field) => field.name === name).offset;

/** Reads a structure; the caller has made sure that all its bytes are there. Arrays of bytes stay views of `bytes`. */
export function decode(type, bytes, at = 0) {
  if (type in WIDTHS) return bytes.readUIntLE(at, WIDTHS[type]);
  const array = arrayType(type);
  if (array?.inner === 'u8') return bytes.subarray(at, at + array.count);
  if (array) {
    const step = sizeOf(array.inner);
    return Array.from({ length: array.count }, (_, index) => decode(array.inner, bytes, at + index * step));
  }
  return Object.fromEntries(fieldsOf(type).map((field) => [field.name, decode(field.type, bytes, at + field.offset)]));
}

/** Writes a structure of numbers and byte strings; a field that `value` does not have is zero. */
export function encode(structure, value) {
  const bytes = Buffer.alloc(sizeOf(structure));
  for (const { name, type, offset } of fieldsOf(structure)) {
    const field = value[name] ?? 0;
    if (type in WIDTHS) bytes.writeUIntLE(field, offset, WIDTHS[type]);
    else if (field !== 0) Buffer.from(field).copy(bytes, offset);
  }
  return bytes;
}

export const isZero = (bytes) => bytes.every((byte) => byte === 0);

/** The first reserved field that is not zero, or `undefined`. `value` is what `decode` gave. */
export const reservedBroken = (structure, value) =>
  fieldsOf(structure).find(({ name, type }) => {
    const field = value[name];
    return name.startsWith('reserved') && !(type in WIDTHS ? field === 0 : isZero(field));
  });
