/** Keyboard shortcuts: one table, which the help shows too. */

/** @typedef {{keys: string, label: string, act?: () => void}} Shortcut */

/**
 * Single letters work outside of text fields; shortcuts with Alt work everywhere.
 * @param {{fresh: () => void, search: () => void, plan: () => void, write: () => void,
 *   aside: () => void, undo: () => void}} actions
 */
export function listenForKeys(actions) {
  /** @type {Shortcut[]} */
  const table = [
    { keys: "n", label: "New chat", act: actions.fresh },
    { keys: "Alt+n", label: "New chat, also while writing", act: actions.fresh },
    { keys: "/", label: "Search", act: actions.search },
    { keys: "m", label: "Write", act: actions.write },
    { keys: "c", label: "What the model sees", act: actions.plan },
    { keys: "s", label: "Show or hide the list", act: actions.aside },
    { keys: "z", label: "Undo, while it is offered", act: actions.undo },
    { keys: "?", label: "This list", act: () => help() },
    { keys: "Ctrl+P", label: "Print the whole chat" },
    { keys: "Enter", label: "Send" },
    { keys: "Shift+Enter", label: "New line" },
    { keys: "Esc", label: "Leave the text field, close a menu or dialog" },
    { keys: "↑ ↓", label: "Move between messages" },
  ];
  const help = async () => {
    const { showShortcuts } = await import("./later/shortcuts.js");
    await showShortcuts(table);
  };
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open], .menu") || event.ctrlKey || event.metaKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (!event.altKey && target.matches("input, textarea, select")) return;
    // With Alt, some layouts produce another character; `code` names the key itself.
    const key = event.altKey ? `Alt+${event.code.replace("Key", "").toLowerCase()}` : event.key;
    const shortcut = table.find(({ keys, act }) => keys === key && act);
    if (!shortcut) return;
    event.preventDefault();
    shortcut.act?.();
  });
  return help;
}
