// A release for a simulated board, sealed by the command as any other is, and what drives a procedure on the board.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedBoard } from "waxseal/simulated";

const root = new URL("../../", import.meta.url);
/** The command, which `cargo xtask` builds. */
const WAXSEAL = process.env.WAXSEAL ?? new URL("target/debug/waxseal", root).pathname;

export const file = (path) => readFileSync(new URL(path, root));
export const text = (path) => file(path).toString();

/** The board of tests/manifests/good_minimal.toml, in the mode that it assumes and not protected. */
export const F767 = "STM32F767ZI,nDBANK=0,nDBOOT=1,BOOT_ADD0=0x2000,BOOT_ADD1=0x0040,nWRP=0xFFF,RDP=0";
/** The board of examples/r3. */
export const F746 = "STM32F746VG,nWRP=0xFF,RDP=0";

/** The manifest of examples/r3 with its keys, and its boards' records. */
export const line = {
    manifest: {
        text: text("examples/r3/r3.toml"),
        files: Object.fromEntries(["release", "line"].map((key) => [`keys/${key}.pub.pem`, file(`examples/r3/keys/${key}.pub.pem`)])),
    },
    records: { text: text("examples/r3/boards.csv"), name: "boards.csv" },
};

/** All manifests of the tests, good and bad. */
export const manifests = readdirSync(new URL("tests/manifests/", root)).filter((name) => name.endsWith(".toml")).map((name) => (
    { name, text: text(`tests/manifests/${name}`) }
));
assert(manifests.length > 200, "tests/manifests is not there");

/** Firmware of a size that starts at an address: a vector table, and bytes. */
function firmware(address, size) {
    const image = Buffer.alloc(size, 0x5a);
    image.fill(0, 0, 512);
    image.writeUInt32LE(0x2002_0000, 0);
    image.writeUInt32LE(address + 513, 4);
    return image;
}

/** A folder for the command to work in, and the command in it; both are gone after `work`. */
export function withCommand(work) {
    const folder = mkdtempSync(join(tmpdir(), "waxseal-test-"));
    try {
        return work(folder, (...words) => execFileSync(WAXSEAL, words, { cwd: folder, stdio: "pipe" }).toString());
    } finally {
        rmSync(folder, { recursive: true });
    }
}

/** A manifest with its public key, and its release: a slot of 4,000 bytes, and one of 300,000. */
export function sealed() {
    return withCommand((folder, run) => {
        const manifest = text("tests/manifests/good_minimal.toml");
        writeFileSync(join(folder, "board.toml"), manifest);
        writeFileSync(join(folder, "a.bin"), firmware(0x0802_0400, 4000));
        writeFileSync(join(folder, "b.bin"), firmware(0x0812_0400, 300_000));
        run("key", "new", "release");
        const key = readFileSync(join(folder, "release.pub.pem"));
        execFileSync("mkdir", ["keys"], { cwd: folder });
        writeFileSync(join(folder, "keys/release.pub.pem"), key);
        run("build", "board.toml", "--key", "release.pem", "--out", "out", "--input", "app.a=a.bin", "--input", "app.b=b.bin");
        const release = readFileSync(join(folder, "out/gateway-1.4.0.release"));
        return { manifest: { text: manifest, name: "board.toml", files: { "keys/release.pub.pem": key } }, release };
    });
}

/** Runs a procedure on a board to its end. `watch` sees each effect, and may answer it itself. */
export function drive(procedure, board, watch = () => undefined) {
    let event = { kind: "start" };
    for (let step = 0; step < 1_000_000; step++) {
        const next = procedure.next(event);
        if ("end" in next) return next.end;
        event = watch(next.do) ?? board.perform(next.do);
    }
    assert.fail("a procedure without an end");
}

/** That a simulated board is of a manifest, by the functions of an entry. */
export function fitFor({ identifyBoard, compareBoard }, simulated, purpose, manifest, without) {
    const { board } = drive(identifyBoard(), simulated);
    const compared = compareBoard(board, manifest, purpose, without);
    assert.equal(compared.exit, 0, compared.text);
    return compared.fit;
}

export { SimulatedBoard };
