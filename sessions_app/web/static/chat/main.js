/** The entry point of the chat page: creates its parts and connects them. */

import { Actions } from "./actions.js";
import { Api } from "./api.js";
import { keepPage } from "./offline.js";
import { State } from "./state.js";
import { Sync } from "./sync.js";
import { Tabs } from "./tabs.js";
import { Page } from "./views/page.js";
import { setTheme, theme } from "./views/theme.js";

setTheme(theme());
const state = new State();
const root = /** @type {HTMLElement} */ (document.getElementById("page"));
state.maxCharacters = Number(root.dataset.messageMaxChars) || Infinity;
const sync = new Sync({ api: new Api(), state, tabs: new Tabs() });
const actions = new Actions(sync);
const page = new Page(state, actions);

sync.onNotice = (/** @type {string} */ text, /** @type {(() => void)=} */ undo) =>
  page.notices.show(text, undo);
actions.onFile = (/** @type {Blob} */ file, /** @type {string} */ name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};
page.show(root);
await sync.start();
performance.mark("ready");
keepPage();
