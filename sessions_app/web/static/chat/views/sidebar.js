/** The list of sessions, with search and a menu for each. */

import { fill, h, isolated } from "./dom.js";
import { icon } from "./icons.js";
import { menu } from "./popups.js";
import { drawResults } from "./results.js";
import { sessionOptions } from "./session_menu.js";

const SEARCH_MS = 200;
const DAY = 86_400_000;
const PINNED = "Pinned";

/** @typedef {import("../types.js").Session} Session */

export class Sidebar {
  #timer = 0;
  /** The session whose title is being changed. */
  #renaming = "";
  #drawn = "";

  /**
   * @param {import("../state.js").State} state
   * @param {import("../actions.js").Actions} actions
   * @param {{onOpen: (sessionId: string | null, seq?: number) => void, onAccount: () => void,
   *   onSignOut: () => void}} reactions
   */
  constructor(state, actions, { onOpen, onAccount, onSignOut }) {
    this.state = state;
    this.actions = actions;
    this.onOpen = onOpen;
    this.search = h("input.search", { type: "search", placeholder: "Search", aria: { label: "Search" } });
    this.search.addEventListener("input", () => this.#search());
    this.tags = h("div.tag-choice", { role: "group", aria: { label: "Tags" }, hidden: true });
    this.list = h("div.session-list", { tabindex: "-1" });
    this.list.addEventListener("scroll", () => this.#more(), { passive: true });
    this.name = h("span.user-name");
    const fresh = h("button.new-chat", { type: "button", title: "New chat (Alt+N)", onclick: () => onOpen(null) });
    fresh.append(icon("plus"), "New chat");
    this.element = h("nav.sidebar", { id: "sidebar", aria: { label: "Chats" } },
      h("div.sidebar-head", {}, fresh, h("label.search-box", {}, icon("search"), this.search)),
      this.#tabs(),
      this.tags,
      this.list,
      this.#foot(onAccount, onSignOut),
    ); // prettier-ignore
    state.on(["sessions", "search", "open", "live", "messages", "account", "outbox"], () => this.#draw());
  }

  #tabs() {
    const tab = (/** @type {"active"|"archived"} */ list, /** @type {string} */ label) =>
      h("button.tab", { type: "button", data: { list }, onclick: () => this.actions.list(list) }, label);
    this.choice = h("div.tabs", {}, tab("active", "Recent"), tab("archived", "Archived"), h("span.spring"));
    const file = h("input", { type: "file", accept: ".json,.jsonl,.gz,.zip,application/json", hidden: true, aria: { label: "File to import" } });
    file.addEventListener("change", () => {
      if (file.files?.[0]) this.actions.importSession(file.files[0]);
      file.value = "";
    });
    const open = h("button.small-button", { type: "button", title: "Import a chat", aria: { label: "Import" }, onclick: () => file.click() });
    open.append(icon("upload"));
    this.choice.append(open, file);
    return this.choice;
  }

  /** @param {() => void} onAccount @param {() => void} onSignOut */
  #foot(onAccount, onSignOut) {
    const account = h("button.account-button", { type: "button", title: "Account and settings", onclick: onAccount });
    account.append(icon("person"), this.name);
    const leave = h("button.icon-button", { type: "button", title: "Sign out", aria: { label: "Sign out" }, onclick: onSignOut });
    leave.append(icon("leave"));
    return h("div.sidebar-foot", {}, account, leave);
  }

  #search() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.actions.search(this.search.value), SEARCH_MS);
  }

  focusSearch() {
    this.search.focus();
    this.search.select();
  }

