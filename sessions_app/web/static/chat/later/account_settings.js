/** What a user can do in the account's dialog; its buttons call these. */

import { prefer } from "../preferences.js";
import { inWords } from "../problems.js";

export class AccountSettings {
  /** @param {import("../sync.js").Sync} sync @param {(file: Blob, name: string) => void} onFile */
  constructor(sync, onFile) {
    this.sync = sync;
    this.state = sync.state;
    this.onFile = onFile;
  }

  /** A new password ends every sign-in, so this browser signs in again. @param {string} current @param {string} next */
  async changePassword(current, next) {
    const username = this.state.account?.username ?? "";
    const body = { current_password: current, new_password: next };
    await this.sync.api.request("POST", "/auth/password", { body });
    await this.sync.api.signIn(username, next);
  }

  /** @param {string} password */
  async deleteAccount(password) {
    await this.sync.api.request("DELETE", "/auth/me", { body: { password } });
    await this.sync.leave(true);
  }

  /** @param {string} instructions what models are to know in every chat */
  async instruct(instructions) {
    await this.sync.api.request("PATCH", "/auth/me", { body: { instructions } });
    this.state.instructions = instructions;
  }

  async devices() {
    return (await this.sync.api.request("GET", "/auth/sign-ins")).results;
  }

  /** @param {string} id */
  endDevice(id) {
    return this.sync.api.request("DELETE", `/auth/sign-ins/${id}`);
  }

  async keys() {
    return (await this.sync.api.request("GET", "/auth/api-keys")).results;
  }

  /** @param {string} name @param {string} password */
  makeKey(name, password) {
    return this.sync.api.request("POST", "/auth/api-keys", { body: { name, password } });
  }

  /** @param {string} id */
  endKey(id) {
    return this.sync.api.request("DELETE", `/auth/api-keys/${id}`);
  }

  /** When staff have read the user's chats, and why. */
  async reads() {
    const { results } = await this.sync.api.request("GET", "/auth/me/reads");
    return results.map((/** @type {any} */ read) => ({ ...read, title: this.state.sessions.get(read.session_id)?.title }));
  }

  exportAccount() {
    return this.#attempt(async () => {
      this.onFile(await (await this.sync.transfer()).account(), "my-chats.jsonl");
    });
  }

  /** @param {boolean} shown whether dividers show where the topic changes */
  showTopics(shown) {
    prefer("topics", shown ? "on" : "off", "on");
    this.state.showsTopics = shown;
    this.state.changed("messages");
  }

  /** Do the work, or show why it failed. @param {() => Promise<unknown>} work */
  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      this.sync.onNotice(inWords(error));
    }
  }
}
