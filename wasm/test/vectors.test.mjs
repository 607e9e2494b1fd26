// Every vector, through the package as a user imports it: same code, same offset.
import assert from "node:assert/strict";
import { test } from "node:test";
import { codes, inspect, judge, keyId, verify } from "waxseal";
import * as small from "waxseal/verify";
import { accepted, vectors } from "../testing/vectors.mjs";

const listed = new Map(codes().map((code) => [code.number, code]));

for (const { name, kind, bytes, policy, fault, code, error, offset } of vectors) {
    test(`vector ${name}`, () => {
        const verdict = judge(kind, bytes, policy, fault ?? undefined);
        const alone = small.judge(kind, bytes, policy, fault ?? undefined);
        assert.deepEqual([alone.code, alone.offset, alone.name], [verdict.code, verdict.offset, verdict.name]);
        if (kind === "image") {
            const { accepted, code, offset } = verify(bytes, policy, fault ?? undefined);
            assert.deepEqual({ accepted, code, offset }, { accepted: verdict.accepted, code: verdict.code, offset: verdict.offset });
        }
        assert.deepEqual({ code: verdict.code, offset: verdict.offset }, { code, offset });
        assert.equal(verdict.accepted, code === 0);
        if (!verdict.accepted) {
            assert.equal(verdict.name, error);
            const { stage, doc } = listed.get(code);
            assert.deepEqual({ stage: verdict.stage, doc: verdict.doc }, { stage, doc });
        }
    });
}

test("each code has a vector", () => {
    const judged = new Set(vectors.map(({ code }) => code));
    const without = codes().filter(({ number }) => !judged.has(number));
    assert.deepEqual(without.map(({ name }) => name), []);
});

test("an accepted image says what it is", async () => {
    const { bytes, policy } = accepted;
    const { id, entry, header } = verify(bytes, policy);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.subarray(0, 256)));
    assert.deepEqual(id, digest);
    const payload = new DataView(bytes.buffer, bytes.byteOffset + header.frontSize);
    assert.deepEqual(entry, { stack: payload.getUint32(0, true), reset: payload.getUint32(4, true) });
    assert.equal(header.size, bytes.length);
    assert.deepEqual(header.vendorId, policy.device.vendorId);
    assert.equal(header.runAddress, policy.place.runAddress);
    assert.deepEqual(inspect(bytes), { unauthenticated: header });
});

test("an inspected header is not vouched for, and a broken one is refused as by verify", () => {
    const { bytes, policy } = accepted;
    const forged = Uint8Array.from(bytes);
    forged[128] ^= 1;
    assert.deepEqual(inspect(forged).unauthenticated.vendorId, forged.slice(128, 144));
    assert.equal(verify(forged, policy).name, "BadSignature");
    assert.deepEqual(inspect(bytes.subarray(0, 10)), verify(bytes.subarray(0, 10), policy));
});

test("no changed byte of the front area is accepted, and none throws", () => {
    const { bytes, policy } = accepted;
    const { frontSize } = verify(bytes, policy).header;
    for (let offset = 0; offset < frontSize; offset++) {
        const changed = Uint8Array.from(bytes);
        changed[offset] ^= 0x80;
        assert.equal(verify(changed, policy).accepted, false, `offset ${offset}`);
    }
});

test("no shorter file is accepted, and none throws", () => {
    const { bytes, policy } = accepted;
    for (let size = 0; size < bytes.length; size++) {
        assert.equal(verify(bytes.subarray(0, size), policy).accepted, false, `size ${size}`);
    }
});

test("a key's id is the start of its digest", async () => {
    const [key] = accepted.policy.keys;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", key));
    assert.deepEqual(keyId(key), digest.slice(0, 8));
});
