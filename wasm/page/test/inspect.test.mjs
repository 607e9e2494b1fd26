// Who signed a file, what it is, and whether it would be started.
import assert from "node:assert/strict";

import { axe, pageTest } from "./browser.mjs";
import { changed, edited, factory, flipped, hub, image, keys, layout, manifest, release, trust, withHuge } from "./inputs.mjs";

const tab = "inspect";
const ROOM = /Choose a file/;

/** Chooses a manifest with its keys, and a file. */
async function choose(page, file, project = [manifest(), ...keys()]) {
  const inspect = page.locator("wx-inspect");
  if (project.length > 0) await inspect.getByLabel("Manifest and keys").setInputFiles(project);
  await inspect.getByLabel(ROOM).setInputFiles(file);
  return inspect;
}

async function verdict(inspect) {
  const words = inspect.locator(".verdict");
  await words.first().waitFor();
  return (await words.allTextContents()).map((text) => text.trim());
}

pageTest("a release, with each check", { tab }, async (page) => {
  const inspect = await choose(page, release());
  assert.deepEqual(await verdict(inspect), ["Verified, but for revision"]);
  const waived = inspect.getByRole("row", { name: /^revision/ });
  assert.equal(await waived.count(), 2);
  assert.match(await waived.first().textContent(), /waived/);
  await inspect.getByLabel("Board's revision").fill("B");
  await inspect.getByRole("row", { name: /^revision.*judged/ }).first().waitFor();
  assert.deepEqual(await verdict(inspect), ["Verified"]);
  assert.equal(await inspect.getByText("Signed by").count(), 2);
  await inspect.getByRole("heading", { name: "Memory map" }).waitFor();
  await inspect.getByRole("row", { name: /^boot 0x0800_0000 64K 0-1 boot loader/ }).waitFor();
  const picture = inspect.getByRole("img", { name: /^The memory map/ });
  assert.ok((await picture.evaluate((image) => image.decode().then(() => image.naturalWidth))) > 0, "the picture is drawn");
  assert.deepEqual(await axe(page), []);
});

pageTest("what was read back of a slot, with erased bytes behind the image", { tab }, async (page) => {
  const { buffer } = release();
  const magic = Buffer.from("8957585345414c49", "hex");
  const start = buffer.indexOf(magic);
  const dump = Buffer.concat([buffer.subarray(start, buffer.indexOf(magic, start + 1)), Buffer.alloc(256 * 1024, 0xff)]).subarray(0, 256 * 1024);
  const inspect = await choose(page, { ...release(), name: "slot-a.bin", buffer: dump });
  await inspect.getByLabel(/It was read back/).check();
  await inspect.getByLabel("Slot").selectOption("a");
  await inspect.locator(".verdict", { hasText: "Verified" }).waitFor();
});

pageTest("without a manifest nothing is judged", { tab }, async (page) => {
  const inspect = await choose(page, release(), []);
  await inspect.getByText("Not judged").waitFor();
  await inspect.getByText("release", { exact: true }).waitFor();
});

const ALONE = "Verified, but for device, layout, counter, revision";

pageTest("by a trust set alone: what nobody can judge is waived, and said", { tab }, async (page) => {
  const inspect = await choose(page, release(), [trust()]);
  assert.deepEqual(await verdict(inspect), [ALONE]);
  const counter = inspect.getByRole("row", { name: /^counter/ }).first();
  assert.match(await counter.textContent(), /waived.*not judged: nothing to judge it by was given/s);
  assert.doesNotMatch(await inspect.innerText(), /--|command line/);
  assert.deepEqual(await axe(page), []);
  // A layout lists nothing of it, and is no more than signed either.
  await inspect.getByLabel(ROOM).setInputFiles(layout());
  await inspect.locator(".verdict", { hasText: /^Verified, but for device, layout$/ }).waitFor();
  await inspect.getByLabel(ROOM).setInputFiles(flipped(layout(), 300));
  await inspect.locator(".verdict", { hasText: "Refused" }).waitFor();
});

