// One-time-programmable memory: without a board, and board by board, with what forbids it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { content, log, unplug, withBoard } from "./board.mjs";
import { axe, pageTest, reach } from "./browser.mjs";
import { changed, keys, manifest, records } from "./inputs.mjs";

const tab = "provision";
const BOARD = "STM32F746VG,serial=TEST00000001";
const NAME = "WX2511000101";
const OTP = 0x1ff0_f000;
const LOCKS = 0x1ff0_f400;
/** What the board's first fields become: the serial number in ASCII. */
const SERIAL = Buffer.from(NAME).toString("hex");

async function choose(page, file = records()) {
  const provision = page.locator("wx-provision");
  await provision.getByLabel("Manifest and keys").setInputFiles([manifest(), ...keys()]);
  await provision.getByLabel("Records", { exact: true }).setInputFiles(file);
  return provision;
}

async function connect(provision) {
  await provision.getByRole("button", { name: /^Connect/ }).click();
}

async function confirm(provision, label, typed = NAME) {
  await provision.getByLabel(/Type the board's name/).fill(typed);
  await provision.getByRole("button", { name: label }).click();
}

const ended = (provision, words) => provision.locator(".verdict", { hasText: words }).waitFor({ timeout: 30_000 });

pageTest("records to files, without a board", { tab }, async (page) => {
  const provision = await choose(page);
  await provision.getByText("3 boards, and nothing is wrong").waitFor();
  await provision.getByRole("row", { name: `serial 0x1FF0_F000 12 ascii ${NAME}` }).waitFor();
  const download = page.waitForEvent("download");
  await provision.getByRole("button", { name: "Save all 7 files" }).click();
  const zip = readFileSync(await (await download).path());
  for (const name of [`identity/${NAME}/data.bin`, `identity/${NAME}/lock.bin`, "identity/sheet.txt"]) {
    assert.ok(zip.includes(name), name);
  }
  assert.deepEqual(await axe(page), []);
});

pageTest("on a phone no byte is cut off", { tab, viewport: { width: 390, height: 844 } }, async (page) => {
  const provision = await choose(page);
  const dump = provision.locator('wx-scroll[label="Bytes to program"]');
  await dump.getByText("0x1FF0_F008").waitFor();
  const [content, room] = await dump.evaluate(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth]);
  assert.ok(content <= room, `${content} pixels in ${room}`);
});

pageTest("what is wrong with records is told by line and column", { tab }, async (page) => {
  const wrong = changed(records(), (buffer) => Buffer.from(buffer.toString().replace("102,C", "102,Z").replace("2026-11-20", "2026-13-20")));
  const provision = await choose(page, wrong);
  await provision.getByRole("row", { name: /^3 revision/ }).waitFor();
  await provision.getByRole("row", { name: /^4 made/ }).waitFor();
  assert.equal(await provision.getByRole("button", { name: /^Save all/ }).count(), 0);
  assert.deepEqual(await axe(page), []);
});

pageTest("a board is burnt, read back, locked, recorded; then the next", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const provision = await choose(page);
  await connect(provision);
  await provision.getByRole("row", { name: /^serial to be programmed/ }).waitFor();
  assert.deepEqual(await log(page), []);
  assert.deepEqual(await axe(page), []);

  await confirm(provision, "Burn for ever", "WX2511000102");
  await provision.getByText(/was typed, and this is for board/).waitFor();
  assert.deepEqual(await log(page), [], "nothing is burnt under another name");

  await confirm(provision, "Burn for ever");
  await ended(provision, "Burnt, and read back");
  assert.equal(await content(page, OTP, 12), SERIAL);
  assert.equal(await content(page, LOCKS, 16), "ff".repeat(16), "no lock before it was asked for");

  await confirm(provision, /^Lock block 0 for ever/);
  await ended(provision, "Locked, and read back");
  assert.equal(await content(page, LOCKS, 16), "00" + "ff".repeat(15));
  assert.deepEqual(await axe(page), []);

  await provision.getByText(/^3 rows/).waitFor();
  const download = page.waitForEvent("download");
  await provision.getByRole("button", { name: "Save as JSON" }).click();
  const rows = readFileSync(await (await download).path(), "utf8").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(rows.map(({ board, state }) => `${board} ${state}`), [`${NAME} written`, `${NAME} verified`, `${NAME} locked`]);

  await provision.getByRole("button", { name: "Next board" }).click();
  await provision.getByRole("heading", { name: "Board WX2511000102, stage identity" }).waitFor();
  await connect(provision);
  // The cable still goes to the first board.
  await provision.getByText("This board cannot become what the records say").waitFor();
  assert.match(await provision.innerText(), /bit \d.* is 0 and cannot become 1|locked/);
});

pageTest("stuck busy while it is read: nothing is burnt", { tab, prepare: withBoard(BOARD, { faults: ["slow@1000000", "deaf"] }) }, async (page) => {
  const provision = await choose(page);
  await connect(provision);
  await provision.getByText(/stays in dfuDNBUSY/).waitFor();
  assert.equal(await provision.getByRole("button", { name: "Burn for ever" }).count(), 0);
  assert.deepEqual(await log(page), []);
});

