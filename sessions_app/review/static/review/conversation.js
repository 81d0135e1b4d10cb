// Keyboard: j and k move between messages, w shows the window at the current one. A picture that is
// asked for takes the place of its blurred one; asking for it is what the log says.

const MESSAGE = ".msg";
const FIELDS = "input, textarea, select, [contenteditable]";

const messages = [...document.querySelectorAll(MESSAGE)];

function current() {
  return messages.indexOf(document.activeElement?.closest?.(MESSAGE));
}

function go(step) {
  const position = current();
  const next = position < 0 ? (step > 0 ? 0 : messages.length - 1) : position + step;
  const message = messages[Math.min(Math.max(next, 0), messages.length - 1)];
  message?.focus();
  message?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.(FIELDS)) {
    return;
  }
  if (event.key === "j") {
    go(1);
  } else if (event.key === "k") {
    go(-1);
  } else if (event.key === "w") {
    messages[current()]?.querySelector(".msg__window")?.click();
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-shows-picture]");
  const picture = link?.parentElement.querySelector("img");
  if (!picture || event.ctrlKey || event.metaKey || event.shiftKey) {
    return;
  }
  event.preventDefault();
  picture.src = link.href;
  picture.classList.remove("is-blurred");
  picture.removeAttribute("width");
  picture.removeAttribute("height");
  link.remove();
});
