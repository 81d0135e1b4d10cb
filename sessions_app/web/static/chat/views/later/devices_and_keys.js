/** The account's signed-in devices, API keys, and what staff have read. */

import { inWords } from "../../problems.js";
import { field, fill, h, isolated, moment } from "../dom.js";
import { confirmed } from "../popups.js";

/** @typedef {import("../../later/account_settings.js").AccountSettings} Account */

/** What staff did, in words. @type {Record<string, string>} */
const ACTS = {
  open: "Opened a chat", read: "Read a chat", window: "Saw what the model was sent", unmask: "Saw masked words",
  export: "Exported a chat", search_hit: "Found a chat by its words",
}; // prettier-ignore

/** Programs and systems by what their `User-Agent` has; of two that fit, the first is meant. */
const PROGRAMS = { "Edg(?:e|A|iOS)?/": "Edge", "OPR/": "Opera", "(?:Firefox|FxiOS)/": "Firefox", "(?:Chrome|CriOS)/": "Chrome", "Safari/": "Safari" };
const SYSTEMS = { "iPhone|iPad": "iOS", Android: "Android", Windows: "Windows", "Mac OS X": "macOS", CrOS: "ChromeOS", Linux: "Linux" };

/** A browser and its system, as people call them; other programs as they call themselves. @param {string} agent */
function deviceName(agent) {
  const [program, system] = [PROGRAMS, SYSTEMS].map(
    (names) => Object.entries(names).find(([pattern]) => new RegExp(pattern).test(agent))?.[1],
  );
  return program && system ? `${program} on ${system}` : agent || "Unknown device";
}

/** @param {Account} account @param {HTMLElement} body */
export async function drawDevices(account, body) {
  const devices = await account.devices();
  const rows = devices.map((/** @type {any} */ device) => {
    const out = h("button.text-button", { type: "button" }, "Sign out");
    out.addEventListener("click", () => ended(body, drawDevices, account, () => account.endDevice(device.id)));
    const when = device.is_current ? "This device" : `Last used ${moment(device.used_at)}`;
    return h("li", {}, h("div", {}, h("strong", { title: device.device }, deviceName(device.device)), h("span.quiet", {}, when)),
      !device.is_current && out); // prettier-ignore
  });
  fill(body, h("ul.listing", {}, ...rows));
}

/** @param {Account} account @param {HTMLElement} body */
export async function drawKeys(account, body) {
  const keys = await account.keys();
  const rows = keys.map((/** @type {any} */ key) => {
    const end = h("button.text-button", { type: "button", aria: { label: `Delete the key ${key.name}` } }, "Delete");
    end.addEventListener("click", async () => {
      const text = "Programs that use it will be refused. This cannot be undone.";
      if (!(await confirmed(`Delete the key ${isolated(key.name)}?`, text, "Delete key"))) return;
      await ended(body, drawKeys, account, () => account.endKey(key.id));
    });
    const used = key.last_used_at ? `last used ${moment(key.last_used_at)}` : "not used yet";
    return h("li", {}, h("div", {}, h("strong", {}, key.name), h("span.quiet", {}, `${key.prefix}…, ${used}`)), end);
  });
  fill(body,
    h("p.quiet", {}, "A key lets a program use your chats and models as you. It cannot change your account."),
    keys.length > 0 && h("ul.listing", {}, ...rows),
    keyForm(account, body),
  ); // prettier-ignore
}

/**
 * End a device's or a key's access, and draw the list again; or say why that was not possible.
 * @param {HTMLElement} body @param {(account: Account, body: HTMLElement) => Promise<void>} draw @param {Account} account
 * @param {() => Promise<unknown>} end
 */
async function ended(body, draw, account, end) {
  try {
    await end();
    await draw(account, body);
  } catch (error) {
    body.querySelector(".list-problem")?.remove();
    body.prepend(h("p.field-problem.list-problem", { role: "alert" }, inWords(error)));
  }
}

/** @param {Account} account @param {HTMLElement} body */
function keyForm(account, body) {
  const name = field("key_name", "Name of a new key", { maxlength: "100" });
  const password = field("key_password", "Your password", { type: "password", autocomplete: "current-password" });
  const form = h("form", { novalidate: true }, name.element, password.element,
    h("button.quiet-button", { type: "submit" }, "Create key")); // prettier-ignore
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    name.showProblems(name.input.value.trim() ? [] : ["Enter a name."]);
    password.showProblems([]);
    if (!name.input.value.trim()) return;
    try {
      const made = await account.makeKey(name.input.value.trim(), password.input.value);
      await drawKeys(account, body);
      body.prepend(secret(made.key));
    } catch (error) {
      password.showProblems([inWords(error)]);
    }
  });
  return form;
}

/** @param {string} key */
function secret(key) {
  const text = h("input", { type: "text", readonly: true, aria: { label: "The new key" }, value: key });
  text.addEventListener("focus", () => text.select());
  return h("div.field.secret", { role: "status" }, h("strong", {}, "Copy the key now. It is not shown again."), text);
}

/** @param {Account} account @param {HTMLElement} body */
export async function drawReads(account, body) {
  const reads = await account.reads();
  if (!reads.length) {
    fill(body, h("p.quiet", {}, "No member of staff has read your chats."));
    return;
  }
  const rows = reads.map((/** @type {any} */ read) =>
    h("li", {}, h("div", {}, h("strong", {}, ACTS[read.what] ?? read.what),
      h("span.quiet", {}, [moment(read.at), read.title, read.reason].filter(Boolean).join(" · ")))),
  ); // prettier-ignore
  fill(body, h("ul.listing", {}, ...rows));
}
