// A simulated board in the place of `navigator.usb`: the page is the one that users have.

/** For `prepare` of a test: a board to choose, and `window.simulated` to look behind it. */
export function withBoard(description, { faults = [], put = [] } = {}) {
  return (context) => context.addInitScript(({ description, faults, put }) => {
    const made = { usb: null };
    const make = async () => {
      const { simulatedUsb } = await import("/simulated-usb.js");
      const { usb, board } = await simulatedUsb(description);
      for (const [address, bytes] of put) board.put(address, new Uint8Array(bytes));
      made.usb = usb;
      made.board = board;
      globalThis.simulated = board;
    };
    let plugged = 0;
    const requestDevice = async (options) => {
      if (!made.usb) await make();
      const device = await made.usb.requestDevice(options);
      const open = device.open.bind(device);
      device.open = async () => {
        await open();
        // What goes wrong, goes wrong once: who plugs the board in again has a good cable.
        if (plugged++ === 0) made.board.setFaults(faults);
      };
      // A view need not begin where its buffer does.
      const ask = device.controlTransferIn.bind(device);
      device.controlTransferIn = async (...given) => {
        const { status, data } = await ask(...given);
        if (!data) return { status };
        const behind = new Uint8Array(data.byteLength + 3);
        behind.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 3);
        return { status, data: new DataView(behind.buffer, 3) };
      };
      globalThis.hang = () => (device.controlTransferOut = () => new Promise(() => undefined));
      globalThis.unplug = () => usb.dispatchEvent(Object.assign(new Event("disconnect"), { device }));
      return device;
    };
    const usb = Object.assign(new EventTarget(), { requestDevice });
    Object.defineProperty(navigator, "usb", { configurable: true, value: usb });
  }, { description, faults, put });
}

/** Pulls the cable. */
export const unplug = (page) => page.evaluate(() => globalThis.unplug());

/** From now on the device takes what is sent, and never says so. */
export const hang = (page) => page.evaluate(() => void globalThis.hang());

/** What was done to the board's memory, in order. */
export const log = (page) => page.evaluate(() => globalThis.simulated?.log ?? []);

/** What the board holds, in hex. */
export const content = (page, address, size) => page.evaluate(([address, size]) => {
  const bytes = globalThis.simulated.content(address, size);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}, [address, size]);
