// Moves bytes over WebUSB. What they mean, the package says.

import type { Effect, Event, Setup } from "waxseal";

/** ST's boot loader in ROM. */
const FILTERS: USBDeviceFilter[] = [{ vendorId: 0x0483, productId: 0xdf11 }];
/** How long a transfer may take, in milliseconds. The ROM answers at once, and says itself how long to wait. */
const PATIENCE = 20_000;

/** A board that cannot be opened. */
export class ClosedError extends Error {}

/** A board that the user chose. */
export class Port {
  private readonly claimed = new Set<number>();

  private constructor(
    private readonly usb: USB,
    private readonly device: USBDevice,
    private readonly gone: () => void,
  ) {
    usb.addEventListener("disconnect", this.disconnected);
  }

  /** Lets the user choose a board, and opens it; `gone` is called when it is unplugged. `null` if they choose none. */
  static async request(usb: USB, gone: () => void): Promise<Port | null> {
    let device: USBDevice;
    try {
      device = await usb.requestDevice({ filters: FILTERS });
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotFoundError") return null;
      throw error;
    }
    try {
      await device.open();
      if (device.configuration === null) await device.selectConfiguration(device.configurations[0]?.configurationValue ?? 1);
      return new Port(usb, device, gone);
    } catch (error) {
      await device.close().catch(() => undefined);
      throw new ClosedError(`The device cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Performs an effect; progress is not a transport's business. */
  async perform(effect: Exclude<Effect, { kind: "progress" }>): Promise<Event> {
    if (effect.kind === "wait") return new Promise((done) => setTimeout(() => done({ kind: "done" }), effect.milliseconds));
    try {
      return await this.transfer(effect);
    } catch {
      // A transfer that fails as a whole is one to a device that is not there any more.
      return { kind: "gone" };
    }
  }

  async close(): Promise<void> {
    this.usb.removeEventListener("disconnect", this.disconnected);
    await this.device.close().catch(() => undefined);
  }

  private readonly disconnected = ({ device }: USBConnectionEvent): void => {
    if (device === this.device) this.gone();
  };

  private async transfer(effect: Exclude<Effect, { kind: "progress" | "wait" }>): Promise<Event> {
    switch (effect.kind) {
      case "select":
        if (!this.claimed.has(effect.interface)) await this.device.claimInterface(effect.interface);
        this.claimed.add(effect.interface);
        await soon(this.device.selectAlternateInterface(effect.interface, effect.alternate));
        return { kind: "done" };
      case "out": {
        const { status } = await soon(this.device.controlTransferOut(parameters(effect.setup), new Uint8Array(effect.data)));
        return status === "ok" ? { kind: "done" } : { kind: "stalled" };
      }
      case "in": {
        const { status, data } = await soon(this.device.controlTransferIn(parameters(effect.setup), effect.length));
        if (status !== "ok" || !data) return { kind: "stalled" };
        return { kind: "received", bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
      }
    }
  }
}

const TYPES = ["standard", "class", "vendor"] as const;
const RECIPIENTS = ["device", "interface", "endpoint", "other"] as const;

/** bmRequestType in WebUSB's words (USB 2.0 table 9-2). */
function parameters({ requestType, request, value, index }: Setup): USBControlTransferParameters {
  const type = TYPES[(requestType >> 5) & 3];
  const recipient = RECIPIENTS[requestType & 31];
  if (!type || !recipient) throw new TypeError(`bmRequestType ${requestType}`);
  return { requestType: type, recipient, request, value, index };
}

/** A device that holds a transfer for ever is as good as gone. */
function soon<T>(transfer: Promise<T>): Promise<T> {
  let timer = 0;
  const late = new Promise<never>((_, failed) => {
    timer = window.setTimeout(() => failed(new Error("no answer")), PATIENCE);
  });
  return Promise.race([transfer, late]).finally(() => clearTimeout(timer));
}
