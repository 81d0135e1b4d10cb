/** Light or dark: as the system has it, unless somebody chooses. */

const KEY = "chat.theme";

export const THEMES = ["system", "light", "dark"];

export function theme() {
  try {
    return localStorage.getItem(KEY) ?? "system";
  } catch {
    return "system";
  }
}

/** @param {string} chosen */
export function setTheme(chosen) {
  try {
    if (chosen === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // it holds until the page is closed
  }
  document.documentElement.dataset.theme = chosen;
}
