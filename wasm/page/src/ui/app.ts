import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";

import { demo } from "../demo";
import { loadInspect, loadWhole } from "../package";
import { Element } from "./element";
import { keepOffline, type Offline } from "./offline";
import { project } from "./project";
import "./scroll";
import { message, said } from "./views";

const TABS = [
  { id: "inspect", name: "Inspect" },
  { id: "flash", name: "Flash" },
  { id: "provision", name: "Provision" },
] as const;
type Tab = (typeof TABS)[number]["id"];

/** What a tab needs before it can be drawn. */
const PARTS: Record<Tab, () => Promise<unknown>> = {
  inspect: () => Promise.all([loadInspect(), import("../inspect/inspect")]),
  flash: () => loadWhole().then(() => import("../flash/flash")),
  provision: () => loadWhole().then(() => import("../provision/provision")),
};
const VIEWS: Record<Tab, (isHidden: boolean) => TemplateResult> = {
  inspect: (isHidden) => html`<wx-inspect ?hidden=${isHidden}></wx-inspect>`,
  flash: (isHidden) => html`<wx-flash ?hidden=${isHidden}></wx-flash>`,
  provision: (isHidden) => html`<wx-provision ?hidden=${isHidden}></wx-provision>`,
};

const OFFLINE: Record<Offline, string> = {
  unavailable: "Needs the network",
  saving: "Saving for offline use",
  ready: "Works offline",
  newer: "A newer version is ready",
};

/** The page: its header, and the tab that the address names. A tab that was opened stays alive, so that changing them loses nothing. */
@customElement("wx-app")
export class App extends Element {
  @state() private tab: Tab = tabOf(location.hash);
  @state() private offline: Offline = "saving";
  /** The tabs that were opened and can be drawn. */
  private readonly opened = new Set<Tab>();
  private trouble = "";
  private readonly takeOver = keepOffline((state) => (this.offline = state));

  constructor() {
    super();
    addEventListener("hashchange", () => {
      this.tab = tabOf(location.hash);
      document.title = `${TABS.find(({ id }) => id === this.tab)?.name} · waxseal`;
      void this.open(this.tab);
    });
    void this.open(this.tab);
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
        ${TABS.map(({ id }) => (this.opened.has(id) ? VIEWS[id](id !== this.tab) : nothing))}
        ${this.opened.has(this.tab) ? nothing : this.trouble ? this.notLoaded() : html`<p class="loading" role="status">Loading.</p>`}
      </main>`;
  }

  private notLoaded(): TemplateResult {
    return html`<h1>${TABS.find(({ id }) => id === this.tab)?.name}</h1>
      ${message("bad", html`<p>This part of the page could not be loaded: ${this.trouble}</p>
        <div class="actions"><button @click=${() => this.open(this.tab)}>Try again</button></div>`)}`;
  }

  private async open(tab: Tab): Promise<void> {
    this.trouble = "";
    try {
      await PARTS[tab]();
      this.opened.add(tab);
    } catch (error) {
      this.trouble = said(error);
    }
    this.requestUpdate();
  }

  private skip(event: Event): void {
    event.preventDefault();
    this.querySelector("main")?.focus();
  }
}

function tabOf(hash: string): Tab {
  return TABS.find(({ id }) => `#${id}` === hash)?.id ?? "inspect";
}
