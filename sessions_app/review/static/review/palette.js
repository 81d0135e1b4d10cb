// The command palette: Ctrl-K, some letters, Enter. The service says what they may mean.

const PAUSE_MS = 120;
const NOTHING = "Nothing found.";

class Palette {
  #shown = [];
  #at = 0;
  #timer = 0;
  #asked = 0;

  constructor(address) {
    this.address = address;
    this.input = made("input", {
      type: "search", placeholder: "A user, a session’s id, a page, or words", autocomplete: "off",
      role: "combobox", "aria-label": "Go to", "aria-controls": "palette-list",
      "aria-expanded": "true", "aria-autocomplete": "list",
    });
    this.list = made("ul", { id: "palette-list", role: "listbox", "aria-label": "Where to" });
    this.status = made("p", { role: "status" });
    this.box = made("dialog", { class: "palette", "aria-label": "Go to" });
    this.box.append(this.input, this.list, this.status);
    this.box.addEventListener("click", (event) => event.target === this.box && this.box.close());
    this.box.addEventListener("keydown", (event) => this.#steer(event));
    this.input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
    });
    document.body.append(this.box);
  }

  open() {
    if (this.box.open) return;
    this.input.value = "";
    this.box.showModal();
    this.#ask();
  }

  async #ask() {
    const asked = ++this.#asked;
    const query = new URLSearchParams({ q: this.input.value });
    let found = [];
    let problem = "The service cannot be reached.";
    try {
      const answer = await fetch(`${this.address}?${query}`, { headers: { Accept: "application/json" } });
      if (answer.ok) found = (await answer.json()).results;
      if (answer.ok) problem = found.length ? "" : NOTHING;
    } catch {
      // said below
    }
    // Somebody has typed on meanwhile.
    if (asked === this.#asked) this.#show(found, problem);
  }

  #show(links, problem) {
    this.#shown = links;
    this.status.textContent = problem;
    this.status.hidden = !problem;
    this.list.replaceChildren(...links.map(({ label, kind }, at) => {
      const item = made("li", { id: `palette-${at}`, role: "option" });
      item.append(made("span", {}, label), made("span", {}, kind));
      item.addEventListener("click", () => this.#go(at));
      return item;
    }));
    this.#select(0);
  }

  #select(at) {
    const items = [...this.list.children];
    this.#at = items.length ? (at + items.length) % items.length : 0;
    items.forEach((item, index) => item.setAttribute("aria-selected", String(index === this.#at)));
    items[this.#at]?.scrollIntoView({ block: "nearest" });
    if (items.length) this.input.setAttribute("aria-activedescendant", `palette-${this.#at}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #steer(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) this.#select(this.#at + by);
    else if (event.key === "Enter") this.#go(this.#at);
    else return;
    event.preventDefault();
  }

  #go(at) {
    const link = this.#shown[at];
    if (link) location.assign(link.address);
  }
}

function made(tag, attributes, text = "") {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

const button = document.getElementById("open-palette");
if (button) {
  const palette = new Palette(button.dataset.address);
  button.addEventListener("click", () => palette.open());
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    palette.open();
  });
}
