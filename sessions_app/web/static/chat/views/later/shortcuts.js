/** The list of keyboard shortcuts. */

import { h } from "../dom.js";
import { dialog } from "../popups.js";
import { loadStyle } from "./styles.js";

/** @param {import("../keys.js").Shortcut[]} table */
export async function showShortcuts(table) {
  await loadStyle("panels");
  const rows = table.map((shortcut) =>
    h("div.shortcut", {}, h("dt", {}, ...shortcut.keys.split("+").map((key) => h("kbd", {}, key))), h("dd", {}, shortcut.label)),
  );
  dialog("Keyboard", [h("dl.shortcuts", {}, ...rows)]);
}
