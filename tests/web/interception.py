"""Holds back requests and the database, so that a test sets their order, and watches the page."""

import re
from typing import Any

from playwright.sync_api import Page, Route

from tests.web.people import Person

# While the transaction lives, no other reads or writes that part of the database.
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
  const started = new Promise((resolve) => (target.get("nothing").onsuccess = resolve));
  await started.then(hold);
  transaction.oncomplete = () => open.result.close();
}
"""
# Every set of articles that has ever been in the page, as their labels without the time.
_WATCH = """
() => {
  window.seen = new Set();
  const log = document.querySelector(".log");
  const note = () => window.seen.add(JSON.stringify(
    [...log.querySelectorAll("article")].map((article) => article.ariaLabel.split(",")[0])));
  new MutationObserver(note).observe(log, { childList: true, subtree: true });
  note();
}
"""


class HeldRequests:
    """Requests of a page that wait until `let_go`; if `answered`, only the answers wait."""

    def __init__(self, page: Page, address: str, *, answered: bool = False) -> None:
        self.answered = answered
        self.free = False
        self.waiting: list[tuple[Route, Any]] = []
        page.route(re.compile(address), self._hold)

    def _hold(self, route: Route) -> None:
        if self.free:
            route.fallback()
            return
        # The service answers now; the page gets the answer at `let_go`.
        self.waiting.append((route, route.fetch() if self.answered else None))

    def let_go(self, stream: str | None = None) -> None:
        """Send them on, or answer them with the service's answer, or with this stream."""
        self.free = True
        for route, answer in self.waiting:
            if stream is not None:
                route.fulfill(content_type="text/event-stream", body=stream)
            elif answer is None:
                route.continue_()
            else:
                route.fulfill(response=answer)


class LostAnswers:
    """The first `count` requests to an address reach the service, but their answers are lost."""

    def __init__(self, target: Any, address: str, count: int = 1) -> None:
        self.remaining = count
        target.route(re.compile(address), self._lose)

    def _lose(self, route: Route) -> None:
        if not self.remaining:
            route.fallback()
            return
        self.remaining -= 1
        route.fetch()
        route.abort()


class HeldDatabase:
    """A store of a person's database, locked by another tab until `let_go`.

    Meanwhile a browser may run no writes, nor any reads that come after them.
    """

    def __init__(self, person: Person, store: str) -> None:
        self.tab = person.context.new_page()
        self.tab.goto(f"{person.service.url}/healthz")
        self.tab.evaluate(_HOLD, store)

    def let_go(self) -> None:
        self.tab.evaluate("() => { window.released = true }")
        self.tab.close()


def watch(page: Page) -> None:
    """Record from now on which articles are in the transcript, however briefly."""
    page.evaluate(_WATCH)


def most_seen(page: Page, role: str) -> int:
    """The maximum number of articles of a role that were in the page at one time."""
    seen: list[str] = page.evaluate("() => [...window.seen]")
    return max(labels.count(f'"{role}"') for labels in seen)


def tell(page: Page, message: dict[str, Any]) -> None:
    """Send the page a message as another tab would."""
    page.evaluate("(message) => new BroadcastChannel('chat-tabs').postMessage(message)", message)
