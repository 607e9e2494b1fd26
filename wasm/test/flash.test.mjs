// Boards that are flashed, from blank to done, on simulated ones: by all of the package, and by the entry that has no more than that.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as whole from "waxseal";
import * as part from "waxseal/flash";
import { drive, F767, fitFor, line, sealed, SimulatedBoard } from "../testing/board.mjs";

const { manifest, release } = sealed();

for (const [name, entry] of Object.entries({ waxseal: whole, "waxseal/flash": part })) describe(name, () => {
    const { BoardRecord, compareBoard, identifyBoard, judgeForFlash, planFlash, unprotectBoard } = entry;

    function accepted() {
        const { verdict, exit, text } = judgeForFlash(release, { manifest });
        assert.equal(exit, 0, text);
        return verdict;
    }

    test("a blank board is flashed, and its record comes back", () => {
        const simulated = new SimulatedBoard(F767);
        const verdict = accepted();
        assert.deepEqual(verdict.slots(), [{ slot: "a", image: "app", version: "1.4.0" }, { slot: "b", image: "app", version: "1.4.0" }]);
        const { plan, result } = planFlash(verdict, fitFor(entry, simulated, "flash", manifest));
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
        const fit = fitFor(entry, simulated, "flash", manifest);
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
        const stranger = { name: "line.pub.pem", text: line.manifest.files["keys/line.pub.pem"].toString() };
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

    test("an unplugged board says its state, and is finished by a resumed plan", () => {
        const simulated = new SimulatedBoard(F767);
        const { plan } = planFlash(accepted(), fitFor(entry, simulated, "flash", manifest));
        simulated.setFaults(["unplug@program:1"]);
        const broken = drive(plan.flash(), simulated);
        assert.equal(broken.trouble.name, "gone");
        assert(broken.state.length > 0 && broken.advice.length > 0);
        simulated.reconnect();
        const again = planFlash(accepted(), fitFor(entry, simulated, "flash", manifest));
        const resumed = drive(again.plan.resume(), simulated);
        assert.equal(drive(resumed.plan.flash(), simulated).trouble, null);
    });

    test("cancelling ends in a state", () => {
        const simulated = new SimulatedBoard(F767);
        const { plan } = planFlash(accepted(), fitFor(entry, simulated, "flash", manifest));
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

    test("a procedure ends once, and takes events alone", () => {
        const simulated = new SimulatedBoard(F767);
        const procedure = identifyBoard();
        assert.throws(() => procedure.next({ kind: "began" }), TypeError);
        drive(procedure, simulated);
        assert.throws(() => procedure.next({ kind: "done" }), Error);
    });
});
