/** Creates elements. Text becomes text nodes only, so that no string can become markup. */

/**
 * @param {string} tag with classes, as `button.primary.wide`
 * @param {Record<string, any>} [props] `on*` are listeners, `aria` and `data` are groups of
 *   attributes, true is an empty attribute; null, undefined and false are left out
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) set(element, key, value);
  element.append(...present(children));
  return element;
}

/** @param {HTMLElement} element @param {string} key @param {any} value */
function set(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key === "aria" || key === "data") {
    for (const [name, item] of Object.entries(value)) {
      if (item !== null && item !== undefined) element.setAttribute(`${key}-${name}`, String(item));
    }
  } else element.setAttribute(key, value === true ? "" : String(value));
}

/** @param {(Node | string | null | undefined | false)[]} children */
function present(children) {
  return /** @type {(Node | string)[]} */ (
    children.filter((child) => child !== null && child !== undefined && child !== false)
  );
}

/** @param {Element} element @param {...(Node | string | null | undefined | false)} children */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/** @param {string} iso */
export function timeOfDay(iso) {
  return new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** The time of day, with the date where that is not today. @param {string} iso */
export function moment(iso) {
  const time = new Date(iso);
  if (time.toDateString() === new Date().toDateString()) return timeOfDay(iso);
  const year = time.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return `${time.toLocaleDateString([], { day: "numeric", month: "short", year })}, ${timeOfDay(iso)}`;
}

/** @param {number} count @param {string} singular @param {string} [plural] */
export function counted(count, singular, plural = `${singular}s`) {
  return `${count.toLocaleString()} ${count === 1 ? singular : plural}`;
}

const DIRECTIONAL = /[\u202a-\u202e\u2066-\u2069]/;

/**
 * The text so that its directional characters have no effect outside of it, where no element
 * isolates it: in a label, in the window's title.
 * @param {string} text
 */
export function isolated(text) {
  if (!DIRECTIONAL.test(text)) return text;
  let depth = 0;
  let balanced = "";
  for (const character of text) {
    if (character === "\u2069") {
      if (depth === 0) continue;
      depth -= 1;
    } else if (/[\u2066-\u2068]/.test(character)) depth += 1;
    balanced += character;
  }
  return `\u2068${balanced}${"\u2069".repeat(depth + 1)}`;
}

/**
 * A labelled text field, with a rule and its problems below it.
 * @param {string} id @param {string} label @param {Record<string, string>} attributes @param {string} [rule]
 */
export function field(id, label, attributes, rule = "") {
  const input = h("input", { id, name: id, type: "text", ...attributes });
  const hint = h("p.field-hint", { id: `${id}-hint` });
  const problem = h("p.field-problem", { id: `${id}-problem` });
  const box = attributes.type === "password" ? h("div.with-button", {}, input, showButton(input)) : input;
  const element = h("div.field", {}, h("label", { for: id }, label), box, hint, problem);
  const describe = () => {
    const texts = [hint, problem].filter((text) => text.textContent.trim());
    if (texts.length) input.setAttribute("aria-describedby", texts.map((text) => text.id).join(" "));
    else input.removeAttribute("aria-describedby");
  };
  /** Says beforehand what is expected. @param {string} text */
  const explain = (text) => {
    hint.textContent = text;
    describe();
  };
  /** @param {string[]} texts */
  const showProblems = (texts) => {
    problem.textContent = texts.join(" ");
    input.setAttribute("aria-invalid", String(texts.length > 0));
    describe();
  };
  explain(rule.trim());
  return { element, input, explain, showProblems };
}

/** Shows a password in plain text, and hides it again. @param {HTMLInputElement} input */
export function showButton(input) {
  const button = h("button.show-password", { type: "button", aria: { pressed: "false", label: "Show password" } }, "Show");
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? "Hide" : "Show";
  });
  return button;
}
