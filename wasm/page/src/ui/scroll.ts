/** A table or a dump that may be wider than the page: to be reached by keyboard where it scrolls, and only there. */
class Scroll extends HTMLElement {
  private readonly observer = new ResizeObserver(() => this.measure());

  connectedCallback(): void {
    this.observer.observe(this);
    for (const child of this.children) this.observer.observe(child);
  }

  disconnectedCallback(): void {
    this.observer.disconnect();
  }

  private measure(): void {
    const isLarger = this.scrollWidth > this.clientWidth || this.scrollHeight > this.clientHeight;
    if (!isLarger) {
      for (const name of ["tabindex", "role", "aria-label"]) this.removeAttribute(name);
      return;
    }
    this.tabIndex = 0;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", this.getAttribute("label") ?? this.querySelector("caption")?.textContent ?? "Table");
  }
}

customElements.define("wx-scroll", Scroll);
