// From a release to a board that holds it, and everything that can come between.
import assert from "node:assert/strict";

import { content, hang, log, unplug, withBoard } from "./board.mjs";
import { axe, pageTest, reach } from "./browser.mjs";
import { banks, changed, factory, flipped, hub, keys, manifest, release, trust, withHuge } from "./inputs.mjs";

const tab = "flash";
const BOARD = "STM32F746VG,serial=TEST00000001";
/** What a sealed image begins with. */
const MAGIC = Buffer.from("8957585345414c49", "hex");

/** Slot a of the board holds the demonstration's first image, byte by byte. */
async function holdsImage(page) {
  const { buffer } = release();
  const start = buffer.indexOf(MAGIC);
  const image = buffer.subarray(start, buffer.indexOf(MAGIC, start + 1));
  return (await content(page, 0x0804_0000, image.length)) === image.toString("hex");
}

async function choose(page, file = release(), project = [manifest(), ...keys()]) {
  const flash = page.locator("wx-flash");
  await flash.getByLabel("Manifest and keys").setInputFiles(project);
  await flash.getByLabel("Choose a release").setInputFiles(file);
  return flash;
}

async function connect(flash) {
  await flash.getByRole("button", { name: "Connect a board" }).click();
  await flash.getByText("The board against the manifest").waitFor();
}

const write = (flash) => flash.getByRole("button", { name: /^Erase and program/ }).click();
/** The words of the last outcome. */
const ended = (flash, words) => flash.locator(".verdict", { hasText: words }).waitFor({ timeout: 60_000 });

pageTest("a release, onto a blank board", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const flash = await choose(page);
  await connect(flash);
  assert.deepEqual(await log(page), [], "nothing is written before the plan was accepted");
  assert.doesNotMatch(await flash.innerText(), /is not known/, "option bytes are read from their own alternate setting");
  assert.deepEqual(await axe(page), []);
  await write(flash);
  await ended(flash, "Written, and read back");
  assert.ok(await holdsImage(page));
  const written = (await log(page)).filter((line) => /0x0800_|0x0801_|0x0802_|0x080C_/.test(line));
  assert.deepEqual(written, [], "nothing outside of the slots is touched");

  await flash.getByLabel("Board's name").fill("WX2511000101");
  await flash.getByRole("button", { name: "Add to the record" }).click();
  await flash.getByText(/\d rows?, not saved yet/).waitFor();
  const download = page.waitForEvent("download");
  await flash.getByRole("button", { name: "Save as CSV" }).click();
  assert.equal((await download).suggestedFilename(), "boards.record.csv");
  assert.deepEqual(await axe(page), []);
});

/** The digits that a person would know from whoever built the boot loader. */
const loaderOf = async (flash) => (await flash.getByText(/^[0-9a-f]{64}$/).first().innerText()).slice(0, 8);

pageTest("a factory image, onto a blank board, once somebody answers for its boot loader", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const flash = await choose(page, factory());
  await ended(flash, "Verified, but for boot-loader, revision");
  await connect(flash);
  await flash.getByText("Not signed by anybody").waitFor();
  for (const digits of ["", "0123456789"]) {
    await flash.getByLabel(/SHA-256/).fill(digits);
    await write(flash);
    await flash.getByText(/The boot loader is not/).waitFor();
    assert.deepEqual(await log(page), []);
  }
  assert.deepEqual(await axe(page), []);
  await flash.getByLabel(/SHA-256/).fill(await loaderOf(flash));
  await write(flash);
  await ended(flash, "Written, and read back");
  await flash.getByText("Slot boot holds the boot loader, read back and compared").waitFor();
  assert.ok(await holdsImage(page));
  assert.equal((await log(page)).at(-1), "programmed 0x0800_0000 256", "its vector table comes last");
});

pageTest("a factory image with more in it than belongs there", { tab, prepare: withBoard(BOARD) }, async (page) => {
  // A record of option bytes before the end of the file.
  const flash = await choose(page, changed(factory(), (buffer) => {
    const text = buffer.toString().replace(/:00000001FF\s*$/, "");
    return Buffer.from(`${text}:020000041FFFDC\n:0400000001020304F2\n:00000001FF\n`);
  }));
  await flash.getByText(/4 bytes at 0x1FFF_0000 are neither/).waitFor();
  assert.equal(await flash.getByRole("button", { name: "Connect a board" }).count(), 0);
});

