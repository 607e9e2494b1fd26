// A simulated board behind the interface of WebUSB: for the demonstration, and for tests in the place of `navigator.usb`.

import init, { SimulatedBoard, type Effect, type Event, type Setup } from "waxseal/simulated";

const TYPES = { standard: 0, class: 1, vendor: 2 };
const RECIPIENTS = { device: 0, interface: 1, endpoint: 2, other: 3 };
const IN = 0x80;

/** The part of `USB` that the page uses. As a browser's, it takes nothing out of order. */
export async function simulatedUsb(description: string): Promise<{ usb: USB; board: SimulatedBoard }> {
  await init({ module_or_path: "simulated_bg.wasm" });
  const board = new SimulatedBoard(description);
  const requestDevice = async ({ filters }: { filters: USBDeviceFilter[] }): Promise<USBDevice> => {
    if (filters.some(({ vendorId, productId }) => vendorId === 0x0483 && productId === 0xdf11)) return deviceOf(board);
    throw new DOMException("No device selected.", "NotFoundError");
  };
  const usb = Object.assign(new EventTarget(), { requestDevice }) as unknown as USB;
  return { usb, board };
}

function deviceOf(board: SimulatedBoard): USBDevice {
  // Its time passes as ours does.
  let then = performance.now();
  let isOpen = false;
  const claimed = new Set<number>();
  const inOrder = (is: boolean): void => {
    if (!is) throw new DOMException("The device is not opened, configured or claimed.", "InvalidStateError");
  };
  const perform = (effect: Effect): Event => {
    inOrder(isOpen);
    const now = performance.now();
    board.perform({ kind: "wait", milliseconds: Math.ceil(now - then) });
    then = now;
    const event = board.perform(effect);
    if (event.kind === "gone") throw new DOMException("The device was disconnected.", "NetworkError");
    return event;
  };
  const setupOf = ({ requestType, recipient, request, value, index }: USBControlTransferParameters, direction: number): Setup => {
    inOrder(recipient !== "interface" || claimed.has(index));
    return { requestType: direction | (TYPES[requestType] << 5) | RECIPIENTS[recipient], request, value, index };
  };
  const configuration = { configurationValue: 1 };
  const device = {
    configuration: null as typeof configuration | null,
    configurations: [configuration],
    open: async () => {
      board.reconnect();
      isOpen = true;
    },
    close: async () => {
      isOpen = false;
      claimed.clear();
    },
    selectConfiguration: async (value: number) => {
      inOrder(isOpen && value === configuration.configurationValue);
      device.configuration = configuration;
    },
    claimInterface: async (number: number) => {
      inOrder(isOpen && device.configuration !== null);
      claimed.add(number);
    },
    selectAlternateInterface: async (number: number, alternate: number) => {
      inOrder(claimed.has(number));
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
