// The answers of a reader: section "Codes" of schema/image-format.md.

export const CODES = {
  ReadFault: 101,
  NotSealed: 201,
  WrongKind: 202,
  UnknownFormat: 203,
  FrontSize: 204,
  Sizes: 205,
  Reserved: 206,
  UnknownPayloadType: 207,
  PayloadOffset: 208,
  RunAddress: 209,
  TrustSet: 301,
  SignatureOrder: 302,
  SignaturePlace: 303,
  BadSignature: 304,
  TooFewSignatures: 305,
  Truncated: 401,
  TrailingBytes: 402,
  ExceedsSlot: 403,
  OtherVendor: 501,
  OtherClass: 502,
  OtherRevision: 503,
  OtherLayout: 504,
  OtherRunAddress: 505,
  OtherPayloadOffset: 506,
  CounterTooLow: 507,
  RecordDigest: 601,
  RecordSize: 602,
  RecordPadding: 603,
  RecordOrder: 604,
  UnknownRecord: 605,
  RecordValue: 606,
  PayloadDigest: 701,
  EntryMissing: 702,
  EntryOutside: 703,
  AuxiliaryDigest: 704,
  PayloadForm: 705,
  AuxiliaryForm: 706,
  ChunkDigest: 707,
  OtherMember: 708,
};

/** A broken rule: its name, and the offset that it is about, in bytes from the start of the file. */
export class Refusal extends Error {
  constructor(name, offset) {
    if (!(name in CODES)) throw new TypeError(`no code is named ${name}`);
    super(`${name} at ${offset}`);
    this.answer = { code: CODES[name], error: name, offset };
  }
}
