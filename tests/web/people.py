"""Somebody at the page: what they do there, and what they see."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from tests.waiting import wait_until

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "correct horse battery staple"
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
# What a browser says of requests that fail on purpose.
_EXPECTED = re.compile(r"Failed to load resource|net::ERR_|TrustedScript.*eval")
# A busy machine takes its time; what never happens is all the same found.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
# How much waits in the outbox: of this browser, whichever tab sends it.
_UNSENT = """
async () => {
  const [found] = await indexedDB.databases();
  if (!found) return 0;
  const open = indexedDB.open(found.name);
  await new Promise((resolve) => (open.onsuccess = resolve));
  const count = open.result.transaction("outbox").objectStore("outbox").count();
  await new Promise((resolve) => (count.onsuccess = resolve));
  open.result.close();
  return count.result;
}
"""


@contextmanager
def launched() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


class Person:
    """A person with an account at a service and a browser profile of their own."""

    def __init__(self, browser: Any, service: Any, *, name: str, **context: Any) -> None:
        self.service = service
        self.name = name
        usual = {"viewport": {"width": 1280, "height": 1500}, "locale": "en-GB"}
        # A test must see every request; the worker is allowed where it is what is tested.
        usual |= {"service_workers": "block"}
        self.context: BrowserContext = browser.new_context(**(usual | context))
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.errors: list[str] = []
        self.page = self.tab()

    def tab(self) -> Page:
        """Another tab of the same profile; what it complains of is remembered."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        return page

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and not _EXPECTED.search(text):
            self.errors.append(text)

    # --- coming and going -----------------------------------------------------------------------

    def arrives(self) -> "Person":
        """Creates an account in the page."""
        self.page.goto(self.service.url)
        self.registers()
        expect(self.writing).to_be_visible()
        return self

    def registers(self) -> None:
        """Fills in the form for a new account and sends it."""
        self.button("Create an account").click()
        self.fill_in()
        self.button("Create account").click()

    def fill_in(self, password: str = PASSWORD) -> None:
        self.page.get_by_role("textbox", name="Username").fill(self.name)
        self.page.get_by_role("textbox", name="Password").fill(password)

    def signs_in(self, password: str = PASSWORD) -> None:
        self.fill_in(password)
        self.button("Sign in").click()
        expect(self.writing).to_be_visible()

    def leaves(self) -> None:
        self.context.close()
        assert not self.errors, "\n".join(self.errors)

    def token(self) -> str:
        """An access token of theirs, got outside of the page."""
        body = {"username": self.name, "password": PASSWORD}
        answer = httpx.post(f"{self.service.url}/auth/token", json=body, timeout=20)
        return str(answer.json()["access"])

    # --- what they see --------------------------------------------------------------------------

    def button(self, name: str, page: Page | None = None) -> Locator:
        return (page or self.page).get_by_role("button", name=name, exact=True)

    @property
    def writing(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def conversation(self) -> Locator:
        return self.page.get_by_role("log", name="Conversation", exact=True)

    def messages(self, role: str, page: Page | None = None) -> Locator:
        log = (page or self.page).get_by_role("log", name="Conversation", exact=True)
        return log.get_by_role("article", name=role)

    def growing(self, page: Page | None = None) -> Locator:
        """The reply that is being written, as far as it is shown."""
        log = (page or self.page).get_by_role("log", name="Conversation", exact=True)
        return log.locator("article.assistant[aria-busy=true]")

    def shows(self, texts: list[str], page: Page | None = None) -> None:
        """Waits until these are the messages in the page, oldest first, each of them whole."""
        expect(self.growing(page)).to_have_count(0)
        log = (page or self.page).get_by_role("log", name="Conversation", exact=True)
        expect(log.locator("article .body")).to_have_text(texts, use_inner_text=True)

    @property
    def session_id(self) -> str:
        found = re.search(r"[?&]session=([0-9a-f-]{36})$", self.page.url)
        assert found, self.page.url
        return found.group(1)

    # --- what they do ---------------------------------------------------------------------------

    def says(self, text: str) -> None:
        self.writing.fill(text)
        self.button("Send").click()

    def asks(self, question: str, answer: str = "") -> None:
        """Says it and waits for the whole reply."""
        self.says(question)
        expect(self.messages("Assistant").last).to_contain_text(answer or f"Answer to: {question}")
        self.rests()

    def rests(self, page: Page | None = None) -> None:
        """Waits until no reply is on its way."""
        expect(self.button("Stop", page)).to_be_hidden()
        expect(self.growing(page)).to_have_count(0)

    def sent(self, page: Page | None = None) -> None:
        """Waits until the service has everything, and no reply is on its way."""
        self.eventually(lambda: not (page or self.page).evaluate(_UNSENT))
        self.rests(page)

    def eventually(self, condition: Callable[[], Any]) -> None:
        """Waits until it holds, and lets the browser's events come in meanwhile."""
        wait_until(lambda: condition() or self.page.wait_for_timeout(50), PATIENCE_MS / 1000)

    def option(self, label: str) -> None:
        """Chooses from the menu of the session that is open."""
        self.button("Options").click()
        self.page.get_by_role("menuitem", name=label).click()


def second_tab(person: Person) -> Page:
    """Another tab at the same address, ready to be written in."""
    tab = person.tab()
    tab.goto(person.page.url)
    expect(tab.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
    return tab


def says_in(tab: Page, text: str) -> None:
    """Writes and sends something there."""
    tab.get_by_role("textbox", name="Message", exact=True).fill(text)
    tab.get_by_role("button", name="Send", exact=True).click()
