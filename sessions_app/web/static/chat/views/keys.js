/** The keyboard: one table, which is also what the help shows. */

import { h } from "./dom.js";
import { dialog } from "./popups.js";

/** @typedef {{keys: string, label: string, act?: () => void}} Shortcut */

/**
 * Single letters work outside of text fields, those with Alt everywhere.
 * @param {{fresh: () => void, search: () => void, plan: () => void, write: () => void,
 *   aside: () => void}} deeds
 */
export function listenForKeys(deeds) {
  /** @type {Shortcut[]} */
  const table = [
    { keys: "n", label: "New chat", act: deeds.fresh },
    { keys: "Alt+n", label: "New chat, also while writing", act: deeds.fresh },
    { keys: "/", label: "Search", act: deeds.search },
    { keys: "m", label: "Write", act: deeds.write },
    { keys: "c", label: "What the model sees", act: deeds.plan },
    { keys: "s", label: "Show or hide the list", act: deeds.aside },
    { keys: "?", label: "This list", act: () => help(table) },
    { keys: "Enter", label: "Send" },
    { keys: "Shift+Enter", label: "New line" },
    { keys: "Esc", label: "Leave the field, close what is open" },
    { keys: "↑ ↓", label: "From message to message, in the conversation" },
  ];
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open], .menu") || event.ctrlKey || event.metaKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (!event.altKey && target.matches("input, textarea, select")) return;
    // With Alt some layouts give another character; the key's place tells.
    const key = event.altKey ? `Alt+${event.code.replace("Key", "").toLowerCase()}` : event.key;
    const found = table.find((one) => one.keys === key && one.act);
    if (!found) return;
    event.preventDefault();
    found.act?.();
  });
  return () => help(table);
}

/** @param {Shortcut[]} table */
function help(table) {
  const rows = table.map((one) =>
    h("div.shortcut", {}, h("dt", {}, ...one.keys.split("+").map((key) => h("kbd", {}, key))), h("dd", {}, one.label)),
  );
  dialog("Keyboard", [h("dl.shortcuts", {}, ...rows)]);
}
