/** What the user has chosen for this browser: how the page looks, not what it stores. */

const PREFIX = "chat.";

/** @param {string} name @param {string} usual */
export function preference(name, usual) {
  try {
    return localStorage.getItem(PREFIX + name) ?? usual;
  } catch {
    return usual;
  }
}

/** @param {string} name @param {string} value @param {string} usual is not stored */
export function prefer(name, value, usual) {
  try {
    if (value === usual) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // without storage, it lasts until the page is closed
  }
}
