// Boards that are flashed and burnt through the package, from blank to done, on simulated ones.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
    BoardRecord, compareBoard, identifyBoard, judgeForFlash, otpBoards, otpTarget, otpTargetOfBlob, planBurn, planFlash, readOtp, unprotectBoard,
} from "waxseal";
import { drive, F746, F767, file, sealed, SimulatedBoard, text, withCommand } from "../testing/board.mjs";

const { manifest, release } = sealed();
const r3 = {
    text: text("examples/r3/r3.toml"),
    files: Object.fromEntries(["release", "line"].map((key) => [`keys/${key}.pub.pem`, file(`examples/r3/keys/${key}.pub.pem`)])),
};
const records = { text: text("examples/r3/boards.csv"), name: "boards.csv" };

function fitFor(simulated, purpose, plan, without) {
    const { board } = drive(identifyBoard(), simulated);
    const compared = compareBoard(board, plan, purpose, without);
    assert.equal(compared.exit, 0, compared.text);
    return compared.fit;
}

function accepted() {
    const { verdict, exit, text } = judgeForFlash(release, { manifest });
    assert.equal(exit, 0, text);
    return verdict;
}

test("a blank board is flashed, and its record comes back", () => {
    const simulated = new SimulatedBoard(F767);
    const verdict = accepted();
    assert.deepEqual(verdict.slots(), [{ slot: "a", image: "app", version: "1.4.0" }, { slot: "b", image: "app", version: "1.4.0" }]);
    const { plan, result } = planFlash(verdict, fitFor(simulated, "flash", manifest));
    assert.deepEqual(result.slots.map(({ slot }) => slot), ["a", "b"]);
    let changes = 0;
    const end = drive(plan.flash(), simulated, (effect) => {
        if (effect.kind === "progress" && effect.changes) changes++;
    });
    assert.deepEqual([end.trouble, end.done, end.slots.map(({ holds }) => holds)], [null, true, ["image", "image"]]);
    assert(changes > 2 && simulated.log.length > 0);
    assert.deepEqual(simulated.content(0x0802_0400, 4), new Uint8Array([0, 0, 2, 0x20]));

    const record = new BoardRecord();
    record.add("B1", end.rows, { station: "bench", operator: "", at: "2026-11-21T08:00:00Z" });
    assert.equal(record.length, 2);
    for (const form of [record.csv(), record.json()]) assert.equal(new BoardRecord(form).head, record.head);
    assert.throws(() => new BoardRecord(record.csv().replace("B1", "B2")), Error);
});

test("no byte is written before a verdict, nor outside the plan's slots", () => {
    const simulated = new SimulatedBoard(F767);
    const fit = fitFor(simulated, "flash", manifest);
    const forged = Uint8Array.from(release);
    forged[forged.length - 1] ^= 1;
    const judged = judgeForFlash(forged, { manifest });
    assert.deepEqual([judged.exit, judged.verdict], [1, null]);
    assert.deepEqual(simulated.log, []);
    const { plan } = planFlash(accepted(), fit, ["a"]);
    drive(plan.flash(), simulated);
    const addresses = simulated.log.map((line) => Number(line.split(" ")[1].replaceAll("_", "")));
    assert(addresses.every((address) => address >= 0x0802_0000 && address < 0x0810_0000), simulated.log.join("\n"));
});

test("keys beside the manifest count in place of its own", () => {
    const signer = { name: "release.pub.pem", text: manifest.files["keys/release.pub.pem"].toString() };
    const stranger = { name: "line.pub.pem", text: r3.files["keys/line.pub.pem"].toString() };
    const withoutKeys = { ...manifest, files: {} };
    const judge = (options) => {
        const { exit, verdict } = judgeForFlash(release, options);
        return [exit, verdict !== null];
    };
    assert.deepEqual(judge({ manifest: withoutKeys, keys: [signer] }), [0, true]);
    assert.deepEqual(judge({ manifest, keys: [stranger] }), [1, false]);
    assert.deepEqual(judge({ manifest: withoutKeys }), [3, false]);
    assert.deepEqual(judge({ manifest, trust: new Uint8Array(8) }), [1, false]);
});

