// A program of a user's, which is compiled and never run: what the declarations promise, TypeScript must accept, and nothing else.
import {
    BoardRecord, checkManifest, compareBoard, devices, identifyBoard, inspectFile, judgeForFlash, mapSvg, namedFiles, otpBoards,
    otpBuild, otpPlan, planFlash, verifyFile, type Diagnostic, type Effect, type Event, type ManifestFiles, type Procedure,
} from "waxseal";
import init, { verify, type Policy } from "waxseal/verify";
import * as ofDevices from "waxseal/devices";
import * as ofFiles from "waxseal/inspect";
import * as ofFlash from "waxseal/flash";
import * as ofManifests from "waxseal/manifest";
import * as ofOtp from "waxseal/provision";
import { SimulatedBoard } from "waxseal/simulated";

await init();
declare const file: Uint8Array;
declare const policy: Policy;
const verdict = verify(file, policy);
const stack: number | undefined = verdict.accepted ? verdict.entry?.stack : verdict.offset;
// @ts-expect-error: a check is left out by `null` and not by forgetting it.
verify(file, { keys: [], threshold: 1 });

const manifest: ManifestFiles = { text: "", files: { "keys/release.pub.pem": "" }, profile: null };
const paths: string[] = [...namedFiles(manifest).includes, ...namedFiles(manifest).keys];
const found: Diagnostic[] = checkManifest(manifest).diagnostics;
const line: number | undefined = found[0]?.labels.find(({ primary }) => primary)?.line;
const svg: string | null = mapSvg(manifest);
const part = devices("STM32F767ZI", { nDBANK: 0 }).result;
const sector: number | undefined = part && "modes" in part ? part.modes[0]?.regions[0]?.sectors[0]?.address : undefined;
const member: string | undefined = inspectFile(file, { manifest }).result?.signatures[0]?.key_id;
const verified = verifyFile(file, { manifest, without: ["revision"] }).result;
const id: string | undefined = verified?.kind === "release" ? verified.release_id : undefined;
// @ts-expect-error: signatures are no input that can be waived.
verifyFile(file, { manifest, without: ["signatures"] });

const byKey = ofFiles.verifyFile(file, { keys: [{ name: "release", text: "" }], without: ["device"] }).result;
const refusal: string | undefined = byKey?.refusal?.meaning;
// @ts-expect-error: this entry reads no manifests.
ofFiles.verifyFile(file, { manifest });
const wrong: ofManifests.Diagnostic[] = ofManifests.checkManifest(manifest).diagnostics;
const rule: string | undefined = ofDevices.explain(wrong[0]?.code).result?.codes[0]?.rule;

const mayFlash: ofFlash.FlashVerdict | null = ofFlash.judgeForFlash(file, { manifest }).verdict;
const targeted: ofOtp.OtpTarget | null = ofOtp.otpTarget(manifest, { text: "" }, { board: "A1" }).target;
const reading: ofOtp.FieldReading = ofOtp.readField(file, file, 0, "read");
// @ts-expect-error: this entry flashes nothing.
ofOtp.planFlash;

const rows = otpBoards(manifest, { text: "" }).result?.findings?.map(({ line, column }) => `${line}: ${column ?? ""}`);
const bytes: Uint8Array | undefined = otpBuild(manifest, { text: "" }, { stage: "identity" }).files[0]?.bytes;
const verdicts = otpPlan(manifest, { text: "" }, { board: "A1", readback: file }).result?.fields.map((field) => field.verdict);

const simulated = new SimulatedBoard("STM32F746VG");
function drive<End>(procedure: Procedure<End>): End {
    let event: Event = { kind: "start" };
    for (;;) {
        const next = procedure.next(event);
        if ("end" in next) return next.end;
        const effect: Effect = next.do;
        event = simulated.perform(effect);
    }
}
const identified = drive(identifyBoard());
if (!identified.trouble) {
    const { fit } = compareBoard(identified.board, manifest, "flash", ["option-bytes"]);
    const { verdict } = judgeForFlash(file, { manifest });
    if (fit && verdict) {
        const { plan } = planFlash(verdict, fit);
        const end = plan && drive(plan.flash());
        if (end) new BoardRecord().add("A1", end.rows, { station: "", operator: "", at: "" });
        // @ts-expect-error: what may be flashed comes from a verdict, and not from bytes.
        planFlash(file, fit);
    }
}
export { bytes, id, line, mayFlash, member, paths, reading, refusal, rows, rule, sector, stack, svg, targeted, verdicts };