pageTest("by public keys alone: several need a number", { tab }, async (page) => {
  const [demo, line] = keys();
  const inspect = await choose(page, release(), [demo]);
  assert.deepEqual(await verdict(inspect), [ALONE]);
  assert.doesNotMatch(await inspect.innerText(), /--|command line/);
  await inspect.getByLabel("Manifest and keys").setInputFiles(line);
  await inspect.getByText("Not judged: say how many").waitFor();
  await inspect.getByLabel("Signatures that must be there, of 2 keys").fill("1");
  await inspect.locator(".verdict", { hasText: ALONE }).waitFor();
  await inspect.getByLabel("Signatures that must be there, of 2 keys").fill("2");
  await inspect.locator(".verdict", { hasText: "Refused" }).waitFor();
  await inspect.getByRole("button", { name: "Remove demo.pub.pem" }).click();
  await inspect.locator(".verdict", { hasText: /Refused: \w*Signature/ }).waitFor();
  await inspect.getByLabel("Manifest and keys").setInputFiles(trust());
  await inspect.getByText("Not judged: say whose signatures count").waitFor();
});

const WHOSE = "Whose signatures count";
/** A public key that the manifest does not name. */
const stranger = () => ({ ...keys()[1], name: "other.pub.pem" });

pageTest("beside a manifest a trust set or another key counts once somebody says so, and the verdict tells", { tab }, async (page) => {
  const inspect = await choose(page, release(), [manifest(), ...keys(), trust(), stranger()]);
  await inspect.getByText("Not judged: say whose signatures count").waitFor();
  assert.equal(await inspect.locator(".verdict").count(), 0);
  const whose = inspect.getByLabel(WHOSE);
  await whose.selectOption("trust set trust.bin");
  assert.deepEqual(await verdict(inspect), ["Verified, but for revision"]);
  await inspect.getByText("By the signatures of trust set trust.bin, in place of the manifest's keys.").waitFor();
  await inspect.getByRole("row", { name: /^signatures.*keys from trust set/ }).first().waitFor();
  assert.deepEqual(await axe(page), []);
  await whose.selectOption("public key other.pub.pem");
  await inspect.locator(".verdict", { hasText: /Refused: \w*Signature/ }).waitFor();
  await inspect.getByText("By the signatures of public key other.pub.pem").waitFor();
  await whose.selectOption("the manifest's keys");
  await inspect.locator(".verdict", { hasText: /^Verified, but for revision$/ }).waitFor();
  assert.equal(await inspect.getByText("By the signatures of").count(), 0);
  await inspect.getByRole("row", { name: /^signatures.*keys from demo.toml/ }).first().waitFor();
});

pageTest("what else lies beside a manifest is nobody's signature", { tab }, async (page) => {
  const other = (name, buffer) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(buffer) });
  const inspect = await choose(page, release(), [manifest(), ...keys(), other("README.md", "Read me."), other("boot.bin", [0, 1, 2]), layout()]);
  assert.deepEqual(await verdict(inspect), ["Verified, but for revision"]);
  assert.equal(await inspect.getByLabel(WHOSE).count(), 0);
  // Nor is that of a key too many, unless somebody says so.
  await inspect.getByLabel("Manifest and keys").setInputFiles(stranger());
  assert.equal(await inspect.getByLabel(WHOSE).inputValue(), "manifest");
  assert.deepEqual(await verdict(inspect), ["Verified, but for revision"]);
  await inspect.getByLabel(WHOSE).selectOption("public key other.pub.pem");
  await inspect.locator(".verdict", { hasText: "Refused" }).waitFor();
});

