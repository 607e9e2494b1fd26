// The vectors of tests/vectors, with their policies as the package takes them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const folder = new URL("../../tests/vectors/", import.meta.url);
const index = JSON.parse(readFileSync(new URL("index.json", folder), "utf8"));
assert(index.vectors.length > 0, "tests/vectors/index.json has no vectors: nothing would be tested");

export const vectors = index.vectors.map((vector) => ({
    ...vector,
    bytes: readFileSync(new URL(vector.file, folder)),
    policy: policy(vector),
}));

/** The first vector that is accepted: the start for tests that break one thing. */
export const accepted = vectors.find((vector) => vector.code === 0);
assert(accepted, "tests/vectors/index.json has no vector that is accepted");

function policy({ policy: { keys, threshold, device, revision, place, counter }, slot }) {
    return {
        keys: keys.map(bytes),
        threshold,
        device: device && { vendorId: bytes(device.vendor_id), classId: bytes(device.class_id) },
        revision: revision && text(revision),
        place: place && {
            layout: bytes(place.layout),
            runAddress: place.run_address,
            payloadOffset: place.payload_offset,
        },
        counter,
        extent: slot === null ? "file" : { slot },
    };
}

function bytes(hex) {
    assert.match(hex, /^([0-9a-f]{2})+$/);
    return new Uint8Array(Buffer.from(hex, "hex"));
}

/** A hardware revision without the zero bytes that pad it. */
function text(hex) {
    return Buffer.from(bytes(hex)).toString("latin1").replace(/\0+$/, "");
}

/** The vectors for readers of one-time-programmable memory. */
export const fields = JSON.parse(readFileSync(new URL("fields.json", folder), "utf8")).fields.map((field) => ({
    ...field,
    layout: bytes(field.layout),
    memory: bytes(field.memory),
}));
assert(fields.length > 0, "tests/vectors/fields.json has no vectors: nothing would be tested");
