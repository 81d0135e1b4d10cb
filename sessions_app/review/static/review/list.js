// Selects conversations: one, a range, or all of a page, and counts them.

const SELECTORS = {
  all: "[data-select-all]",
  checkbox: 'input[name="selected"]',
  counter: "[data-counter]",
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

const form = document.querySelector("#changelist-form");
if (form) {
  start(form);
}