for (const form of ["hex", "dfu"]) {
  pageTest(`an image in a .${form} file, judged for the slot that it is in`, { tab }, async (page) => {
    const inspect = await choose(page, image(form));
    await inspect.getByLabel("Board's revision").fill("B");
    await inspect.locator(".verdict", { hasText: /^Verified$/ }).waitFor();
    await inspect.getByRole("row", { name: /^beside.*judged/ }).waitFor();
    await inspect.getByText("Id", { exact: true }).waitFor();
    await inspect.getByLabel(ROOM).setInputFiles(changed(image(form), (buffer) => buffer.subarray(0, buffer.length - 40)));
    await inspect.getByRole("alert").first().waitFor();
    assert.doesNotMatch(await inspect.locator("section", { hasText: "Verdict" }).first().innerText(), /Verified/);
  });
}

pageTest("a release that expires is judged on a day; the clock only advises", { tab }, async (page) => {
  await page.clock.setFixedTime(new Date(2027, 6, 2));
  const { manifest: project, release: file } = hub();
  const inspect = await choose(page, file, [project, ...keys()]);
  await inspect.getByLabel("Board's revision").fill("B");
  assert.deepEqual(await verdict(inspect), ["Verified, but for expiry"]);
  await inspect.getByText("Its last day is 2027-06-30").waitFor();
  await inspect.getByText("today is 2027-07-02: it has expired").waitFor();
  await inspect.getByLabel("Day, if it expires").fill("2027-06-30");
  await inspect.locator(".verdict", { hasText: /^Verified$/ }).waitFor();
  await inspect.getByLabel("Day, if it expires").fill("2027-07-01");
  await inspect.locator(".verdict", { hasText: "Refused" }).waitFor();
  await inspect.getByText("It has expired on the day").waitFor();
  assert.deepEqual(await axe(page), []);
});

pageTest("an image and the companion that it pins", { tab }, async (page) => {
  const { manifest: project, app, radio } = hub();
  const inspect = await choose(page, app, [project, ...keys()]);
  await inspect.getByLabel("Board's revision").fill("B");
  assert.deepEqual(await verdict(inspect), ["Verified, but for companions"]);
  await inspect.getByText("It starts only with the images that it pins").waitFor();
  await inspect.getByLabel(ROOM).setInputFiles([app, radio]);
  await inspect.locator(".verdict", { hasText: /^Verified$/ }).waitFor();
  await inspect.getByRole("row", { name: /^companions.*judged/ }).waitFor();
  assert.deepEqual(await axe(page), []);
  // Another image is not the one that it pins.
  await inspect.getByLabel(ROOM).setInputFiles([app, { ...app, name: "other.bin" }]);
  await inspect.getByRole("alert").first().waitFor();
  await inspect.getByLabel(ROOM).setInputFiles([app, radio]);
  await inspect.getByLabel("The file that this is about").selectOption(radio.name);
  await inspect.locator(".verdict", { hasText: /^Verified$/ }).waitFor();
});

pageTest("a factory image, with the boot loader that nobody signs", { tab }, async (page) => {
  const inspect = await choose(page, factory());
  await inspect.getByLabel("Board's revision").fill("B");
  assert.deepEqual(await verdict(inspect), ["Verified, but for boot-loader"]);
  await inspect.getByRole("heading", { name: "Boot loader for slot boot not signed" }).waitFor();
});

pageTest("the digests of chunks, folded", { tab }, async (page) => {
  const inspect = await choose(page, release(), []);
  const chunks = inspect.locator("details", { hasText: /^Chunks of image [0-9a-f]{16}: \d+ of / });
  await chunks.first().waitFor();
  assert.equal(await chunks.count(), 2);
  await chunks.first().locator("summary").click();
  assert.match(await chunks.first().innerText(), /0x0000_0000 {2}[0-9a-f]{64}\n/);
  await inspect.getByLabel(ROOM).setInputFiles(image("hex"));
  await inspect.locator("summary", { hasText: /^Chunks: \d+ of / }).waitFor();
});