  #more() {
    const { scrollTop, clientHeight, scrollHeight } = this.list;
    if (!this.state.listHasMore || scrollTop + clientHeight < scrollHeight - 400) return;
    this.state.listHasMore = false;
    this.actions.more();
  }

  #draw() {
    this.name.textContent = this.state.account?.username ?? "";
    for (const tab of this.choice.querySelectorAll(".tab")) {
      tab.setAttribute("aria-pressed", String(tab.dataset.list === this.state.list));
    }
    if (this.#renaming) return; // drawing would remove the text field
    // If the list were drawn again with every piece of a reply, a click could miss its button, which
    // is replaced between press and release.
    const content = this.#content();
    if (content === this.#drawn) return;
    this.#drawn = content;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.focus;
    this.#drawTags();
    if (this.state.search.query) drawResults(this.list, this.state.search, (id) => this.#firstWords(id), this.onOpen);
    else this.#drawSessions();
    if (focused) this.element.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  /** Everything that the list shows, to tell whether it has to be drawn again. */
  #content() {
    const { search, list, open, tag } = this.state;
    const rows = search.query
      ? search.results
      : this.state.listed().map((session) => [
          session.session_id,
          session.title || this.#firstWords(session.session_id),
          groupOf(session),
          session.tags,
          Boolean(this.state.live(session.session_id)),
        ]);
    return JSON.stringify([search.query, search.busy, list, open, tag, this.state.knownTags(), rows]);
  }

  #drawSessions() {
    const sessions = this.state.listed();
    if (!sessions.length) {
      const text = this.state.list === "active" ? "Your chats appear here." : "Nothing is archived.";
      fill(this.list, h("p.quiet.empty", {}, text));
      return;
    }
    /** @type {Map<string, Session[]>} */
    const groups = new Map(sessions.some(({ pinned }) => pinned) ? [[PINNED, []]] : []);
    for (const session of sessions) {
      const name = groupOf(session);
      groups.set(name, [...(groups.get(name) ?? []), session]);
    }
    fill(this.list, ...[...groups].flatMap(([name, members]) => [
      h("h2.group", {}, name),
      h("ul", {}, ...members.map((/** @type {Session} */ member) => this.#item(member))),
    ])); // prettier-ignore
  }

  /** The tags to choose by; the chosen one takes itself back. */
  #drawTags() {
    const { tag, search } = this.state;
    const tags = this.state.knownTags();
    if (tag && !tags.includes(tag)) tags.unshift(tag);
    this.tags.hidden = !tags.length || Boolean(search.query);
    fill(this.tags, ...tags.map((name) => h("button.tag", {
      type: "button",
      dir: "auto",
      data: { focus: `tag-${name}` },
      aria: { pressed: String(name === tag) },
      onclick: () => this.actions.chooseTag(name === tag ? "" : name),
    }, name))); // prettier-ignore
  }

  /** @param {Session} session */
  #item(session) {
    const { session_id: id } = session;
    const current = this.state.open === id;
    const title = session.title || this.#firstWords(id);
    const open = h("button.session", {
      type: "button",
      data: { focus: id },
      aria: { current: current ? "page" : null },
      onclick: () => this.onOpen(id),
      ondblclick: () => this.#rename(this.#button(id), session),
    }, h("span.session-title", { dir: "auto" }, title)); // prettier-ignore
    const { tags = [] } = session;
    if (tags.length) open.append(h("span.session-tags", { title: tags.join(", "), dir: "auto" }, tags.join(", ")));
    if (this.state.live(id)) open.append(h("span.dot", { title: "Answering" }));
    const more = h("button.small-button.more", {
      type: "button",
      data: { focus: `${id}-more` },
      aria: { label: `Options for ${isolated(title)}`, haspopup: "menu" },
      onclick: () => menu(more, sessionOptions(session, this.actions, () => this.#rename(this.#button(id), session))),
    });
    more.append(icon("more"));
    return h(current ? "li.current" : "li", {}, open, more);
  }

  /** @param {string} sessionId */
  #button(sessionId) {
    return this.list.querySelector(`[data-focus="${CSS.escape(sessionId)}"]`);
  }

  /** Stands for the title until the service has made one. @param {string} sessionId */
  #firstWords(sessionId) {
    const waiting = this.state.entries(sessionId).find((entry) => entry.kind === "chat")?.content;
    const first = waiting ?? this.state.conversations.get(sessionId)?.messages.get(1)?.content;
    return first?.slice(0, 60) || "Untitled";
  }

  /** @param {HTMLElement | null} button @param {Session} session */
  #rename(button, session) {
    if (!button) return;
    const field = h("input.rename", { type: "text", maxlength: "200", aria: { label: "Title" } });
    field.value = session.title || this.#firstWords(session.session_id);
    this.#renaming = session.session_id;
    let finished = false;
    const finish = (/** @type {boolean} */ save) => {
      if (finished) return;
      finished = true;
      this.#renaming = "";
      this.#drawn = "";
      const title = field.value.trim();
      if (save && title && title !== session.title) this.actions.rename(session.session_id, title);
      this.#draw();
      this.#button(session.session_id)?.focus();
    };
    field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && !event.isComposing) finish(true);
      if (event.key === "Escape") finish(false);
      event.stopPropagation();
    });
    field.addEventListener("blur", () => finish(true));
    button.replaceWith(field);
    field.focus();
    field.select();
  }
}

/** The heading that a session stands under. @param {Session} session */
function groupOf({ pinned, updated_at }) {
  return pinned ? PINNED : age(updated_at);
}

/** @param {string} iso */
function age(iso) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const time = Date.parse(iso);
  if (time >= midnight) return "Today";
  if (time >= midnight - DAY) return "Yesterday";
  return time >= midnight - 7 * DAY ? "Last 7 days" : "Earlier";
}
