import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, BASE, challenge, decodePoint, encodePoint, L, multiply, verify } from './ed25519.mjs';

const hex = (text) => Buffer.from(text, 'hex');
const little = (number) => hex(number.toString(16).padStart(64, '0')).reverse();
const number = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

// RFC 8032, section 7.1, tests 1 to 3.
const KNOWN = [
  {
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

// A point of order 8; the last test proves that it is one.
const TORSION = decodePoint(hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'));

/** A signature with a secret scalar and a nonce, each with so many points of order 8 added to its public point. */
function sign(message, { keyTorsion = 0n, nonceTorsion = 0n }) {
  const [secret, nonce] = [5n, 7n];
  const withTorsion = (scalar, count) => encodePoint(add(multiply(scalar, BASE), multiply(count, TORSION)));
  const [key, r] = [withTorsion(secret, keyTorsion), withTorsion(nonce, nonceTorsion)];
  const s = (nonce + challenge(r, key, message) * secret) % L;
  return { key, signature: Buffer.concat([r, little(s)]) };
}

test('signatures of RFC 8032 verify, and no longer with a bit changed', () => {
  for (const { key, message, signature } of KNOWN) {
    assert.ok(verify(hex(key), hex(signature), hex(message)));
    for (const at of [0, 31, 32]) {
      const changed = hex(signature);
      changed[at] ^= 1;
      assert.ok(!verify(hex(key), changed, hex(message)));
    }
  }
});

test('S with the group order added is refused', () => {
  const { key, message, signature } = KNOWN[1];
  const bytes = hex(signature);
  const malleated = Buffer.concat([bytes.subarray(0, 32), little(number(bytes.subarray(32)) + L)]);
  assert.ok(!verify(hex(key), malleated, hex(message)));
});

test('the equation is without the cofactor', () => {
  const message = Buffer.from('waxseal');
  const plain = sign(message, {});
  assert.ok(verify(plain.key, plain.signature, message));
  const torn = sign(message, { nonceTorsion: 1n });
  assert.ok(!verify(torn.key, torn.signature, message));
});

test('keys and R of small order are refused, though the equation holds', () => {
  const message = Buffer.from('waxseal');
  const neutral = little(1n);
  const ofNeutral = Buffer.concat([encodePoint(multiply(7n, BASE)), little(7n)]);
  assert.ok(!verify(neutral, ofNeutral, message));
  const key = encodePoint(multiply(5n, BASE));
  const s = (challenge(neutral, key, message) * 5n) % L;
  assert.ok(!verify(key, Buffer.concat([neutral, little(s)]), message));
});

test('second encodings are no points', () => {
  const p = 2n ** 255n - 19n;
  assert.notEqual(decodePoint(little(1n)), null);
  assert.equal(decodePoint(little(p + 1n)), null);
  assert.equal(decodePoint(little(1n + 2n ** 255n)), null);
  assert.equal(decodePoint(little(2n)), null, 'y of 2 is not on the curve');
});

test('the point of order 8 has that order', () => {
  const neutral = encodePoint(multiply(0n, BASE));
  assert.ok(encodePoint(multiply(8n, TORSION)).equals(neutral));
  assert.ok(!encodePoint(multiply(4n, TORSION)).equals(neutral));
});
