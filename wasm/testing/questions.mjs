// What is asked of an entry in Node and in Chromium, by whatever it has: its answers must be the same in both. Runs in either, and
// imports nothing.

/** Bytes as an object that JSON can carry, and back. */
const carried = (bytes) => ({ base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) });
const bytesOf = ({ base64 }) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** A value as a text, bytes and all. */
export const packed = (value) => JSON.stringify(value, function (name, value) {
    // Node's buffers say on their own what they are as JSON, before they are seen here.
    return this[name] instanceof Uint8Array ? carried(this[name]) : value;
});
/** The same the other way round. */
export const unpacked = (text) => JSON.parse(text, (_, value) => (typeof value?.base64 === "string" ? bytesOf(value) : value));

/** The functions that are asked, each with what `inputs` has for it. */
const QUESTIONS = {
    judge: ({ judge }, { vectors }) => vectors.map(({ kind, bytes, policy, fault }) => {
        const { code, offset } = judge(kind, bytes, policy, fault ?? undefined);
        return { code, offset };
    }),
    inspectFile: ({ inspectFile }, { vectors }) => vectors.map(({ bytes }) => inspectFile(bytes)),
    checkManifest: ({ checkManifest }, { manifests }) => manifests.map((manifest) => checkManifest(manifest)),
    namedFiles: ({ namedFiles }, { manifests }) => manifests.map((manifest) => namedFiles(manifest)),
    mapManifest: ({ mapManifest }, { manifests }) => manifests.map((manifest) => mapManifest(manifest)),
    mapSvg: ({ mapSvg }, { manifests }) => manifests.map((manifest) => mapSvg(manifest)),
    devices: ({ devices }, { parts }) => parts.map((part) => devices(part)),
    explain: ({ explain }) => explain(),
    judgeForFlash: ({ judgeForFlash }, { release, manifest }) => {
        const { verdict, ...answer } = judgeForFlash(release, { manifest });
        return [answer, verdict.slots()];
    },
    readField: ({ readField }, { fields }) => fields.map(({ layout, memory, field, question, unreadable }) => (
        readField(layout, memory, field, question, unreadable ?? undefined)
    )),
    otpBoards: ({ otpBoards }, { line: { manifest, records } }) => otpBoards(manifest, records),
    otpBuild: ({ otpBuild }, { line: { manifest, records } }) => otpBuild(manifest, records),
    SimulatedBoard: ({ SimulatedBoard }, { boards }) => boards.map((board) => new SimulatedBoard(board).alternates),
};

/** The answers of an entry, by question. */
export function ask(entry, inputs) {
    const asked = Object.entries(QUESTIONS).filter(([name]) => name in entry);
    return Object.fromEntries(asked.map(([name, question]) => [name, question(entry, inputs)]));
}
