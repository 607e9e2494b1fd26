import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";

import "../flash/flash";
import "../inspect/inspect";
import "../provision/provision";
import { demo } from "../demo";
import { Element } from "./element";
import { keepOffline, type Offline } from "./offline";
import { project } from "./project";
import "./record";
import "./scroll";

const TABS = [
  { id: "inspect", name: "Inspect" },
  { id: "flash", name: "Flash" },
  { id: "provision", name: "Provision" },
] as const;
type Tab = (typeof TABS)[number]["id"];

const OFFLINE: Record<Offline, string> = {
  unavailable: "Needs the network",
  saving: "Saving for offline use",
  ready: "Works offline",
  newer: "A newer version is ready",
};

/** The page: its header, and the tab that the address names. All tabs stay alive, so that changing them loses nothing. */
@customElement("wx-app")
export class App extends Element {
  @state() private tab: Tab = tabOf(location.hash);
  @state() private offline: Offline = "saving";
  private readonly takeOver = keepOffline((state) => (this.offline = state));

  constructor() {
    super();
    addEventListener("hashchange", () => {
      this.tab = tabOf(location.hash);
      document.title = `${TABS.find(({ id }) => id === this.tab)?.name} · waxseal`;
    });
    void demo?.then(({ manifest }) => project.add(manifest));
    // What is dropped beside a field must not replace the page.
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => event.preventDefault());
  }

  protected override createRenderRoot(): HTMLElement {
    this.replaceChildren();
    return this;
  }

  override render(): TemplateResult {
    return html`
      <a class="skip" href="#content" @click=${this.skip}>Skip to the content</a>
      <header class="bar">
        <p class="brand"><img src="seal.svg" alt="" width="28" height="28">waxseal</p>
        <nav aria-label="Tasks">
          ${TABS.map(({ id, name }) => html`<a href="#${id}" aria-current=${id === this.tab ? "page" : nothing}>${name}</a>`)}
        </nav>
        <p class="status" role="status">
          <a href=${`${demo ? "./" : "./?demo"}#${this.tab}`}>${demo ? "Leave the demo" : "Try the demo"}</a>
          ${OFFLINE[this.offline]}
          ${this.offline === "newer" ? html`<button class="small" @click=${this.takeOver}>Reload</button>` : nothing}
        </p>
      </header>
      ${demo ? html`<aside class="demo-note" aria-label="Demo">
        <p>Demo: its files and keys are known to everybody, and the board is a simulation in this page. No USB device is touched.</p>
      </aside>` : nothing}
      <main id="content" tabindex="-1">
        <wx-inspect ?hidden=${this.tab !== "inspect"}></wx-inspect>
        <wx-flash ?hidden=${this.tab !== "flash"}></wx-flash>
        <wx-provision ?hidden=${this.tab !== "provision"}></wx-provision>
      </main>`;
  }

  private skip(event: Event): void {
    event.preventDefault();
    this.querySelector("main")?.focus();
  }
}

function tabOf(hash: string): Tab {
  return TABS.find(({ id }) => `#${id}` === hash)?.id ?? "inspect";
}
