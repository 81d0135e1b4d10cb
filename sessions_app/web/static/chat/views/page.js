/** The layout of the page; connects its views. */

import { Composer } from "./composer.js";
import { fill, h, isolated } from "./dom.js";
import { icon } from "./icons.js";
import { Unreachable, inWords } from "../problems.js";
import { listenForKeys } from "./keys.js";
import { Notices, confirmed, menu } from "./popups.js";
import { sessionOptions } from "./session_menu.js";
import { Sidebar } from "./sidebar.js";
import { SignIn } from "./sign_in.js";
import { Tour, tourStart } from "./tour.js";
import { Transcript } from "./transcript.js";

const NARROW = matchMedia("(max-width: 760px)");
/** @type {Record<string, string>} */
const STORAGE = {
  full: "This browser's storage is full. The page still works, but saves nothing new on this device.",
  forbidden: "This browser keeps no data for the page. It works, but starts empty each time.",
};

export class Page {
  /** @type {import("./later/context_panel.js").ContextPanel | null} */
  panel = null;

  /** @param {import("../state.js").State} state @param {import("../actions.js").Actions} actions */
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
    this.notices = new Notices();
    this.signIn = new SignIn(state, actions);
    this.transcript = new Transcript(state, actions, this.notices);
    this.composer = new Composer(state, actions, {
      onMeter: () => this.#togglePanel(),
      onLeave: () => this.transcript.log.focus(),
    });
    this.tour = new Tour({ onWrite: (text) => this.composer.focus(text), onPlan: () => this.#togglePanel(true) });
    this.sidebar = new Sidebar(state, actions, {
      onOpen: (sessionId, seq) => this.open(sessionId, seq),
      onAccount: async () => (await import("./later/account.js")).accountDialog(state, actions, this.notices),
      onSignOut: () => this.#signOut(),
    });
    this.welcome = this.#welcome();
    this.banner = h("div.banner", { role: "status", hidden: true });
    this.shade = h("div.shade", { onclick: () => this.#toggleSidebar(false) });
    this.app = h("div.app", { hidden: true }, this.sidebar.element, this.shade,
      h("main.main", {}, this.#head(), this.banner, this.welcome, this.transcript.element, this.tour.element, this.composer.element),
    ); // prettier-ignore
    this.help = listenForKeys({
      fresh: () => this.open(null),
      search: () => this.#focusSearch(),
      plan: () => this.#togglePanel(),
      write: () => this.composer.focus(),
      aside: () => this.#toggleSidebar(),
      undo: () => this.notices.undo(),
    });
    state.on(["account"], () => this.#showAccount());
    state.on(["open", "sessions", "messages", "live", "outbox"], () => this.#draw());
    state.on(["storage"], () => this.#showStorageProblem());
  }

  /** @param {HTMLElement} parent */
  show(parent) {
    fill(parent, this.signIn.element, this.app, this.notices.stack, this.notices.spoken);
    document.addEventListener("keydown", (event) => this.#print(event));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || document.querySelector("dialog[open], .menu")) return;
      if (NARROW.matches) this.#toggleSidebar(false);
    });
  }

  /** @param {string | null} sessionId @param {number} [seq] to show */
  async open(sessionId, seq) {
    if (NARROW.matches) this.#toggleSidebar(false);
    await this.actions.open(sessionId);
    if (seq) requestAnimationFrame(() => this.transcript.jump(seq));
    else if (!NARROW.matches || !sessionId) this.#write();
  }

  /** Focus the composer, unless the user writes elsewhere: a title that is being changed keeps the keys. */
  #write() {
    if (!document.activeElement?.matches("input, textarea")) this.composer.focus();
  }

  #head() {
    const list = iconButton("menu", "Show or hide the list", () => this.#toggleSidebar());
    list.setAttribute("aria-controls", "sidebar");
    this.title = h("h1.title", { dir: "auto" });
    this.fresh = iconButton("plus", "New chat", () => this.open(null));
    this.fresh.classList.add("only-without-list");
    this.more = iconButton("more", "Options", () => this.#options());
    this.more.setAttribute("aria-haspopup", "menu");
    const keys = iconButton("keyboard", "Keyboard shortcuts", () => this.help());
    keys.classList.add("only-wide");
    return h("header.head", {}, list, this.title, h("span.spring"), this.fresh, keys, this.more);
  }

  #welcome() {
    this.greeting = h("h2");
    return h("div.welcome", {}, this.greeting,
      h("p.quiet", {}, "Everything you write is saved on this device and in your account. The figures below the message field show how much of the chat the model sees. Select them to see what, and why."),
      h("button.text-button", { type: "button", onclick: () => this.#settings() }, "Choose a model and a system prompt"),
      tourStart((text) => this.composer.focus(text)),
    ); // prettier-ignore
  }

  #showAccount() {
    const { account } = this.state;
    this.app.hidden = account === null;
    document.documentElement.classList.remove("starting");
    if (!account) {
      for (const box of document.querySelectorAll("dialog")) box.close();
      this.notices.clear();
      document.title = "Chat";
      return;
    }
    this.greeting.textContent = `What is on your mind, ${account.username}?`;
    this.#draw();
    if (!NARROW.matches) this.composer.focus();
  }

  #draw() {
    const { open } = this.state;
    const session = open ? this.state.sessions.get(open) : undefined;
    const empty = this.transcript.rows.count === 0;
    this.app.classList.toggle("fresh", empty);
    this.welcome.hidden = !(empty && open === null);
    this.title.textContent = session?.title || "New chat";
    this.title.classList.toggle("visually-hidden", !session?.title);
    this.more.hidden = !session;
    this.tour.show(session?.status === "active" ? this.transcript.rows.answered : undefined);
    document.title = isolated(session?.title || "Chat");
  }

  #options() {
    const session = this.state.sessions.get(this.state.open ?? "");
    if (!session) return;
    const rename = () => this.#rename(session);
    const archived = session.status === "archived";
    menu(this.more, [
      { label: "What the model sees", icon: "window", act: () => this.#togglePanel(true) },
      { label: "Chat settings", icon: "settings", act: () => this.#settings() },
      { label: "Whole chat, to find or print", icon: "print", act: () => this.#showWhole() },
      ...(archived ? [] : [{ label: "Start fresh here", icon: "fresh", act: () => this.actions.startFresh() }]),
      ...sessionOptions(session, this.actions, rename),
    ]);
  }

  /** The whole chat on one page, whose module is loaded when it is first asked for. @param {boolean} [isToPrint] */
  async #showWhole(isToPrint = false) {
    if (!this.state.open || document.querySelector(".whole")) return;
    try {
      const { WholeChat } = await import("./later/whole_chat.js");
      await new WholeChat(this.state, this.actions, this.transcript).show(this.app, isToPrint);
    } catch (error) {
      this.notices.show(inWords(new Unreachable(error)));
    }
  }

  /** The browser prints what it has; a chat is loaded first. @param {KeyboardEvent} event */
  #print(event) {
    const isPrint = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "p";
    if (!isPrint || !this.state.open || document.querySelector(".whole, dialog[open]")) return;
    event.preventDefault();
    this.#showWhole(true);
  }

  /** Choose the model, and for a new chat the system prompt. */
  async #settings() {
    try {
      const { chatSettings } = await import("./later/chat_settings.js");
      await chatSettings(this.state, this.actions, this.state.sessions.get(this.state.open ?? ""));
    } catch (error) {
      this.notices.show(inWords(error));
    }
  }

  /** @param {import("../types.js").Session} session */
  #rename(session) {
    const field = h("input.rename", { type: "text", maxlength: "200", aria: { label: "Title" } });
    field.value = session.title;
    let finished = false;
    const finish = (/** @type {boolean} */ save) => {
      if (finished) return;
      finished = true; // removing the field blurs it, which calls this again
      field.replaceWith(this.title);
      const title = field.value.trim();
      if (save && title && title !== session.title) this.actions.rename(session.session_id, title);
    };
    field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && !event.isComposing) finish(true);
      if (event.key === "Escape") finish(false);
    });
    field.addEventListener("blur", () => finish(true));
    this.title.replaceWith(field);
    field.focus();
    field.select();
  }

