"""Holding things up, so that a test sets the order in which they happen, and watching the page."""

import re
from typing import Any

from playwright.sync_api import Page, Route

from tests.web.people import Person

# As long as the transaction lives, nobody else reads or writes that part of the database.
_HOLD = """
async (store) => {
  const [{ name }] = await indexedDB.databases();
  const open = indexedDB.open(name);
  await new Promise((resolve) => (open.onsuccess = resolve));
  const transaction = open.result.transaction(store, "readwrite");
  const target = transaction.objectStore(store);
  window.released = false;
  const hold = () => {
    if (window.released) return;
    target.get("nothing").onsuccess = hold;
  };
  const held = new Promise((resolve) => (target.get("nothing").onsuccess = resolve));
  await held.then(hold);
  transaction.oncomplete = () => open.result.close();
}
"""
# Every set of articles that has ever been in the page, as their labels without the time.
_WATCH = """
() => {
  window.seen = new Set();
  const log = document.querySelector(".log");
  const note = () => window.seen.add(JSON.stringify(
    [...log.querySelectorAll("article")].map((one) => one.ariaLabel.split(",")[0])));
  new MutationObserver(note).observe(log, { childList: true, subtree: true });
  note();
}
"""


class Requests:
    """Requests of a page that wait until they are let go; those in `answers` have been answered."""

    def __init__(self, page: Page, address: str, *, answered: bool = False) -> None:
        self.answered = answered
        self.free = False
        self.waiting: list[tuple[Route, Any]] = []
        page.route(re.compile(address), self._hold)

    def _hold(self, route: Route) -> None:
        if self.free:
            route.fallback()
            return
        # What the service says now, the page hears only when it is let go.
        self.waiting.append((route, route.fetch() if self.answered else None))

    def let_go(self, stream: str | None = None) -> None:
        """On to the service, or with the answer that they have had, or with this event stream."""
        self.free = True
        for route, answer in self.waiting:
            if stream is not None:
                route.fulfill(content_type="text/event-stream", body=stream)
            elif answer is None:
                route.continue_()
            else:
                route.fulfill(response=answer)


class Losing:
    """The first `count` requests to an address reach the service, and their answers get lost."""

    def __init__(self, target: Any, address: str, count: int = 1) -> None:
        self.left = count
        target.route(re.compile(address), self._lose)

    def _lose(self, route: Route) -> None:
        if not self.left:
            route.fallback()
            return
        self.left -= 1
        route.fetch()
        route.abort()


class Database:
    """One store of somebody's database, held by a tab without the page until it is let go.

    Browsers may let nothing be written meanwhile, and so nothing be read of what is to be written.
    """

    def __init__(self, person: Person, store: str) -> None:
        self.tab = person.context.new_page()
        self.tab.goto(f"{person.service.url}/healthz")
        self.tab.evaluate(_HOLD, store)

    def let_go(self) -> None:
        self.tab.evaluate("() => { window.released = true }")
        self.tab.close()


def watch(page: Page) -> None:
    """Note from now on which articles are in the conversation, however shortly."""
    page.evaluate(_WATCH)


def most_seen(page: Page, role: str) -> int:
    """How many articles of a role were in the page at one time, at most."""
    found: list[str] = page.evaluate("() => [...window.seen]")
    return max(labels.count(f'"{role}"') for labels in found)


def tell(page: Page, news: dict[str, Any]) -> None:
    """Tell the page what another tab would."""
    page.evaluate("(news) => new BroadcastChannel('chat-tabs').postMessage(news)", news)
