/** The theme: the system's, unless the user chooses light or dark. */

const KEY = "chat.theme";

export const THEMES = ["system", "light", "dark"];

export function theme() {
  try {
    return localStorage.getItem(KEY) ?? "system";
  } catch {
    return "system";
  }
}

/** @param {string} name */
export function setTheme(name) {
  try {
    if (name === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
  } catch {
    // without storage, it lasts until the page is closed
  }
  document.documentElement.dataset.theme = name;
}
