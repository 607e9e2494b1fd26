// Ed25519 verification (RFC 8032, section 5.1), as strict as rule 4 of schema/image-format.md wants it. Node's own verification follows
// OpenSSL, which admits keys of small order; so the arithmetic is here. It is not in constant time: nothing here is secret.

import { createHash } from 'node:crypto';

const P = 2n ** 255n - 19n;
/** Order of the group that the base point generates. */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (a) => ((a % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let square = base; exponent > 0n; exponent >>= 1n, square = mod(square * square)) {
    if (exponent & 1n) result = mod(result * square);
  }
  return result;
}

const inverse = (a) => power(a, P - 2n);
const D = mod(-121665n * inverse(121666n));
const SQRT_MINUS_1 = power(2n, (P - 1n) / 4n);

// Points are [X, Y, Z, T] with x = X/Z, y = Y/Z, x y = T/Z.
const NEUTRAL = [0n, 1n, 1n, 0n];

/** Sum of two points (RFC 8032, 5.1.4; the formula is complete, so it doubles as well). */
export function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

/** The point added to itself `scalar` times. */
export function multiply(scalar, point) {
  let result = NEUTRAL;
  for (let power2 = point; scalar > 0n; scalar >>= 1n, power2 = add(power2, power2)) {
    if (scalar & 1n) result = add(result, power2);
  }
  return result;
}

const negate = ([x, y, z, t]) => [mod(-x), y, z, mod(-t)];
const isNeutral = ([x, y, z]) => x === 0n && y === z;
const isOfSmallOrder = (point) => isNeutral(multiply(8n, point));

const fromBytes = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

/** The point with this y and this lowest bit of x (RFC 8032, 5.1.3), or `null` if there is none. */
function pointOf(y, sign) {
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(mod(u * power(v, 7n)), (P - 5n) / 8n));
  if (mod(v * x * x) === mod(-u)) x = mod(x * SQRT_MINUS_1);
  if (mod(v * x * x) !== u || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

export const BASE = pointOf(mod(4n * inverse(5n)), 0n);

/** The point that 32 bytes stand for; `null` for no point, and for a second encoding of one (y of P or above, a negative zero). */
export function decodePoint(bytes) {
  const number = fromBytes(bytes);
  const y = number & (2n ** 255n - 1n);
  return y < P ? pointOf(y, number >> 255n) : null;
}

export function encodePoint([x, y, z]) {
  const scale = inverse(z);
  const number = mod(y * scale) | ((mod(x * scale) & 1n) << 255n);
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}

/** The hash of R, key and message as a number below the group order. */
export const challenge = (r, key, message) => fromBytes(createHash('sha512').update(r).update(key).update(message).digest()) % L;

/** Whether the 64 bytes are the key's signature of the message. */
export function verify(key, signature, message) {
  const [rBytes, s] = [signature.subarray(0, 32), fromBytes(signature.subarray(32))];
  const [a, r] = [decodePoint(key), decodePoint(rBytes)];
  if (s >= L || !a || !r || isOfSmallOrder(a) || isOfSmallOrder(r)) return false;
  const k = challenge(rBytes, key, message);
  const difference = add(multiply(s, BASE), negate(add(r, multiply(k, a))));
  return isNeutral(difference);
}