// What is no firmware, or not ours: no board is even asked for.
const NEVER = [
  ["another key", release, () => [manifest(), { ...keys()[1], name: keys()[0].name }, keys()[1]]],
  ["a changed byte", () => flipped(release(), 5000)],
  ["a release cut short", () => changed(release(), (buffer) => buffer.subarray(0, buffer.length - 1000))],
  ["an HTML page", () => ({ ...release(), buffer: Buffer.from("<!doctype html><title>404</title>".repeat(100)) })],
];
for (const [name, file, project] of NEVER) {
  pageTest(`${name}: no board is asked for`, { tab, prepare: withBoard(BOARD) }, async (page) => {
    const flash = await choose(page, file(), project?.());
    await flash.getByRole("alert").first().waitFor();
    assert.equal(await flash.getByRole("button", { name: "Connect a board" }).count(), 0);
    assert.equal(await page.evaluate(() => globalThis.simulated), undefined);
  });
}

pageTest("200 MB: no board is asked for", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const flash = await withHuge((file) => choose(page, file));
  await flash.getByText("huge.bin has 200 MiB").waitFor();
  assert.equal(await flash.getByRole("button", { name: "Connect a board" }).count(), 0);
});

pageTest("a release that expires wants a day", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const { manifest: project, release: file } = hub();
  const flash = await choose(page, file, [project, ...keys()]);
  await flash.getByText("say on which day it is judged").waitFor();
  assert.doesNotMatch(await flash.innerText(), /--date/);
  assert.equal(await flash.getByRole("button", { name: "Connect a board" }).count(), 0);
  await flash.getByLabel("Day, if it expires").fill("2027-07-01");
  await flash.getByText("It has expired").waitFor();
  assert.equal(await flash.getByRole("button", { name: "Connect a board" }).count(), 0);
  await flash.getByLabel("Day, if it expires").fill("2027-06-30");
  await flash.getByRole("button", { name: "Connect a board" }).waitFor();
});

pageTest("a release by a trust set beside the manifest, once somebody says that it counts", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const flash = await choose(page, release(), [manifest(), trust(), { ...keys()[1], name: "other.pub.pem" }]);
  await flash.getByText("Not judged: say whose signatures count").waitFor();
  assert.equal(await flash.getByRole("button", { name: "Connect a board" }).count(), 0);
  const whose = flash.getByLabel("Whose signatures count");
  await whose.selectOption("public key other.pub.pem");
  await ended(flash, "Refused");
  assert.equal(await flash.getByRole("button", { name: "Connect a board" }).count(), 0);
  await whose.selectOption("trust set trust.bin");
  await flash.getByText("By the signatures of trust set trust.bin, in place of the manifest's keys.").waitFor();
  await connect(flash);
  await write(flash);
  await ended(flash, "Written, and read back");
  assert.ok(await holdsImage(page));
});

// Boards that the manifest is not for: connected, and refused with reasons.
const REFUSED = [
  ["another part", "STM32F407VG", /sectors\s*✕\s*wrong/],
  ["another bank mode", "STM32F767ZI,nDBANK=1", /option-bytes\s*✕\s*wrong.*nDBANK/s, banks],
  ["a read-protected board", `${BOARD},RDP=1`, /read-protection\s*✕\s*wrong.*erases all flash/s],
];
for (const [name, board, words, product] of REFUSED) {
  pageTest(`${name} is not written, and says why`, { tab, prepare: withBoard(board) }, async (page) => {
    const { manifest: project, release: file } = product?.() ?? { manifest: manifest(), release: release() };
    const flash = await choose(page, file, [project, ...keys()]);
    await connect(flash);
    await flash.getByText("This board is not written.").waitFor();
    assert.match(await flash.innerText(), words);
    assert.equal(await flash.getByRole("button", { name: /^Erase and program/ }).count(), 0);
    assert.deepEqual(await log(page), []);
    assert.deepEqual(await axe(page), []);
  });
}

pageTest("read protection is lifted by nobody who does not type what it costs", { tab, prepare: withBoard(`${BOARD},RDP=1`) }, async (page) => {
  const flash = await choose(page);
  await connect(flash);
  await flash.locator("summary", { hasText: "Lift the read protection" }).click();
  await flash.getByLabel("What it costs").fill("yes");
  await flash.getByRole("button", { name: "Lift the read protection" }).click();
  await flash.getByText("Nothing was done").waitFor();
  assert.deepEqual(await log(page), []);
  await flash.getByLabel("What it costs").fill("erase everything");
  await flash.getByRole("button", { name: "Lift the read protection" }).click();
  await flash.getByText("The flash is erased, and the protection lifted").waitFor();
  assert.equal((await log(page)).length, 1);
});

