"""How much the chat page weighs and how soon it is there, in a real Chromium.

Cold is a browser that has never seen the page; warm has its files; slow is cold on the line and
with the processor that Lighthouse takes for a phone (1.6 Mbit/s, 150 ms, a quarter of this
processor's speed); a chat is a signed-in person's reload of one with 400 messages. `interactive` is
when the page has been put together and everything in it works, `first_paint` when anything is to be
seen.

    python -m benchmarks.page_load [--rounds N] [--before DIRECTORY]

`--before` names a checkout of an earlier state, with its page's libraries installed; it is measured
first, in the same way. Bytes and requests do not depend on the machine; times need a quiet one.
"""

import argparse
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.harness.report import Report
from sessions_app.simulation import own_service

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
MESSAGES = 400
MAX_KB = 200
MAX_MS = 1_000
# What Lighthouse calls fast on the line and the processor below.
MAX_SLOW_MS = 3_800
SLOW_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
SLOWER = 4
PASSWORD = "correct horse battery staple"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--short", action="store_true", help="few rounds")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier state")
    arguments = parser.parse_args()
    report = Report("page_load")
    rounds = 2 if arguments.short else arguments.rounds
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # the service is to run with its own
    states = {"before": arguments.before, "now": ROOT}
    with _browser() as browser:
        report.machine(ROOT, chromium=browser.version)
        for state, root in states.items():
            if root is None:
                continue
            with own_service.running(root.resolve() / "manage.py") as url:
                _measure(report, browser, url, rounds, state=state)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def _measure(report: Report, browser: Browser, url: str, rounds: int, *, state: str) -> None:
    cold, warm, slow = [], [], []
    for _ in range(rounds):
        with browser.new_context() as context:
            cold.append(_load(context, url, "Sign in"))
            warm.append(_load(context, url, "Sign in"))
        with browser.new_context() as context:
            slow.append(_load(context, url, "Sign in", is_slow=True))
    _say(report, "cold", cold, state)
    _say(report, "warm", warm, state)
    _say(report, "slow", slow, state, max_ms=MAX_SLOW_MS)
    with browser.new_context() as context:
        address = _signed_in_with_a_chat(context, url)
        _say(report, "a chat", [_load(context, address, "Send") for _ in range(rounds)], state)


def _load(
    context: BrowserContext, url: str, button: str, *, is_slow: bool = False
) -> dict[str, float]:
    """One load, in a new tab: bytes over the network, and milliseconds from its start."""
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    if is_slow:
        client.send("Network.emulateNetworkConditions", SLOW_LINE)
        client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    received: list[float] = []
    client.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(url)
    page.get_by_role("button", name=button, exact=True).wait_for()
    times = _times(page)
    page.close()
    return times | {"bytes": sum(received), "requests": len(received)}


def _times(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.evaluate(
        """async () => {
            const at = (name) => performance.getEntriesByName(name)[0]?.startTime;
            while (!at("ready") || !at("first-contentful-paint")) {
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
            return { first_paint: at("first-contentful-paint"), interactive: at("ready") };
        }"""
    )
    return found


def _signed_in_with_a_chat(context: BrowserContext, url: str) -> str:
    body = {"username": "reader", "password": PASSWORD}
    answer = httpx.post(f"{url}/auth/register", json=body, timeout=30).json()
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": f"Message {number}. " * 20}
        for number in range(MESSAGES)
    ]
    created = httpx.post(
        f"{url}/session/create",
        json={"title": "Long", "messages": messages},
        headers={"Authorization": f"Bearer {answer['access']}"},
        timeout=60,
    ).json()
    page = context.new_page()
    page.goto(url)
    page.get_by_role("textbox", name="Username").fill("reader")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Long", exact=True).click()
    page.get_by_role("article").first.wait_for()
    page.close()
    return f"{url}/?session={created['session_id']}"


def _say(
    report: Report,
    name: str,
    loads: list[dict[str, float]],
    state: str,
    *,
    max_ms: int = MAX_MS,
) -> None:
    middle: dict[str, Any] = {
        key: round(statistics.median(load[key] for load in loads)) for key in loads[0]
    }
    kilobytes = middle["bytes"] / 1_000
    report.add(
        name,
        state=state,
        n=len(loads),
        requests=middle["requests"],
        kilobytes=round(kilobytes, 1),
        first_paint_ms=middle["first_paint"],
        interactive_ms=middle["interactive"],
        slowest_interactive_ms=round(max(load["interactive"] for load in loads)),
        light_enough=kilobytes <= MAX_KB,
        soon_enough=middle["interactive"] <= max_ms,
    )


if __name__ == "__main__":
    main()