pageTest("a changed byte is refused", { tab }, async (page) => {
  const inspect = await choose(page, flipped(release(), 5000));
  assert.match((await verdict(inspect)).join(), /Refused: ChunkDigest \(707\)/);
});

pageTest("another key is refused", { tab }, async (page) => {
  const [demo, line] = keys();
  const inspect = await choose(page, release(), [manifest(), { ...line, name: demo.name }, line]);
  assert.match((await verdict(inspect)).join(), /Refused: \w*Signature\w* \(\d+\)/);
});

pageTest("a release cut short is refused", { tab }, async (page) => {
  const inspect = await choose(page, changed(release(), (buffer) => buffer.subarray(0, buffer.length - 1000)));
  assert.match((await verdict(inspect)).join(), /Refused/);
});

pageTest("an HTML page is no firmware", { tab }, async (page) => {
  const html = Buffer.from("<!doctype html><title>404</title><p>Not found</p>".repeat(100));
  const inspect = await choose(page, { name: "app.release", mimeType: "text/html", buffer: html });
  await inspect.getByRole("alert").first().waitFor();
  assert.doesNotMatch(await inspect.textContent(), /Verified/);
});

pageTest("200 MB are not read", { tab }, async (page) => {
  const inspect = await withHuge((file) => choose(page, file));
  await inspect.getByText("huge.bin has 200 MiB").waitFor();
});

/** For `prepare`: counts what the package is asked about manifests, in `window.asked`. */
const counted = (context) => context.addInitScript(() => {
  const { instantiateStreaming } = WebAssembly;
  const names = ["namedFiles", "checkManifest", "mapManifest", "mapSvg"];
  globalThis.asked = {};
  WebAssembly.instantiateStreaming = async (...given) => {
    const { module, instance } = await instantiateStreaming(...given);
    const exports = { ...instance.exports };
    for (const name of names.filter((name) => name in exports)) {
      exports[name] = (...values) => {
        globalThis.asked[name] = (globalThis.asked[name] ?? 0) + 1;
        return instance.exports[name](...values);
      };
    }
    return { module, instance: { exports } };
  };
});

pageTest("what is typed is asked about once, however many views show it", { tab, prepare: counted }, async (page) => {
  const inspect = await choose(page, release());
  await inspect.locator(".verdict").waitFor();
  for (const tab of ["Flash", "Provision", "Inspect"]) {
    await page.getByRole("link", { name: tab, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: tab }).waitFor();
  }
  await page.evaluate(() => (globalThis.asked = {}));
  await inspect.getByRole("textbox", { name: "Manifest demo.toml" }).press("ControlOrMeta+End");
  await page.keyboard.type("#");
  await page.waitForFunction(() => globalThis.asked.checkManifest > 0);
  await page.evaluate(() => new Promise((done) => setTimeout(done, 100)));
  assert.deepEqual(await page.evaluate(() => globalThis.asked), { namedFiles: 1, checkManifest: 1, mapManifest: 1, mapSvg: 1 });
});

pageTest("a mistake in the manifest is told at its line, and the list leads there", { tab }, async (page) => {
  const inspect = page.locator("wx-inspect");
  await inspect.getByLabel("Manifest and keys").setInputFiles([edited(manifest(), 'sectors = "6"', 'sectors = "9"'), ...keys()]);
  await inspect.getByText(/^1 error/).waitFor();
  const place = inspect.getByRole("button", { name: /^demo\.toml:\d+:\d+$/ }).first();
  await place.click();
  const selected = await page.evaluate(() => {
    const { value, selectionStart, selectionEnd } = document.activeElement;
    return value.slice(selectionStart, selectionEnd);
  });
  assert.equal(selected, '"9"');
  // Mended in the editor.
  const editor = inspect.getByRole("textbox", { name: "Manifest demo.toml" });
  await editor.fill((await editor.inputValue()).replace('sectors = "9"', 'sectors = "6"'));
  await inspect.getByText(/^0 errors/).waitFor();
});
