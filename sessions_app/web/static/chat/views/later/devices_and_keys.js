/** The account's signed-in devices, API keys, and what staff have read. */

import { inWords } from "../../problems.js";
import { field, fill, h, moment } from "../dom.js";

/** @typedef {import("../../later/account_settings.js").AccountSettings} Account */

/** What staff did, in words. @type {Record<string, string>} */
const ACTS = {
  open: "Opened a chat", read: "Read a chat", window: "Saw what the model was sent", unmask: "Saw masked words",
  export: "Exported a chat", search_hit: "Found a chat by its words",
}; // prettier-ignore

/** @param {Account} account @param {HTMLElement} body */
export async function drawDevices(account, body) {
  const devices = await account.devices();
  const rows = devices.map((/** @type {any} */ device) => {
    const out = h("button.text-button", { type: "button" }, "Sign out");
    out.addEventListener("click", async () => {
      await account.endDevice(device.id);
      await drawDevices(account, body);
    });
    const when = device.is_current ? "This device" : `Last used ${moment(device.used_at)}`;
    return h("li", {}, h("div", {}, h("strong", {}, device.device || "Unknown device"), h("span.quiet", {}, when)),
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
      await account.endKey(key.id);
      await drawKeys(account, body);
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
