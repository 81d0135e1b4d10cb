/** The theme: the system's, unless the user chooses light or dark. */

import { prefer, preference } from "../preferences.js";

export const THEMES = ["system", "light", "dark"];

export function theme() {
  return preference("theme", "system");
}

/** @param {string} name */
export function setTheme(name) {
  prefer("theme", name, "system");
  document.documentElement.dataset.theme = name;
}
