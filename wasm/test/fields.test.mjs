// Every vector of one-time-programmable memory, by the reader that firmware uses: same values, same refusals.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readField } from "waxseal";
import { fields } from "../testing/vectors.mjs";

/** A value as the index writes it. */
function written(value) {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    return value === null ? "" : String(value);
}

for (const { name, layout, memory, unreadable, field, question, answer, code } of fields) {
    test(`field ${name}`, () => {
        const reading = readField(layout, memory, field, question, unreadable ?? undefined);
        assert.equal(reading.code, code);
        if (code === 0) assert.equal(written(reading.value), answer);
        else assert.ok(reading.name.length > 0 && reading.doc.length > 0);
    });
}

test("a layout may claim what it likes, and arguments are named", () => {
    const { layout, memory } = fields[0];
    assert.equal(readField(layout, memory.subarray(0, 4), 0, "checked").code, 803);
    assert.equal(readField(layout, memory, 4294967295, "checked").code, 802);
    assert.throws(() => readField(layout, memory, 0, "value"), /question is not "read"/);
    assert.throws(() => readField(layout, memory, -1, "read"), /field is not an integer/);
    assert.throws(() => readField(layout, [1], 0, "read"), /memory is not a Uint8Array/);
});
