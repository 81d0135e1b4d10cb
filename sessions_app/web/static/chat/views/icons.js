/** The icons, drawn with lines of the text's colour. */

const SVG = "http://www.w3.org/2000/svg";

/** Paths on a grid of 24. @type {Record<string, string>} */
const PATHS = {
  "thumb-up": "M7 11v9H4v-9h3Zm0 1l4-8c1.500 0 2.500 1 2 3l-.6 3H19l-1.500 8.500c-.2 1-1 1.500-2 1.500H7",
  "thumb-down": "M17 13V4h3v9h-3Zm0-1l-4 8c-1.500 0-2.500-1-2-3l.6-3H5l1.500-8.500c.2-1 1-1.500 2-1.500H17",
  pin: "M9 4h6l-1 6 3 3v2H7v-2l3-3-1-6ZM12 15v6",
  tag: "M4 4h8l8 8-8 8-8-8ZM8 8h.01",
  print: "M7 9V4h10v5M5 9h14v7H5ZM8 14h8v6H8z",
  play: "M8 5l11 7-11 7Z",
  settings: "M5 7h9M18 7h1M16 5v4M5 17h1M10 17h9M8 15v4",
  plus: "M12 5v14M5 12h14",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M8 8h8v8H8z",
  copy: "M9 9h10v10H9zM5 15V5h10",
  check: "M5 12.5l4.5 4.5L19 7.5",
  edit: "M4 20l1-4L16.5 4.5a2 2 0 0 1 3 3L8 19l-4 1Z",
  retry: "M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4",
  branch: "M6 3v18M6 14h6a5 5 0 0 0 5-5V4M13.5 7.5L17 4l3.5 3.5",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  archive: "M4 5h16v4H4zM6 9v10h12V9M10 13h4",
  restore: "M4 5h16v4H4zM6 9v10h12V9M12 17v-5M9.5 14.5L12 12l2.5 2.5",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
  clip: "M20 11.5l-8.500 8.500a5.500 5.500 0 0 1-8-8l9-9a3.500 3.500 0 0 1 5 5l-8.500 8.500a1.500 1.500 0 0 1-2-2l8-8",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM5 20c.6-4 3.400-6 7-6s6.400 2 7 6",
  leave: "M14 5H6v14h8M11 12h9M17 9l3 3-3 3",
  down: "M12 5v14M6 13l6 6 6-6",
  left: "M14 6l-6 6 6 6",
  right: "M10 6l6 6-6 6",
  fresh: "M12 3v3M12 18v3M3 12h3M18 12h3M6 6l2 2M16 16l2 2M6 18l2-2M16 8l2-2",
  keyboard: "M3 7h18v11H3zM7 11h.01M11 11h.01M15 11h.01M8 15h8",
  window: "M4 5h16v14H4zM14 5v14",
  warning: "M12 4l9 16H3zM12 10v4M12 17h.01",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3 2",
};

/** @param {string} name @returns {SVGElement} hidden from screen readers: its button has a name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  const attributes = { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
