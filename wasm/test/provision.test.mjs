// Boards whose one-time-programmable memory is burnt and locked, on simulated ones: by all of the package, and by the entry that has no
// more than that.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as whole from "waxseal";
import * as flash from "waxseal/flash";
import * as part from "waxseal/provision";
import { drive, F746, F767, file, fitFor, line, SimulatedBoard, withCommand } from "../testing/board.mjs";

const { manifest, records } = line;

for (const [name, entry] of Object.entries({ waxseal: whole, "waxseal/provision": part })) describe(name, () => {
    const { BoardRecord, otpBoards, otpTarget, otpTargetOfBlob, planBurn, readOtp } = entry;

    test("a column that is none of waxseal's is ignored by name", () => {
        const [titles, ...rows] = records.text.trim().split("\n");
        const more = { ...records, text: [`${titles},note`, ...rows.map((row) => `${row},x`)].join("\n") };
        const { exit, result } = otpBoards(manifest, more);
        assert.deepEqual([exit, result.findings.map(({ column }) => column)], [1, ["note"]]);
        const ignored = otpBoards(manifest, { ...more, ignored: ["note"] });
        assert.equal(ignored.exit, 0, ignored.text);
        assert.deepEqual(ignored.result, otpBoards(manifest, records).result);
    });

    test("a sealed blob counts by the signatures of the manifest's keys, of a trust set, or of keys", () => withCommand((folder, run) => {
        const read = (name) => readFileSync(join(folder, name));
        for (const name of ["r3.toml", "boards.csv"]) writeFileSync(join(folder, name), file(`examples/r3/${name}`));
        mkdirSync(join(folder, "keys"));
        for (const key of ["release", "line"]) run("key", "new", `keys/${key}`);
        run("otp", "build", "r3.toml", "--records", "boards.csv", "--stage", "identity", "--key", "keys/line.pem", "--out", "out");
        run("gen", "trust", "r3.toml", "--out", "trust.bin");
        const blob = read("out/identity/WX2511000101/board.otp");
        const files = Object.fromEntries(["release", "line"].map((key) => [`keys/${key}.pub.pem`, read(`keys/${key}.pub.pem`)]));
        const [manifest, keyless] = [{ text: line.manifest.text, files }, { text: line.manifest.text }];
        const key = (name) => [{ name, text: files[`keys/${name}.pub.pem`].toString() }];
        for (const [options, wanted] of [
            [{ manifest }, 0], [{ manifest: keyless, trust: read("trust.bin") }, 0], [{ manifest: keyless, keys: key("line") }, 0],
            [{ manifest, keys: key("release") }, 1], [{ manifest, without: ["device"] }, 2], [{ manifest: keyless }, 3],
        ]) {
            const { target, exit, text } = otpTargetOfBlob(blob, options);
            assert.deepEqual([exit, target?.board, target?.stage], [wanted, ...(wanted === 0 ? ["WX2511000101", "identity"] : [undefined, undefined])], text);
        }
        blob[blob.length - 100] ^= 1;
        assert.deepEqual([otpTargetOfBlob(blob, { manifest }).exit, otpTargetOfBlob(blob, { manifest }).target], [1, null]);
    }));

    test("a board is burnt and locked, stage by stage", () => {
        const simulated = new SimulatedBoard(F746);
        const fit = fitFor(entry, simulated, "otp", manifest, ["option-bytes"]);
        for (const stage of ["identity", "security"]) {
            const { target, text } = otpTarget(manifest, records, { board: "WX2511000101", stage });
            assert(target, text);
            assert.deepEqual([target.board, target.stage], ["WX2511000101", stage]);
            const reading = drive(readOtp(manifest, fit), simulated);
            const plan = planBurn(target, reading.read);
            assert.equal(plan.planned.verdict, "to be programmed");
            assert(plan.lockable().why, "nothing is locked before it was read back");
            assert(plan.burn("WX2511000102").why, "another board's name");
            const burnt = drive(plan.burn("WX2511000101").procedure, simulated);
            assert.deepEqual([burnt.trouble, burnt.done], [null, true]);
            assert.deepEqual(burnt.rest.planned.fields.map(({ verdict }) => verdict).filter((verdict) => verdict !== "there already"), []);
            assert(burnt.rest.lock("").why);
            const locked = drive(burnt.rest.lock("WX2511000101").procedure, simulated);
            assert.deepEqual([locked.trouble, locked.rest.planned.done], [null, true]);
        }
        assert.deepEqual(simulated.content(0x1ff0_f400, 4), new Uint8Array([0, 0, 0xff, 0xff]));
    });

    for (const form of ["csv", "json"]) {
        test(`a ledger that knows the board takes its record in, as ${form}`, () => withCommand((folder, run) => {
            mkdirSync(join(folder, "keys"));
            const project = { ...manifest.files, "r3.toml": manifest.text, "boards.csv": records.text };
            for (const [path, content] of Object.entries(project)) writeFileSync(join(folder, path), content);
            const ledger = ["--ledger", "line.db"];
            const who = [...ledger, "--station", "S1", "--operator", "kim"];
            run("ledger", "init", ...ledger);
            run("otp", "build", "r3.toml", "--records", "boards.csv", "--stage", "identity", "--out", "out", ...who);

            const simulated = new SimulatedBoard(F746);
            const { target } = otpTarget(manifest, records, { board: "WX2511000101", stage: "identity" });
            const { read } = drive(readOtp(manifest, fitFor(entry, simulated, "otp", manifest, ["option-bytes"])), simulated);
            const burnt = drive(planBurn(target, read).burn("WX2511000101").procedure, simulated);
            const locked = drive(burnt.rest.lock("WX2511000101").procedure, simulated);
            const record = new BoardRecord();
            for (const { rows } of [burnt, locked]) record.add("WX2511000101", rows, { station: "bench", operator: "lee", at: "2026-11-21T08:00:00Z" });
            const name = `record.${form}`;
            writeFileSync(join(folder, name), record[form]());

            run("ledger", "import", name, ...who);
            assert.match(run("ledger", "boards", ...ledger, "--state", "locked"), /WX2511000101/);
            run("ledger", "verify", ...ledger);
            // The same record again adds nothing.
            const head = run("ledger", "head", ...ledger);
            run("ledger", "import", name, ...who);
            assert.equal(run("ledger", "head", ...ledger), head);
        }));
    }
});

