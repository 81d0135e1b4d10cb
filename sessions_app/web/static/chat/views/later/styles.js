/** Style sheets that the page is loaded without. */

/** @type {Map<string, Promise<void>>} */
const loaded = new Map();

/** Load a style sheet, once. @param {"math"|"code"|"attachments"|"panels"|"whole"} name */
export function loadStyle(name) {
  const known = loaded.get(name);
  if (known) return known;
  const loading = new Promise((/** @type {(value: void) => void} */ resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = document.getElementById("page")?.dataset[`${name}Style`] ?? "";
    // Without its style, what it is for can still be read.
    for (const event of ["load", "error"]) link.addEventListener(event, () => resolve());
    document.head.append(link);
  });
  loaded.set(name, loading);
  return loading;
}