  /** Show or hide the list: over the page where it is narrow, beside it elsewhere. @param {boolean} [show] */
  #toggleSidebar(show) {
    const name = NARROW.matches ? "list-over" : "list-away";
    const shown = NARROW.matches ? this.app.classList.contains(name) : !this.app.classList.contains(name);
    const next = show ?? !shown;
    this.app.classList.toggle(name, NARROW.matches ? next : !next);
  }

  #focusSearch() {
    this.#toggleSidebar(true);
    this.sidebar.focusSearch();
  }

  /** Show or hide the plan of the window, whose module is loaded when it is first asked for. @param {boolean} [open] */
  async #togglePanel(open) {
    try {
      const { ContextPanel } = await import("./later/context_panel.js");
      this.panel ??= new ContextPanel(this.state, this.actions, {
        onJump: (seq) => this.transcript.jump(seq),
        onClose: () => this.#closePanel(),
      });
      if (!this.panel.element.isConnected) this.app.append(this.panel.element);
      this.panel.toggle(open);
    } catch (error) {
      this.notices.show(inWords(new Unreachable(error)));
    }
  }

  #closePanel() {
    this.panel?.toggle(false);
    this.composer.focus();
  }

  async #signOut() {
    const { unsent } = this.actions.account;
    const text = `${unsent === 1 ? "One message has" : `${unsent} messages have`} not been sent yet. Signing out removes everything from this device.`;
    if (unsent && !(await confirmed("Sign out?", text, "Sign out"))) return;
    await this.actions.account.signOut();
  }

  #showStorageProblem() {
    const text = STORAGE[this.state.storage];
    this.banner.hidden = !text;
    const close = iconButton("close", "Close", () => (this.banner.hidden = true));
    fill(this.banner, text && icon("warning"), text && h("span", {}, text), text && close);
  }
}

/** @param {string} name @param {string} label @param {() => void} act */
function iconButton(name, label, act) {
  const button = h("button.icon-button", { type: "button", title: label, aria: { label }, onclick: act });
  button.append(icon(name));
  return button;
}