test("a record goes on in another entry", () => {
    const simulated = new SimulatedBoard(F746);
    const { target } = part.otpTarget(manifest, records, { board: "WX2511000101", stage: "identity" });
    const { read } = drive(part.readOtp(manifest, fitFor(part, simulated, "otp", manifest, ["option-bytes"])), simulated);
    const { rows } = drive(part.planBurn(target, read).burn("WX2511000101").procedure, simulated);
    const record = new flash.BoardRecord();
    const empty = record.head;
    const next = new part.BoardRecord(record.csv());
    next.add("WX2511000101", rows, { station: "bench", operator: "lee", at: "2026-11-21T08:00:00Z" });
    const again = new flash.BoardRecord(next.json());
    assert.deepEqual([again.length, again.head, again.csv()], [next.length, next.head, next.csv()]);
    assert.notEqual(again.head, empty);
});

test("what one entry made is no argument for another", () => {
    const simulated = new SimulatedBoard(F746);
    const { board } = drive(flash.identifyBoard(), simulated);
    assert.throws(() => part.compareBoard(board, manifest, "otp"), Error);
});

test("a simulated board is kept in a file", () => {
    const simulated = new SimulatedBoard(`${F767},serial=X1`);
    simulated.put(0x0802_0000, new Uint8Array([1, 2, 3]));
    const again = new SimulatedBoard(simulated.save());
    assert.deepEqual([again.serial, again.content(0x0802_0000, 3)], ["X1", new Uint8Array([1, 2, 3])]);
    assert.throws(() => new SimulatedBoard("STM32X"), Error);
    assert.throws(() => again.setFaults(["fire"]), Error);
});
