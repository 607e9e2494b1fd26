// The entries that have a part of the package: the same answers as the whole of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as whole from "waxseal";
import * as ofDevices from "waxseal/devices";
import * as ofFiles from "waxseal/inspect";
import * as ofFlash from "waxseal/flash";
import * as ofManifests from "waxseal/manifest";
import { manifests, sealed } from "../testing/board.mjs";
import { ENTRIES, imported } from "../testing/entries.mjs";
import { vectors } from "../testing/vectors.mjs";

test("the whole has what its parts have, and nothing else", async () => {
    const parts = await Promise.all(ENTRIES.filter((entry) => !["waxseal", "simulated"].includes(entry)).map(imported));
    assert.deepEqual([...new Set(parts.flatMap(Object.keys))].sort(), Object.keys(whole).sort());
});

test("manifests are judged alike", () => {
    for (const manifest of manifests) {
        const { name } = manifest;
        assert.deepEqual(ofManifests.namedFiles(manifest), whole.namedFiles(manifest), name);
        assert.deepEqual(ofManifests.checkManifest(manifest), whole.checkManifest(manifest), name);
        assert.deepEqual(ofManifests.mapManifest(manifest), whole.mapManifest(manifest), name);
        assert.equal(ofManifests.mapSvg(manifest), whole.mapSvg(manifest), name);
    }
});

test("sealed files are judged alike by keys", () => {
    for (const { name, bytes, policy } of vectors) {
        const keys = [{ name: "test key", text: spki(policy.keys[0] ?? new Uint8Array(32)) }];
        const options = { name, keys, without: ["device", "revision", "layout", "counter", "companions", "expiry", "beside"] };
        assert.deepEqual(ofFiles.inspectFile(bytes, { name }), whole.inspectFile(bytes, { name }), name);
        assert.deepEqual(ofFiles.verifyFile(bytes, options), whole.verifyFile(bytes, options), name);
    }
});

test("waxseal/inspect reads no manifest, and says who does", () => {
    const { manifest, release } = sealed();
    for (const { verifyFile } of [whole, ofFlash]) {
        assert.equal(verifyFile(release, { manifest, without: ["revision"] }).exit, 0);
    }
    const refusal = { name: "TypeError", message: /^options\.manifest is not read by this entry of the package: import it from "waxseal" or "waxseal\/flash"$/ };
    assert.throws(() => ofFiles.verifyFile(release, { manifest }), refusal);
    assert.throws(() => ofFiles.inspectFile(release, { manifest }), refusal);
});

test("the device database is the same", () => {
    for (const pattern of [undefined, "STM32F767ZI", "MT28EW256ABA", "STM32F7", "nothing"]) {
        assert.deepEqual(ofDevices.devices(pattern), whole.devices(pattern), pattern);
    }
    assert.deepEqual(ofDevices.explain(), whole.explain());
    assert.deepEqual(ofDevices.explain("WX0115"), whole.explain("WX0115"));
});

/** An Ed25519 public key as openssl writes it (RFC 8410). */
function spki(key) {
    const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key]);
    return `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`;
}
