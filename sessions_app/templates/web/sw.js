/**
 * Caches the files of the page, so that it opens without a network. It never caches anything of a
 * user: the page itself stores conversations.
 */

const FILES = {{ files|safe }};
const CACHE = "chat-page-{{ version }}";
// After this long without an answer, the cached page is shown.
const TIMEOUT_MS = 4000;

addEventListener("install", (event) => event.waitUntil(cacheFiles()));
addEventListener("activate", (event) => event.waitUntil(takeOver()));
addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (mode === "navigate" && pathname === "/") event.respondWith(page(event.request));
  else if (pathname.startsWith("/static/chat/")) event.respondWith(file(event.request));
});

async function cacheFiles() {
  const cache = await caches.open(CACHE);
  await cache.addAll(["/", ...FILES]);
  await skipWaiting();
}

async function takeOver() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  await clients.claim();
}

async function page(request) {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    return (await caches.match("/")) ?? Response.error();
  }
}

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}
