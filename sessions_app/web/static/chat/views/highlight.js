/** Highlights code. The first block of code loads this module, and each language when needed. */

import hljs from "../vendor/highlight/core.js";
import { loadStyle } from "./later/styles.js";

// Longer code stays plain: highlighting it would block the page.
const MAX_CHARS = 20_000;

/** @type {Record<string, () => Promise<any>>} */
const LANGUAGES = {
  bash: () => import("../vendor/highlight/bash.js"),
  c: () => import("../vendor/highlight/c.js"),
  cpp: () => import("../vendor/highlight/cpp.js"),
  css: () => import("../vendor/highlight/css.js"),
  diff: () => import("../vendor/highlight/diff.js"),
  go: () => import("../vendor/highlight/go.js"),
  java: () => import("../vendor/highlight/java.js"),
  javascript: () => import("../vendor/highlight/javascript.js"),
  json: () => import("../vendor/highlight/json.js"),
  python: () => import("../vendor/highlight/python.js"),
  rust: () => import("../vendor/highlight/rust.js"),
  sql: () => import("../vendor/highlight/sql.js"),
  typescript: () => import("../vendor/highlight/typescript.js"),
  xml: () => import("../vendor/highlight/xml.js"),
  yaml: () => import("../vendor/highlight/yaml.js"),
};
/** @type {Record<string, string>} */
const ALIASES = {
  sh: "bash", shell: "bash", zsh: "bash", console: "bash", "c++": "cpp", h: "c", golang: "go",
  js: "javascript", jsx: "javascript", mjs: "javascript", py: "python", rs: "rust",
  ts: "typescript", tsx: "typescript", html: "xml", svg: "xml", yml: "yaml", patch: "diff",
}; // prettier-ignore

/** @param {string} language @param {string} text @returns {Promise<string | null>} HTML to be cleaned */
export async function highlighted(language, text) {
  const name = ALIASES[language.toLowerCase()] ?? language.toLowerCase();
  if (!Object.hasOwn(LANGUAGES, name) || text.length > MAX_CHARS) return null;
  if (!hljs.getLanguage(name)) hljs.registerLanguage(name, (await LANGUAGES[name]()).default);
  await loadStyle("code");
  return hljs.highlight(text, { language: name }).value;
}
