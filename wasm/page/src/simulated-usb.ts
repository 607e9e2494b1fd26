// A simulated board behind the interface of WebUSB: for the demonstration, and for tests in the place of `navigator.usb`.

import init, { SimulatedBoard, type Effect, type Event, type Setup } from "waxseal/simulated";

const TYPES = { standard: 0, class: 1, vendor: 2 };
const RECIPIENTS = { device: 0, interface: 1, endpoint: 2, other: 3 };
const IN = 0x80;

/** The part of `USB` that the page uses. */
export async function simulatedUsb(description: string): Promise<{ usb: USB; board: SimulatedBoard }> {
  await init({ module_or_path: "simulated_bg.wasm" });
  const board = new SimulatedBoard(description);
  const usb = Object.assign(new EventTarget(), { requestDevice: async () => deviceOf(board) }) as unknown as USB;
  return { usb, board };
}

function deviceOf(board: SimulatedBoard): USBDevice {
  // Its time passes as ours does.
  let then = performance.now();
  const perform = (effect: Effect): Event => {
    const now = performance.now();
    board.perform({ kind: "wait", milliseconds: Math.ceil(now - then) });
    then = now;
    const event = board.perform(effect);
    if (event.kind === "gone") throw new DOMException("The device was disconnected.", "NetworkError");
    return event;
  };
  const device = {
    configuration: { configurationValue: 1 },
    configurations: [{ configurationValue: 1 }],
    open: async () => board.reconnect(),
    close: async () => undefined,
    selectConfiguration: async () => undefined,
    claimInterface: async () => undefined,
    selectAlternateInterface: async (number: number, alternate: number) => {
      perform({ kind: "select", interface: number, alternate });
    },
    controlTransferOut: async (parameters: USBControlTransferParameters, data?: Uint8Array) => {
      const event = perform({ kind: "out", setup: setupOf(parameters, 0), data: data ?? new Uint8Array() });
      return { status: event.kind === "stalled" ? "stall" : "ok", bytesWritten: data?.length ?? 0 };
    },
    controlTransferIn: async (parameters: USBControlTransferParameters, length: number) => {
      const event = perform({ kind: "in", setup: setupOf(parameters, IN), length });
      if (event.kind !== "received") return { status: "stall" };
      return { status: "ok", data: new DataView(event.bytes.buffer, event.bytes.byteOffset, event.bytes.byteLength) };
    },
  };
  return device as unknown as USBDevice;
}

function setupOf({ requestType, recipient, request, value, index }: USBControlTransferParameters, direction: number): Setup {
  return { requestType: direction | (TYPES[requestType] << 5) | RECIPIENTS[recipient], request, value, index };
}
