/** The plan of the context window: the messages that the model is sent, those it is not, and why. */

import { counted, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { loadStyle } from "./styles.js";

/** @type {Record<string, string>} */
const REASONS = {
  system_prompt: "System prompt",
  newest_user_message: "Newest question",
  recent: "Recent",
  current_topic: "Current topic",
  relevant: "Relevant to the question",
  to_be_answered: "To be answered",
  deleted: "Deleted",
  superseded: "Replaced by another answer",
  before_reset: "Before the fresh start",
  previous_topic: "Earlier topic",
  tool_result_without_its_call: "Tool result without its call",
  tool_call_without_all_results: "Tool call without its results",
  nothing_to_send: "Without anything to send",
  over_budget: "Over the token budget",
  over_max_messages: "Over the message limit",
  before_stable_cut: "Dropped early, so that the window changes less often",
  less_relevant: "Less relevant to the question",
};
/** @type {Record<string, string>} */
const STRATEGIES = {
  recent: "the newest that fit",
  topic: "the current topic first",
  relevant: "recent messages and those relevant to the question",
  hybrid: "topic, relevance and recency together",
};
/** In which other form a message is sent than it is stored. @type {Record<string, string>} */
const SENT_AS = {
  left_out: "Not sent",
  cut: "Sent shortened",
  repaired: "Sent repaired",
  joined: "Joined with the message next to it",
  renamed: "Sent under another name",
  moved: "Sent in another place",
  placeholder: "Sent without its pictures and files",
};
const SHOWN = 400;
const EXCERPT = 90;

export class ContextPanel {
  /**
   * @param {import("../../state.js").State} state
   * @param {import("../../actions.js").Actions} actions
   * @param {{onJump: (seq: number) => void, onClose: () => void}} reactions
   */
  constructor(state, actions, { onJump, onClose }) {
    this.state = state;
    this.actions = actions;
    this.onJump = onJump;
    loadStyle("panels");
    this.content = h("div.panel-content");
    const close = h("button.icon-button", { type: "button", aria: { label: "Close" }, onclick: onClose });
    close.append(icon("close"));
    this.element = h("aside.panel", { hidden: true, aria: { label: "What the model sees" } },
      h("header.panel-head", {}, h("h2", {}, "What the model sees"), close),
      this.content,
    ); // prettier-ignore
    state.on(["context", "open", "messages"], () => this.#draw());
  }

  /** @param {boolean} open */
  toggle(open = this.element.hidden) {
    this.element.hidden = !open;
    if (!open) return;
    this.actions.plan();
    this.#draw();
    this.element.querySelector("button")?.focus();
  }

  get isOpen() {
    return !this.element.hidden;
  }

  #draw() {
    if (!this.isOpen) return;
    const plan = this.state.context;
    if (!plan?.plan) {
      fill(this.content, h("p.quiet", {}, "Send a message to see which ones the model gets."));
      return;
    }
    const kept = plan.plan.filter((/** @type {any} */ entry) => entry.kept);
    const dropped = plan.plan.filter((/** @type {any} */ entry) => !entry.kept);
    fill(
      this.content,
      this.#budget(plan, kept),
      this.#fresh(),
      this.#group("Sent", kept),
      dropped.length > 0 && this.#group("Left out", dropped),
      plan.dropped_count > dropped.length &&
        h("p.quiet", {}, `${counted(plan.dropped_count - dropped.length, "older message")} were not considered.`),
    );
  }

  /** @param {any} plan @param {any[]} kept */
  #budget(plan, kept) {
    const share = Math.min(100, (100 * plan.token_count) / plan.max_tokens);
    const bar = h("div.bar-used");
    bar.style.width = `${share}%`;
    const text = `${plan.token_count.toLocaleString()} of ${plan.max_tokens.toLocaleString()} tokens`;
    return h("section.budget", {},
      h("p.figure", {}, text),
      h("div.bar", { role: "img", aria: { label: `${Math.round(share)} percent of the budget` } }, bar),
      h("p.quiet", {},
        "This much of the chat is sent with your next message. A token is about four letters. ",
        `${counted(kept.length, "message")} of ${(kept.length + plan.dropped_count).toLocaleString()}, `,
        `chosen by ${STRATEGIES[plan.strategy] ?? plan.strategy}.`,
        plan.summary && ` A summary stands for messages ${plan.summary.first_seq}–${plan.summary.last_seq}.`,
      ),
    ); // prettier-ignore
  }

  #fresh() {
    const session = this.state.open ? this.state.sessions.get(this.state.open) : undefined;
    if (session?.status === "archived") return null;
    const start = h("button.quiet-button", { type: "button" }, icon("fresh"), "Start fresh here");
    start.addEventListener("click", () => this.actions.startFresh());
    const undo = h("button.quiet-button", { type: "button" }, "Undo");
    undo.addEventListener("click", () => this.actions.undoStartFresh());
    return h("section.panel-actions", {}, start, (session?.context_start ?? 1) > 1 && undo);
  }

  /** @param {string} title @param {any[]} entries oldest first */
  #group(title, entries) {
    const newestFirst = entries.slice(-SHOWN).reverse();
    return h("section", {},
      h("h3", {}, title, h("span.quiet", {}, counted(entries.length, "message"))),
      h("ol.plan", {}, ...newestFirst.map((entry) => this.#entry(entry))),
      entries.length > SHOWN && h("p.quiet", {}, `and ${(entries.length - SHOWN).toLocaleString()} more`),
    ); // prettier-ignore
  }

  /** @param {any} entry */
  #entry(entry) {
    const message = this.state.open
      ? this.state.conversation(this.state.open).messages.get(entry.seq)
      : undefined;
    const text = excerpt(message?.content ?? "") || `Message ${entry.seq}`;
    const go = h("button.plan-entry", { type: "button", onclick: () => this.onJump(entry.seq) },
      h("span.plan-text", {}, text),
      h("span.plan-why", {},
        h("span.plan-role", {}, entry.role),
        REASONS[entry.reason] ?? entry.reason,
        h("span.plan-tokens", {}, counted(entry.token_count, "token")),
      ),
      entry.sent_as && h("span.plan-changed", {}, `${SENT_AS[entry.sent_as] ?? "Sent changed"}: ${entry.sent_as_reason}`),
    ); // prettier-ignore
    return h(entry.kept ? "li" : "li.dropped", {}, go);
  }
}

/** The first words, without Markdown syntax. @param {string} content */
function excerpt(content) {
  return content.slice(0, EXCERPT).replace(/[*_`#>]+/g, "").trim();
}
