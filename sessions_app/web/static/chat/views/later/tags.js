/** The dialog in which the tags of a chat are edited. */

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { dialog } from "../popups.js";
import { loadStyle } from "./styles.js";

// What the service takes.
const MAX_TAGS = 16;
const MAX_CHARACTERS = 64;

/** @param {import("../../types.js").Session} session @param {import("../../actions.js").Actions} actions */
export async function tagsDialog({ session_id, tags = [] }, actions) {
  await loadStyle("panels");
  const others = actions.state.knownTags();
  let chosen = [...tags];
  const list = h("ul.chosen-tags", { aria: { label: "Tags of this chat" } });
  const input = h("input", { id: "new-tag", list: "known-tags", maxlength: MAX_CHARACTERS, autocomplete: "off" });
  const known = h("datalist", { id: "known-tags" }, ...others.map((name) => h("option", { value: name })));
  const problem = h("p.quiet", { role: "status" });

  const change = (/** @type {string[]} */ next) => {
    chosen = next;
    actions.tag(session_id, chosen);
    draw();
  };
  const remove = (/** @type {string} */ tag) => {
    change(chosen.filter((other) => other !== tag));
    input.focus();
  };
  const draw = () => {
    fill(problem, chosen.length >= MAX_TAGS && `A chat can have ${MAX_TAGS} tags.`);
    input.disabled = chosen.length >= MAX_TAGS;
    list.hidden = !chosen.length;
    fill(list, ...chosen.map((tag) => {
      const cross = h("button.small-button", { type: "button", aria: { label: `Remove ${tag}` }, onclick: () => remove(tag) });
      cross.append(icon("close"));
      return h("li", {}, h("span", { dir: "auto" }, tag), cross);
    })); // prettier-ignore
  };
  const form = h("form", { onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    const tag = input.value.trim();
    input.value = "";
    if (tag && !chosen.includes(tag)) change([...chosen, tag]);
  } }, h("div.field", {}, h("label", { for: "new-tag" }, "New tag"), input, known),
    h("div.dialog-foot", {},
      h("button.quiet-button", { type: "submit" }, "Add"),
      h("button.primary-button", { type: "button", onclick: () => box.close() }, "Done")),
  ); // prettier-ignore
  draw();
  const box = dialog("Tags", [list, form, problem]);
  input.focus();
}
