/**
 * A long list of rows of any height, of which only those near the view are in the page. It stays at
 * its end while it is there; otherwise the rows that are being read do not move.
 */

import { h } from "./dom.js";
import { Heights } from "./heights.js";

// Rows are drawn this far outside of the view, so that scrolling does not show them being drawn.
const MARGIN = 900;
const AT_END = 48;

/**
 * @typedef {object} Source
 * @property {() => number} count
 * @property {(row: number) => string} key changes when another row is there
 * @property {(row: number) => string} version changes when the row must be drawn anew
 * @property {(row: number, element: HTMLElement | null) => HTMLElement} draw into the old element
 *   where there is one
 * @property {(row: number) => number} guess a height in pixels
 * @property {(first: number, last: number) => void} shown called with the rows that are in the page
 */

export class VirtualList {
  /** Whether the newest row stays in view as it grows. */
  pinned = true;
  /** @type {Map<string, {element: HTMLElement, version: string, row: number}>} */
  #rows = new Map();
  #heights = new Heights();
  #scheduled = false;
  #lastTop = 0;
  #width = 0;

  /** @param {HTMLElement} viewport @param {Source} source */
  constructor(viewport, source) {
    this.viewport = viewport;
    this.source = source;
    this.rows = h("div.rows");
    this.space = h("div.space", {}, this.rows);
    viewport.append(this.space);
    this.observer = new ResizeObserver((entries) => this.#measured(entries));
    this.observer.observe(viewport);
    viewport.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  /** Whether the newest row is in view, or will be as it grows. */
  get atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.viewport;
    return this.pinned || scrollHeight - scrollTop - clientHeight <= AT_END;
  }

  /** Forget every height and row: another list is shown. */
  reset() {
    for (const { element } of this.#rows.values()) this.#drop(element);
    this.#rows.clear();
    this.#heights = new Heights();
    this.pinned = true;
    this.update();
  }

  /** Draw again at the next frame. */
  schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.update();
    });
  }

  update() {
    const anchor = this.#anchor();
    const count = this.source.count();
    this.#heights.resize(count, (row) => this.source.guess(row));
    this.#draw(anchor);
  }

  /** @param {number} row @param {"start"|"center"} [block] */
  scrollTo(row, block = "center") {
    this.pinned = false;
    // Twice: the rows around the target get their true heights on the way.
    for (let pass = 0; pass < 2; pass += 1) {
      const room = this.viewport.clientHeight - this.#heights.get(row);
      const before = block === "center" ? Math.max(16, room / 2) : 16;
      this.viewport.scrollTop = this.#heights.top(row) - before;
      this.#draw(null);
    }
  }

  scrollToEnd() {
    this.pinned = true;
    this.#draw(null);
  }

  /** @param {number} row @returns {HTMLElement | undefined} */
  element(row) {
    return this.#rows.get(this.source.key(row))?.element;
  }

  /** The first row in view and how far it is above the upper edge. */
  #anchor() {
    if (this.pinned || !this.#heights.count) return null;
    const row = this.#heights.rowAt(this.viewport.scrollTop);
    return { row, above: this.viewport.scrollTop - this.#heights.top(row) };
  }

  /** @param {{row: number, above: number} | null} anchor the row that must not move */
  #draw(anchor) {
    // A hidden list has no heights; the observer calls once it shows.
    if (!this.viewport.clientHeight) return;
    this.#scrollToAnchor(anchor);
    // Rows that were measured for the first time may be smaller than guessed and leave room for more.
    for (let pass = 0; pass < 3; pass += 1) {
      const [first, last] = this.#range();
      this.#fill(first, last);
      if (!this.#measure()) break;
      this.#scrollToAnchor(anchor);
    }
  }

  /** @returns {[number, number]} the rows to have in the page */
  #range() {
    const { scrollTop, clientHeight } = this.viewport;
    const first = this.#heights.rowAt(scrollTop - MARGIN);
    const last = this.#heights.rowAt(scrollTop + clientHeight + MARGIN);
    return [first, Math.min(last, this.#heights.count - 1)];
  }

  /** @param {number} first @param {number} last */
  #fill(first, last) {
    const visible = new Map();
    for (let row = first; row <= last; row += 1) visible.set(this.source.key(row), row);
    for (const [key, { element }] of this.#rows) {
      if (visible.has(key)) continue;
      this.#drop(element);
      this.#rows.delete(key);
    }
    /** @type {ChildNode | null} */
    let next = this.rows.firstChild;
    for (const [key, row] of visible) {
      const element = this.#row(key, row);
      if (element === next) next = element.nextSibling;
      else this.rows.insertBefore(element, next);
    }
    this.rows.style.transform = `translateY(${this.#heights.top(first)}px)`;
    if (last >= first) this.source.shown(first, last);
  }

  /** @param {string} key @param {number} row */
  #row(key, row) {
    const version = this.source.version(row);
    const drawn = this.#rows.get(key);
    if (drawn && drawn.version === version) {
      drawn.row = row;
      return drawn.element;
    }
    const element = this.source.draw(row, drawn?.element ?? null);
    if (drawn && drawn.element !== element) this.#drop(drawn.element);
    if (drawn?.element !== element) this.observer.observe(element);
    this.#rows.set(key, { element, version, row });
    return element;
  }

  /** @param {HTMLElement} element */
  #drop(element) {
    // Keyboard focus must not jump to the start of the page.
    if (element.contains(document.activeElement)) this.viewport.focus({ preventScroll: true });
    this.observer.unobserve(element);
    element.remove();
  }

  /** @returns {boolean} whether a height has changed */
  #measure() {
    let changed = false;
    for (const { element, row } of this.#rows.values()) {
      const { height } = element.getBoundingClientRect();
      if (Math.abs(height - this.#heights.get(row)) < 0.5) continue;
      this.#heights.set(row, height);
      changed = true;
    }
    return changed;
  }

  /** @param {ResizeObserverEntry[]} entries */
  #measured(entries) {
    const width = this.viewport.clientWidth;
    const anchor = this.#anchor();
    const resized = entries.some(({ target }) => target === this.viewport);
    if (!this.#measure() && !resized && width === this.#width) return;
    this.#width = width;
    this.#heights.resize(this.source.count(), (row) => this.source.guess(row));
    this.#draw(anchor);
  }

  /** @param {{row: number, above: number} | null} anchor */
  #scrollToAnchor(anchor) {
    this.space.style.height = `${this.#heights.total}px`;
    if (this.pinned) this.viewport.scrollTop = this.viewport.scrollHeight;
    else if (anchor) this.viewport.scrollTop = this.#heights.top(anchor.row) + anchor.above;
    this.#lastTop = this.viewport.scrollTop;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.viewport;
    const atEnd = scrollHeight - scrollTop - clientHeight <= AT_END;
    // Growth alone does not leave the end; only scrolling up does.
    if (atEnd) this.pinned = true;
    else if (scrollTop < this.#lastTop - 1) this.pinned = false;
    this.#lastTop = scrollTop;
    this.schedule();
    this.viewport.dispatchEvent(new Event("moved"));
  }
}
