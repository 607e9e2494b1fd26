// Moves bytes over WebUSB. What they mean, the package says.

/** ST's boot loader in ROM. */
const FILTERS: USBDeviceFilter[] = [{ vendorId: 0x0483, productId: 0xdf11 }];
/** Class, subclass and protocol of DFU mode (USB DFU 1.1 section 4.2.3). */
const DFU = { class: 0xfe, subclass: 0x01, protocol: 0x02 };

const GET_DESCRIPTOR = 6;
const CONFIGURATION = 2;
const STRING = 3;
const ENGLISH = 0x0409;

/** What came of a transfer; an answer for the engine. */
export type Answer = { kind: "done" } | { kind: "received"; bytes: Uint8Array } | { kind: "stalled" } | { kind: "gone" };

/** What cannot be used, and what to do about it. */
export class UsbError extends Error {
  constructor(
    message: string,
    readonly help: string[],
  ) {
    super(message);
  }
}

/** An alternate setting of the DFU interface, and its name, which is its memory map. */
export interface Alternate {
  setting: number;
  name: string;
}

export function usbOf(navigator: Navigator): USB | null {
  return (navigator as { usb?: USB }).usb ?? null;
}

/** A board in its ROM's boot loader. */
export class Port {
  private constructor(
    private readonly device: USBDevice,
    private readonly interfaceNumber: number,
    /** The configuration's descriptors, as the device sends them. */
    readonly configuration: Uint8Array,
    readonly alternates: Alternate[],
  ) {}

  /** Lets the user choose a board, and opens it. `null` if they choose none. */
  static async request(usb: USB): Promise<Port | null> {
    let device: USBDevice;
    try {
      device = await usb.requestDevice({ filters: FILTERS });
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotFoundError") return null;
      throw error;
    }
    return Port.open(device);
  }

  private static async open(device: USBDevice): Promise<Port> {
    try {
      await device.open();
      if (device.configuration === null) await device.selectConfiguration(1);
      const found = device.configuration?.interfaces.find(({ alternates }) => alternates.some(isDfu));
      if (!found) {
        throw new UsbError("The device has no DFU interface.", ["Start its boot loader: BOOT0 high at reset, or as the board's manual says."]);
      }
      await device.claimInterface(found.interfaceNumber);
      const configuration = await descriptor(device, CONFIGURATION, 0, 0);
      const names = new Map<number, string>();
      for (const [setting, index] of nameIndexes(configuration, found.interfaceNumber)) {
        names.set(setting, text(await descriptor(device, STRING, index, ENGLISH)));
      }
      const alternates = found.alternates.filter(isDfu).map(({ alternateSetting: setting, interfaceName }) => ({
        setting,
        // Chromium leaves `interfaceName` null, for every alternate setting.
        name: names.get(setting) ?? interfaceName ?? "",
      }));
      return new Port(device, found.interfaceNumber, configuration, alternates);
    } catch (error) {
      await device.close().catch(() => undefined);
      throw error instanceof UsbError ? error : cannotOpen(error);
    }
  }

  /** The serial number that the device tells. Derived from the chip, and sometimes constant: no board is known by it. */
  get serial(): string {
    return this.device.serialNumber ?? "";
  }

  async select(setting: number): Promise<Answer> {
    return answer(async () => {
      await this.device.selectAlternateInterface(this.interfaceNumber, setting);
      return { kind: "done" };
    });
  }

  async controlOut(request: number, value: number, data: Uint8Array): Promise<Answer> {
    return answer(async () => {
      const { status } = await this.device.controlTransferOut(this.setup(request, value), new Uint8Array(data));
      return status === "ok" ? { kind: "done" } : { kind: "stalled" };
    });
  }

  async controlIn(request: number, value: number, length: number): Promise<Answer> {
    return answer(async () => {
      const { status, data } = await this.device.controlTransferIn(this.setup(request, value), length);
      if (status !== "ok" || !data) return { kind: "stalled" };
      return { kind: "received", bytes: bytesOf(data) };
    });
  }

  async close(): Promise<void> {
    await this.device.close().catch(() => undefined);
  }

  private setup(request: number, value: number): USBControlTransferParameters {
    return { requestType: "class", recipient: "interface", request, value, index: this.interfaceNumber };
  }
}

export function wait(milliseconds: number): Promise<Answer> {
  return new Promise((done) => setTimeout(() => done({ kind: "done" }), milliseconds));
}

function isDfu(alternate: USBAlternateInterface): boolean {
  const { interfaceClass, interfaceSubclass, interfaceProtocol } = alternate;
  return interfaceClass === DFU.class && interfaceSubclass === DFU.subclass && interfaceProtocol === DFU.protocol;
}

/** A transfer that throws is one to a device that is not there any more. */
async function answer(transfer: () => Promise<Answer>): Promise<Answer> {
  try {
    return await transfer();
  } catch {
    return { kind: "gone" };
  }
}

async function descriptor(device: USBDevice, type: number, index: number, language: number): Promise<Uint8Array> {
  const setup: USBControlTransferParameters = {
    requestType: "standard", recipient: "device", request: GET_DESCRIPTOR, value: (type << 8) | index, index: language,
  };
  const { status, data } = await device.controlTransferIn(setup, type === STRING ? 255 : 4096);
  if (status !== "ok" || !data) throw new UsbError("The device does not answer what it is.", ["Unplug it, and plug it in again."]);
  return bytesOf(data);
}

/** iInterface of each alternate setting (USB 2.0 section 9.6.5). */
function* nameIndexes(configuration: Uint8Array, interfaceNumber: number): Generator<[number, number]> {
  const INTERFACE = 4;
  for (let at = 0; at + 9 <= configuration.length; at += configuration[at] || configuration.length) {
    const [length = 0, type, number, setting = 0] = configuration.subarray(at);
    const name = configuration[at + 8] ?? 0;
    if (type === INTERFACE && length >= 9 && number === interfaceNumber && name !== 0) yield [setting, name];
  }
}

/** A string descriptor's text. */
function text(descriptor: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(descriptor.subarray(2, descriptor[0]));
}

function bytesOf(data: DataView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function cannotOpen(error: unknown): UsbError {
  const why = error instanceof Error ? error.message : String(error);
  return new UsbError(`The device cannot be opened: ${why}`, [
    "Close other programs that use it, STM32CubeProgrammer for one.",
    "Windows: its driver has to be WinUSB; Zadig, or STM32CubeProgrammer's driver, installs it.",
    'Linux: this user may need a udev rule: SUBSYSTEM=="usb", ATTR{idVendor}=="0483", ATTR{idProduct}=="df11", TAG+="uaccess"',
    "Try another cable, straight into the computer.",
  ]);
}
