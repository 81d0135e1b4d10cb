/** What is attached to the draft: a chip for each file, and a sentence for each that was refused. */

import { counted, fill, h, isolated } from "../dom.js";
import { icon } from "../icons.js";
import { dialog } from "../popups.js";
import { about, labelOf, nameOf, progressOf } from "./attached.js";
import { loadStyle } from "./styles.js";

const ALT_MAX = "1000";

/** @typedef {import("../../types.js").Part} Part */
/** @typedef {import("../../later/attachments.js").Attachments} Attachments */

export class AttachedStrip {
  #refused = "";
  #drawn = "";

  /**
   * @param {HTMLElement} element
   * @param {import("../../state.js").State} state
   * @param {import("../../actions.js").Actions} actions
   * @param {() => void} onEmptied called when the last chip that had the focus is gone
   */
  constructor(element, state, actions, onEmptied) {
    this.state = state;
    this.actions = actions;
    this.onEmptied = onEmptied;
    this.chips = h("ul.draft-parts", { aria: { label: "Attached files" } });
    this.said = h("p.visually-hidden", { role: "status" });
    this.refusals = h("div.refusals", { role: "alert" });
    element.append(this.chips, this.refusals, this.said);
  }

  async draw() {
    const [attachments] = await Promise.all([this.actions.attachments(), loadStyle("attachments")]);
    this.#drawRefusals();
    this.#drawChips(attachments);
  }

  /** @param {Attachments} attachments */
  #drawChips(attachments) {
    const { parts } = this.state;
    const drawn = JSON.stringify(parts.map(({ key, alt, attachment_id }) => [key, alt, attachment_id]));
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const position = [...this.chips.children].findIndex((chip) => chip.contains(focused));
    const control = focused?.dataset.control;
    fill(this.chips, ...parts.map((part) => this.#chip(part, attachments)));
    this.chips.hidden = parts.length === 0;
    const words = parts.length ? `${counted(parts.length, "file")} attached` : "Nothing attached";
    if (this.said.textContent !== words) this.said.textContent = words;
    if (position >= 0) this.#focus(position, control);
  }

  /** The control that had the focus, of the chip that is there now. @param {number} position @param {string} [control] */
  #focus(position, control) {
    const chip = this.chips.children[Math.min(position, this.chips.children.length - 1)];
    const target = chip?.querySelector(`[data-control="${control}"]`) ?? chip?.querySelector("button");
    if (target) /** @type {HTMLElement} */ (target).focus();
    else this.onEmptied();
  }

  /** @param {Part} part @param {Attachments} attachments */
  #chip(part, attachments) {
    const name = isolated(nameOf(part));
    const image = part.preview ? h("img", { src: part.preview, alt: "", draggable: "false" }) : icon("file");
    const isPicture = part.type === "image";
    return h("li.draft-part", {}, image,
      h("span.file-text", {}, h("span.file-name", { dir: "auto" }, isPicture ? labelOf(part) : nameOf(part)), h("span.file-about", {}, about(part))),
      isPicture && this.#button("edit", `Describe ${name}`, "describe", () => this.#describe(part, attachments)),
      this.#button("close", `Remove ${name}`, "remove", () => attachments.remove(part)),
      progressOf(part, attachments),
    ); // prettier-ignore
  }

  /** @param {string} name @param {string} label @param {string} control @param {() => void} act */
  #button(name, label, control, act) {
    const button = h("button.small-button", { type: "button", title: label, aria: { label }, data: { control }, onclick: act });
    button.append(icon(name));
    return button;
  }

  /** Ask what a picture shows, for those who cannot see it and for search. @param {Part} part @param {Attachments} attachments */
  #describe(part, attachments) {
    const area = h("textarea", { id: "part-alt", rows: "3", maxlength: ALT_MAX, dir: "auto" });
    area.value = part.alt ?? "";
    const done = async () => {
      box.close();
      await attachments.describe(part, area.value.trim());
    };
    const box = dialog("Describe the picture", [
      h("div.field", {}, h("label", { for: "part-alt" }, "What it shows, for people who cannot see it"), area),
      h("div.dialog-foot", {}, h("button.primary-button", { type: "button", onclick: done }, "Save")),
    ]);
    area.focus();
  }

  #drawRefusals() {
    const { refusals } = this.state;
    const drawn = JSON.stringify(refusals);
    if (drawn === this.#refused) return;
    this.#refused = drawn;
    const dismiss = this.#button("close", "Dismiss", "dismiss", async () => {
      (await this.actions.attachments()).dismissRefusals();
      this.onEmptied();
    });
    const sentences = refusals.map(({ name, why }) => h("p", {}, h("strong", { dir: "auto" }, name), ` ${why}`));
    fill(this.refusals, refusals.length > 0 && h("div.refusal-texts", {}, ...sentences), refusals.length > 0 && dismiss);
  }
}
