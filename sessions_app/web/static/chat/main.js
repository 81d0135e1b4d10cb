/** The entry point of the chat page: creates its parts, connects them, and has a worker keep the page's files. */

import { Actions } from "./actions.js";
import { Api } from "./api.js";
import { State } from "./state.js";
import { Sync } from "./sync.js";
import { Tabs } from "./tabs.js";
import { Page } from "./views/page.js";
import { setTheme, theme } from "./views/theme.js";
import { WakeableTimer } from "./wakeable_timer.js";

setTheme(theme());
const state = new State();
const root = /** @type {HTMLElement} */ (document.getElementById("page"));
state.maxCharacters = Number(root.dataset.messageMaxChars) || Infinity;
const wakeableTimer = new WakeableTimer();
const sync = new Sync({ api: new Api(wakeableTimer), state, tabs: new Tabs(), wakeableTimer });
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
// Browsers have no service workers on pages that are not secure.
navigator.serviceWorker?.register(trustedWorker()).catch(() => {});

/** The address of the worker, the only one that the page's policy allows. @returns {any} */
function trustedWorker() {
  const worker = "/sw.js";
  const types = /** @type {any} */ (globalThis).trustedTypes;
  return types ? types.createPolicy("chat-worker", { createScriptURL: () => worker }).createScriptURL(worker) : worker;
}
