/** Lets the passwords of a page's form be shown. */

import { h, showButton } from "../dom.js";

for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[type=password]"))) {
  const box = h("div.with-button");
  input.replaceWith(box);
  box.append(input, showButton(input));
}