test("a column that is none of waxseal's is ignored by name", () => {
    const [titles, ...rows] = records.text.trim().split("\n");
    const more = { ...records, text: [`${titles},note`, ...rows.map((row) => `${row},x`)].join("\n") };
    const { exit, result } = otpBoards(r3, more);
    assert.deepEqual([exit, result.findings.map(({ column }) => column)], [1, ["note"]]);
    const ignored = otpBoards(r3, { ...more, ignored: ["note"] });
    assert.equal(ignored.exit, 0, ignored.text);
    assert.deepEqual(ignored.result, otpBoards(r3, records).result);
});

test("an unplugged board says its state, and is finished by a resumed plan", () => {
    const simulated = new SimulatedBoard(F767);
    const { plan } = planFlash(accepted(), fitFor(simulated, "flash", manifest));
    simulated.setFaults(["unplug@program:1"]);
    const broken = drive(plan.flash(), simulated);
    assert.equal(broken.trouble.name, "gone");
    assert(broken.state.length > 0 && broken.advice.length > 0);
    simulated.reconnect();
    const again = planFlash(accepted(), fitFor(simulated, "flash", manifest));
    const resumed = drive(again.plan.resume(), simulated);
    assert.equal(drive(resumed.plan.flash(), simulated).trouble, null);
});

test("cancelling ends in a state", () => {
    const simulated = new SimulatedBoard(F767);
    const { plan } = planFlash(accepted(), fitFor(simulated, "flash", manifest));
    const end = drive(plan.flash(), simulated, (effect) => (effect.kind === "progress" && effect.changes ? { kind: "cancel" } : undefined));
    assert.equal(end.trouble.name, "cancelled");
});

test("another mode is refused, and read protection is not lifted by itself", () => {
    const other = new SimulatedBoard(F767.replace("nDBANK=0", "nDBANK=1"));
    const { board } = drive(identifyBoard(), other);
    const compared = compareBoard(board, manifest, "flash");
    assert.deepEqual([compared.exit, compared.fit, compared.result.right], [1, null, false]);

    const locked = new SimulatedBoard(F767.replace("RDP=0", "RDP=1"));
    const found = drive(identifyBoard(), locked);
    assert.equal(found.connected.read_protected, true);
    assert.equal(compareBoard(found.board, manifest, "flash", ["read-protection"]).fit, null);
    assert.equal(unprotectBoard(found.board, "yes"), undefined);
    assert.deepEqual(locked.log, []);
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
    const [manifest, keyless] = [{ text: r3.text, files }, { text: r3.text }];
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
    const fit = fitFor(simulated, "otp", r3, ["option-bytes"]);
    for (const stage of ["identity", "security"]) {
        const { target, text } = otpTarget(r3, records, { board: "WX2511000101", stage });
        assert(target, text);
        assert.deepEqual([target.board, target.stage], ["WX2511000101", stage]);
        const reading = drive(readOtp(r3, fit), simulated);
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
        const project = { ...r3.files, "r3.toml": r3.text, "boards.csv": records.text };
        for (const [path, content] of Object.entries(project)) writeFileSync(join(folder, path), content);
        const ledger = ["--ledger", "line.db"];
        const who = [...ledger, "--station", "S1", "--operator", "kim"];
        run("ledger", "init", ...ledger);
        run("otp", "build", "r3.toml", "--records", "boards.csv", "--stage", "identity", "--out", "out", ...who);

        const simulated = new SimulatedBoard(F746);
        const { target } = otpTarget(r3, records, { board: "WX2511000101", stage: "identity" });
        const { read } = drive(readOtp(r3, fitFor(simulated, "otp", r3, ["option-bytes"])), simulated);
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

test("a simulated board is kept in a file", () => {
    const simulated = new SimulatedBoard(`${F767},serial=X1`);
    simulated.put(0x0802_0000, new Uint8Array([1, 2, 3]));
    const again = new SimulatedBoard(simulated.save());
    assert.deepEqual([again.serial, again.content(0x0802_0000, 3)], ["X1", new Uint8Array([1, 2, 3])]);
    assert.throws(() => new SimulatedBoard("STM32X"), Error);
    assert.throws(() => again.setFaults(["fire"]), Error);
});

test("a procedure ends once, and takes events alone", () => {
    const simulated = new SimulatedBoard(F767);
    const procedure = identifyBoard();
    assert.throws(() => procedure.next({ kind: "began" }), TypeError);
    drive(procedure, simulated);
    assert.throws(() => procedure.next({ kind: "done" }), Error);
});