// The cable, and devices that misbehave. Each ends with the board's state, and a second try finishes the work.
const BROKEN = [
  ["unplugged in the middle of erasing", ["unplug@erase:0"], "The device is gone"],
  ["unplugged in the middle of programming", ["unplug@program:18"], "The device is gone"],
  ["stalled while programming", ["stall@program:3"], "The device stalls requests"],
  ["silent from an erase on", ["mute@erase:0"], "The device stalls requests"],
  ["stuck busy", ["busy", "deaf"], "The device stays in dfuDNBUSY"],
];
for (const [name, faults, why] of BROKEN) {
  pageTest(`${name}: says in what state the board is, and goes on`, { tab, prepare: withBoard(BOARD, { faults }) }, async (page) => {
    const flash = await choose(page);
    await connect(flash);
    await write(flash);
    await ended(flash, "The board is unfinished");
    const told = await flash.innerText();
    assert.ok(told.includes(why), told);
    assert.match(told, /Slot a: .*(half erased|nothing starts|do not rely)/);
    await flash.getByRole("button", { name: "Connect it again" }).click();
    await flash.getByRole("button", { name: "Leave out what is there already" }).click();
    await write(flash);
    await ended(flash, "Written, and read back");
    assert.ok(await holdsImage(page));
  });
}

pageTest("unplugged while nothing runs: noticed at once", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const flash = await choose(page);
  await connect(flash);
  await unplug(page);
  await flash.getByText("The board is gone.").waitFor();
  assert.equal(await flash.getByRole("button", { name: /^Erase and program/ }).count(), 0);
  assert.deepEqual(await log(page), []);
  await connect(flash);
  await write(flash);
  await ended(flash, "Written, and read back");
});

pageTest("a device that holds a transfer for ever is as good as gone", { tab, prepare: withBoard(BOARD) }, async (page) => {
  await page.clock.install();
  const flash = await choose(page);
  await connect(flash);
  await hang(page);
  await write(flash);
  await flash.getByText("The board is not changed by this").waitFor();
  await page.clock.runFor(30_000);
  await ended(flash, "The board is unfinished");
  await flash.getByText(/^The device is gone/).waitFor();
});

pageTest("stopped by its user, and written after all", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const flash = await choose(page);
  await connect(flash);
  await write(flash);
  await flash.getByText("The board is being changed").waitFor();
  await flash.getByRole("button", { name: "Stop" }).click();
  await ended(flash, "The board is unfinished");
  await flash.getByRole("button", { name: "Connect it again" }).click();
  await write(flash);
  await ended(flash, "Written, and read back");
});

pageTest("only the slot that was chosen", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const flash = await choose(page);
  await connect(flash);
  await flash.getByRole("checkbox", { name: /^a app/ }).uncheck();
  await write(flash);
  await ended(flash, "Written, and read back");
  assert.deepEqual((await log(page)).filter((line) => /0x0804_|0x0805_/.test(line)), []);
});

pageTest("a browser without WebUSB says so", { tab, prepare: (context) => context.addInitScript(() => Object.defineProperty(navigator, "usb", { value: undefined })) }, async (page) => {
  const flash = await choose(page);
  await flash.getByRole("button", { name: "Connect a board" }).click();
  await flash.getByText("This browser has no WebUSB").waitFor();
});

/** For `prepare`: what the browser answers when it is asked for a board. */
const withUsb = (requestDevice) => (context) => context.addInitScript(
  `Object.defineProperty(navigator, "usb", { value: Object.assign(new EventTarget(), { requestDevice: async () => { ${requestDevice} } }) })`);
const CLOSED = 'return { close: async () => { globalThis.isClosed = true; }, open: async () => { throw new DOMException("Access denied.", "SecurityError"); } };';
const NO_DEVICE = [
  ["a board that cannot be opened", CLOSED, /cannot be opened: Access denied.*WinUSB.*udev.*cable/s],
  ["no board in the browser's list", 'throw new DOMException("None.", "NotFoundError");', /No board was chosen.*boot pin.*WinUSB.*udev.*cable/s],
];
for (const [name, requestDevice, words] of NO_DEVICE) {
  pageTest(`${name}: what to do is told`, { tab, prepare: withUsb(requestDevice) }, async (page) => {
    const flash = await choose(page);
    await flash.getByRole("button", { name: "Connect a board" }).click();
    await flash.getByText(words).first().waitFor();
    assert.equal(await page.evaluate(() => globalThis.isClosed), requestDevice === CLOSED || undefined);
    assert.deepEqual(await axe(page), []);
  });
}

pageTest("by keyboard alone, in the demonstration", { tab: "flash", query: "?demo" }, async (page) => {
  const flash = page.locator("wx-flash");
  const press = async (name) => {
    await reach(page, flash.getByRole("button", { name }));
    await page.keyboard.press("Enter");
  };
  await press("Connect a board");
  await flash.getByText("Not signed by anybody").waitFor();
  const digits = await loaderOf(flash);
  await reach(page, flash.getByLabel(/SHA-256/));
  await page.keyboard.type(digits);
  await press(/^Erase and program/);
  await ended(flash, "Written, and read back");
});
