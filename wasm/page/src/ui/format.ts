// Numbers as engineers write them.

/** `0x0802_0400`. */
export function address(value: number): string {
  const digits = value.toString(16).toUpperCase().padStart(8, "0");
  return `0x${digits.slice(0, 4)}_${digits.slice(4)}`;
}

/** Lower-case hex of bytes. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `896K`, `1.5M` or `784 bytes`. */
export function size(bytes: number): string {
  if (bytes > 0 && bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)}M`;
  if (bytes > 0 && bytes % 1024 === 0) return `${bytes / 1024}K`;
  return `${grouped(bytes)} bytes`;
}

/** `915,904`. */
export function grouped(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}