pageTest("by keyboard alone", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const provision = await choose(page);
  const type = async () => {
    await reach(page, provision.getByLabel(/Type the board's name/));
    await page.keyboard.type(NAME);
    await page.keyboard.press("Enter");
  };
  await reach(page, provision.getByRole("button", { name: "Connect a board" }));
  await page.keyboard.press("Enter");
  await type();
  await ended(provision, "Burnt, and read back");
  await type();
  await ended(provision, "Locked, and read back");
});

// Boards on which nothing can be burnt.
const REFUSED = [
  ["a part with other memory", "STM32F407VG", /otp\s*✕\s*wrong/],
  ["a part without such memory", "STM32H743ZI", /otp\s*✕\s*wrong/],
  ["a read-protected board", `${BOARD},RDP=1`, /read-protection\s*✕\s*wrong/],
];
for (const [name, board, words] of REFUSED) {
  pageTest(`${name} is not burnt, and says why`, { tab, prepare: withBoard(board) }, async (page) => {
    const provision = await choose(page);
    await connect(provision);
    await provision.getByText("Nothing is burnt on this board.").waitFor();
    assert.match(await provision.innerText(), words);
    assert.equal(await provision.getByRole("button", { name: "Burn for ever" }).count(), 0);
    assert.deepEqual(await log(page), []);
    assert.deepEqual(await axe(page), []);
  });
}

pageTest("an HTML page has no records", { tab }, async (page) => {
  const html = Buffer.from("<!doctype html><title>404</title><p>Not found</p>\n".repeat(10));
  const provision = await choose(page, { name: "boards.csv", mimeType: "text/html", buffer: html });
  await provision.getByRole("alert").first().waitFor();
  assert.equal(await provision.getByRole("button", { name: /^(Connect|Save all)/ }).count(), 0);
});

pageTest("the same plan again does nothing", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const provision = await choose(page);
  await connect(provision);
  await confirm(provision, "Burn for ever");
  await ended(provision, "Burnt, and read back");
  const before = await log(page);
  await connect(provision);
  await provision.getByText("All of it is there already").waitFor();
  assert.equal(await provision.getByRole("button", { name: "Burn for ever" }).count(), 0);
  assert.deepEqual(await log(page), before);
});

// What stands in the way of a board, before anything is burnt.
const IMPOSSIBLE = [
  ["a bit that is 0 and should be 1", [`written@0x1FF0F000=0x12,0`], /0x1FF0_F000 12 → 57 bits? 0, 2, 6 (is|are) 0 and cannot become 1/],
  ["a locked block", [`written@0x1FF0F400=0x00,0`], /serial\s+✕\s*locked/],
];
for (const [name, faults, words] of IMPOSSIBLE) {
  pageTest(`${name}: the board is left as it is`, { tab, prepare: withBoard(BOARD, { faults }) }, async (page) => {
    const provision = await choose(page);
    await connect(provision);
    await provision.getByText("This board cannot become what the records say").waitFor();
    assert.match((await provision.innerText()).replace(/[\s✕]*\n[\s✕]*/g, " ").replace(/\s+/g, " "), new RegExp(words.source.replace("\\s+✕\\s*", " ")));
    assert.equal(await provision.getByRole("button", { name: "Burn for ever" }).count(), 0);
    assert.deepEqual(await axe(page), []);
  });
}

pageTest("changed between reading and burning: refused", { tab, prepare: withBoard(BOARD, { faults: ["written@0x1FF0F000=0x12,1"] }) }, async (page) => {
  const provision = await choose(page);
  await connect(provision);
  await confirm(provision, "Burn for ever");
  await provision.getByText(/changed since it was read/).waitFor();
  assert.equal(await content(page, OTP + 1, 11), "ff".repeat(11), "nothing was burnt");
});

pageTest("unplugged while nothing runs: nothing can be burnt", { tab, prepare: withBoard(BOARD) }, async (page) => {
  const provision = await choose(page);
  await connect(provision);
  await provision.getByRole("button", { name: "Burn for ever" }).waitFor();
  await unplug(page);
  await provision.getByText("The board is gone.").waitFor();
  assert.equal(await provision.getByRole("button", { name: "Burn for ever" }).count(), 0);
  assert.deepEqual(await log(page), []);
});

// What goes wrong while it is burnt, what is said then, and whether something is left to burn for who goes on.
const UNREAD = /what it holds now is not known until it is read/;
const CUT = [
  ["unplugged in the middle of burning", ["unplug@program:0"], UNREAD, true],
  ["stalled in the middle of burning", ["stall@program:0"], /0 of 6 fields of stage identity are there, 6 can still be burnt/, true],
  ["stuck busy in the middle of burning", ["busy@program:0", "deaf"], UNREAD, false],
  ["silent from the burning on", ["mute@program:0"], UNREAD, false],
];
for (const [name, faults, words, isLeft] of CUT) {
  pageTest(`${name}: says so, and goes on`, { tab, prepare: withBoard(BOARD, { faults }) }, async (page) => {
    const provision = await choose(page);
    await connect(provision);
    await confirm(provision, "Burn for ever");
    await ended(provision, "Not finished");
    await provision.getByText(words).waitFor();
    await connect(provision);
    if (isLeft) {
      await confirm(provision, "Burn for ever");
      await ended(provision, "Burnt, and read back");
    } else {
      await provision.getByText("All of it is there already").waitFor();
    }
    assert.equal(await content(page, OTP, 12), SERIAL);
  });
}
