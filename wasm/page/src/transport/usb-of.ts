import { demo } from "../demo";

/** The board of the demonstration: the one that its manifest is for. */
const DEMO_BOARD = "STM32F746VG,RDP=0,BOOT_ADD0=0x2000,serial=DEMO00000001";

let simulated: Promise<USB> | null = null;

/** Where boards come from: the browser's USB, or in the demonstration the simulated one. `null`: the browser has none. */
export async function usbOf(): Promise<USB | null> {
  if (!demo) return (navigator as { usb?: USB }).usb ?? null;
  simulated ??= import("../simulated-usb").then(async ({ simulatedUsb }) => (await simulatedUsb(DEMO_BOARD)).usb);
  return simulated;
}
