// Selecting conversations: all of a page at once, and how many there are.

const SELECTORS = {
  all: "[data-select-all]",
  one: 'input[name="selected"]',
  counter: "[data-counter]",
};

function start(form) {
  const all = form.querySelector(SELECTORS.all);
  const boxes = [...form.querySelectorAll(SELECTORS.one)];
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

  // Shift and a click select everything between this box and the one before.
  let last = null;
  form.addEventListener("click", (event) => {
    const at = boxes.indexOf(event.target);
    if (at < 0) {
      return;
    }
    if (event.shiftKey && last !== null) {
      const [from, to] = [Math.min(at, last), Math.max(at, last)];
      for (const box of boxes.slice(from, to + 1)) {
        box.checked = event.target.checked;
      }
    }
    last = at;
    show();
  });
  show();
}

const form = document.querySelector("#changelist-form");
if (form) {
  start(form);
}
