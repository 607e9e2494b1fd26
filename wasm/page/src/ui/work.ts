import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { Procedure, Progress } from "waxseal";

import { drive } from "../transport/drive";
import type { Port } from "../transport/usb";
import "./progress";

/** A procedure on a board, shown while it runs. */
export class Work implements ReactiveController {
  /** Whether one runs. */
  isRunning = false;
  private progress: Progress | null = null;
  private isCancelled = false;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener("beforeunload", this.hold);
  }

  hostDisconnected(): void {
    removeEventListener("beforeunload", this.hold);
  }

  /** Runs it to its end. */
  async run<End>(procedure: Procedure<End>, port: Port): Promise<End> {
    this.isRunning = true;
    this.isCancelled = false;
    this.progress = null;
    this.host.requestUpdate();
    try {
      return await drive(procedure, port, {
        isCancelled: () => this.isCancelled,
        progress: (progress) => {
          this.progress = progress;
          this.host.requestUpdate();
        },
      });
    } finally {
      this.isRunning = false;
      procedure.free();
      this.host.requestUpdate();
    }
  }

  /** The bar, and the button to stop. */
  render(): TemplateResult | typeof nothing {
    if (!this.isRunning) return nothing;
    const { stage = "connecting", done = 0, total = 0, changes = false } = this.progress ?? {};
    return html`<wx-progress .what=${stage} .done=${done} .total=${total}></wx-progress>
      <p class="muted small-text">${changes ? "The board is being changed: leave the cable where it is." : "The board is not changed by this."}</p>
      <div class="actions"><button ?disabled=${this.isCancelled} @click=${this.cancel}>${this.isCancelled ? "Stopping" : "Stop"}</button></div>`;
  }

  private readonly cancel = (): void => {
    this.isCancelled = true;
    this.host.requestUpdate();
  };

  /** Leaving the page in the middle is asked about. */
  private readonly hold = (event: BeforeUnloadEvent): void => {
    if (this.isRunning && this.progress?.changes) event.preventDefault();
  };
}
