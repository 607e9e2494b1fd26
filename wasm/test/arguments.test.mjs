// What is no valid argument is an exception that names it, and never a verdict.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { codes, inspect, judge, keyId, verify } from "waxseal";
import { accepted } from "../testing/vectors.mjs";

const declarations = readFileSync(new URL("../pkg/waxseal.d.ts", import.meta.url), "utf8");
const { bytes, policy } = accepted;

/** The properties of an interface, as the package declares them; it may do so in pieces. */
function declared(name) {
    const bodies = [...declarations.matchAll(new RegExp(`export interface ${name} \\{\\n(.*?)\\n\\}`, "gs"))].map(([, body]) => body);
    const names = [...bodies.join("\n").matchAll(/^ {4}(\w+): /gm)].map(([, property]) => property);
    assert(names.length > 0, name);
    return names;
}

function without(object, property) {
    const { [property]: _, ...rest } = object;
    return rest;
}

function throwsNaming(judge, name) {
    assert.throws(judge, (error) => error instanceof TypeError && error.message.startsWith(`${name} `), name);
}

for (const property of declared("Policy")) {
    test(`policy without ${property}`, () => {
        assert(property in policy);
        throwsNaming(() => verify(bytes, without(policy, property)), `policy.${property}`);
        throwsNaming(() => verify(bytes, { ...policy, [property]: undefined }), `policy.${property}`);
        // A function is not of any property's type.
        throwsNaming(() => verify(bytes, { ...policy, [property]: () => 0 }), `policy.${property}`);
    });
}

for (const [part, name] of [["device", "Device"], ["place", "Place"]]) {
    for (const property of declared(name)) {
        test(`policy without ${part}.${property}`, () => {
            const broken = { ...policy, [part]: without(policy[part], property) };
            throwsNaming(() => verify(bytes, broken), `policy.${part}.${property}`);
        });
    }
}

test("only checks can be waived", () => {
    const waivable = ["device", "revision", "place", "counter"];
    for (const property of declared("Policy")) {
        const waived = { ...policy, [property]: null };
        if (waivable.includes(property)) {
            assert.equal(verify(bytes, waived).accepted, true, property);
        } else {
            throwsNaming(() => verify(bytes, waived), `policy.${property}`);
        }
    }
});

const wrong = {
    "policy.keys[0]": [{ keys: ["00".repeat(32)] }, { keys: [new Uint8Array(31)] }, { keys: [,] }],
    "policy.keys": [{ keys: policy.keys[0] }],
    "policy.threshold": [{ threshold: 1.5 }, { threshold: -1 }, { threshold: NaN }, { threshold: "1" }, { threshold: 1n }],
    "policy.counter": [{ counter: 2 ** 32 }, { counter: Infinity }, { counter: true }],
    "policy.revision": [{ revision: "" }, { revision: "ABCDE" }, { revision: "Ä" }, { revision: "A B" }, { revision: 1 }],
    "policy.device.vendorId": [{ device: { ...policy.device, vendorId: new Uint8Array(17) } }],
    "policy.place.runAddress": [{ place: { ...policy.place, runAddress: 0.5 } }],
    "policy.extent": [{ extent: "slot" }, { extent: "files" }, { extent: 4096 }],
    "policy.extent.slot": [{ extent: {} }, { extent: { slot: "4096" } }],
};
for (const [name, changes] of Object.entries(wrong)) {
    test(`wrong ${name}`, () => {
        for (const change of changes) throwsNaming(() => verify(bytes, { ...policy, ...change }), name);
    });
}

test("wrong arguments", () => {
    for (const value of [undefined, null, "text", 1, {}, bytes.buffer, [...bytes]]) {
        throwsNaming(() => verify(value, policy), "bytes");
        throwsNaming(() => judge("image", value, policy), "bytes");
        throwsNaming(() => inspect(value), "bytes");
        throwsNaming(() => keyId(value), "publicKey");
    }
    for (const value of [undefined, null, "trust", "images", 1]) throwsNaming(() => judge(value, bytes, policy), "kind");
    for (const value of [undefined, null, "text", 1]) throwsNaming(() => verify(bytes, value), "policy");
    for (const value of [null, -1, "0"]) throwsNaming(() => verify(bytes, policy, value), "faultAt");
});

test("a trust set that cannot be is a verdict", () => {
    const [key] = policy.keys;
    const many = Array.from({ length: 9 }, (_, index) => new Uint8Array(32).fill(index));
    for (const change of [{ keys: [] }, { keys: [key, key] }, { keys: many }, { threshold: 0 }, { threshold: 257 }]) {
        assert.equal(verify(bytes, { ...policy, ...change }).name, "TrustSet", Object.keys(change)[0]);
    }
});

test("an exception of the caller's own passes through, and the next call works", () => {
    const mine = new Error("mine");
    const broken = { ...policy, get counter() { throw mine; } };
    assert.throws(() => verify(bytes, broken), (error) => error === mine);
    assert.equal(verify(bytes, policy).accepted, true);
});

test("an array that lies about its size, or has lost its bytes, is refused", () => {
    class Liar extends Uint8Array {
        subarray(start) { return super.subarray(start, start + 1); }
    }
    assert.equal(verify(new Liar(bytes), policy).name, "ReadFault");
    const gone = Uint8Array.from(bytes);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    assert.equal(verify(gone, policy).name, "Truncated");
});

test("objects have the properties that are declared", () => {
    const verdict = verify(bytes, policy);
    const refused = verify(bytes.subarray(1), policy);
    const objects = {
        Accepted: verdict,
        Refused: refused,
        Whole: judge("image", bytes, policy),
        Unauthenticated: inspect(bytes),
        Entry: verdict.entry,
        Header: verdict.header,
        Version: verdict.header.version,
        Code: codes()[0],
    };
    for (const [name, object] of Object.entries(objects)) assert.deepEqual(Object.keys(object), declared(name), name);
});
