// Selects conversations: one, a range, or all of a page, and counts them; opens a row's menu.

const SELECTORS = {
  all: "[data-select-all]",
  checkbox: 'input[name="selected"]',
  counter: "[data-counter]",
  menu: "#row-menu",
  row: "[data-row]",
};

function start(form) {
  const all = form.querySelector(SELECTORS.all);
  const boxes = [...form.querySelectorAll(SELECTORS.checkbox)];
  const counter = form.querySelector(SELECTORS.counter);
  if (!all || !counter) {
    return;
  }

  const show = () => {
    const selected = boxes.filter((box) => box.checked).length;
    counter.textContent = `${selected} of ${boxes.length} selected`;
    all.checked = selected > 0 && selected === boxes.length;
    all.indeterminate = selected > 0 && selected < boxes.length;
    for (const box of boxes) {
      box.closest("tr").classList.toggle("selected", box.checked);
    }
  };

  all.addEventListener("change", () => {
    for (const box of boxes) {
      box.checked = all.checked;
    }
    show();
  });

  // Shift and a click set every box between this one and the one clicked before.
  let last = null;
  form.addEventListener("click", (event) => {
    const position = boxes.indexOf(event.target);
    if (position < 0) {
      return;
    }
    if (event.shiftKey && last !== null) {
      const [from, to] = [Math.min(position, last), Math.max(position, last)];
      for (const box of boxes.slice(from, to + 1)) {
        box.checked = event.target.checked;
      }
    }
    last = position;
    show();
  });
  show();
}

// A row's own menu: the same buttons for all rows, beside the one that was asked.
function startMenu(form) {
  const menu = form.querySelector(SELECTORS.menu);
  const row = menu?.querySelector('input[name="row"]');
  if (!menu || !row) {
    return;
  }
  const items = [...menu.querySelectorAll("button")];
  const shown = () => items.filter((item) => !item.hidden);
  let opener = null;

  form.addEventListener("click", (event) => {
    const button = event.target.closest(SELECTORS.row);
    if (!button) {
      return;
    }
    opener = button;
    row.value = button.dataset.row;
    const acts = button.dataset.acts.split(" ");
    for (const item of items) {
      item.hidden = !acts.includes(item.value);
    }
    menu.showPopover();
    const box = button.getBoundingClientRect();
    const below = box.bottom + menu.offsetHeight < innerHeight;
    menu.style.top = `${below ? box.bottom + 4 : Math.max(4, box.top - menu.offsetHeight - 4)}px`;
    menu.style.left = `${Math.max(4, box.right - menu.offsetWidth)}px`;
    shown()[0]?.focus();
  });
  menu.addEventListener("toggle", (event) => {
    const isOpen = event.newState === "open";
    opener?.setAttribute("aria-expanded", String(isOpen));
    // The selected conversations are meant where no menu is open.
    row.disabled = !isOpen;
    if (!isOpen && menu.contains(document.activeElement)) {
      opener?.focus();
    }
  });
  menu.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) {
      return;
    }
    event.preventDefault();
    const choices = shown();
    const at = choices.indexOf(document.activeElement);
    choices[(at + by + choices.length) % choices.length].focus();
  });
}

const form = document.querySelector("#changelist-form");
if (form) {
  start(form);
  startMenu(form);
}
