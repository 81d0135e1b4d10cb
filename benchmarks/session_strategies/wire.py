"""Bytes on the wire per turn as a conversation grows, and the turn at which they are refused."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.harness import load, report
from benchmarks.session_strategies import variants
from benchmarks.session_strategies.device import Device, turn_body
from benchmarks.session_strategies.servers import Site

# Who refuses a header line (or, Node.js, all of them) beyond how many bytes, by its documentation.
HEADER_LIMITS = {
    "nginx, Apache, gunicorn (8 KB)": 8_190,
    "Node.js, AWS load balancer (16 KB)": 16_384,
}
# RFC 6265bis, 5.6: a browser ignores a cookie whose name and value are longer together.
COOKIE_LIMIT = 4_096
CHROMIUM = Path("/usr/bin/chromium")


def measure(result: report.Report, sites: Mapping[str, Site], turns: Sequence[int]) -> None:
    """One line per strategy and turn of `turns`; then where each limit is met."""
    for name, site in sites.items():
        if name == variants.DJANGO_MEMORY:
            continue  # the same bytes as its other backends, where it answers at all
        report.progress(f"{name}: {turns[-1]:,} turns, byte by byte …")
        carried, refused, size = _grow(result, name, site.device(), turns)
        if name in variants.TOKENS:
            _limits(result, name, carried, refused, size)
    if CHROMIUM.exists() and variants.TOKEN_COOKIE in sites:
        _browser(result, sites[variants.TOKEN_COOKIE])


def _grow(
    result: report.Report, name: str, device: Device, turns: Sequence[int]
) -> tuple[list[int], int | None, int]:
    """Take the turns; bytes carried before each, and which was refused if any."""
    device.start("somebody")
    carried: list[int] = []
    for turn in range(1, turns[-1] + 1):
        carried.append(_carried(device))
        answer = device.turn(turn)
        if answer.status != 200:
            return carried, turn, answer.header_sent
        if turn in turns:
            result.add(
                "bytes of a turn",
                strategy=name,
                turn=turn,
                sent=answer.sent,
                received=answer.received,
                both=answer.sent + answer.received,
            )
    return carried, None, 0


def _carried(device: Device) -> int:
    """Bytes of the longest header line that the client carries."""
    return max((len(f"{key}: {value}") for key, value in device.headers.items()), default=0)


def _limits(
    result: report.Report, name: str, carried: Sequence[int], refused: int | None, size: int
) -> None:
    limits = dict(HEADER_LIMITS)
    if name == variants.TOKEN_COOKIE:
        limits = {"a cookie (4 KB, RFC 6265bis)": COOKIE_LIMIT + len("Cookie: "), **limits}
    for limit, most in limits.items():
        over = next((turn for turn, size in enumerate(carried, 1) if size > most), None)
        result.add(
            "does not fit", strategy=name, limit=limit, bytes=most, turn=over, measured=False
        )
    result.add(
        "does not fit",
        strategy=name,
        limit="granian, as served here",
        bytes=size or None,
        turn=refused,
        measured=True,
    )


def _browser(result: report.Report, site: Site) -> None:
    """A real browser keeps the cookie: from which turn on is the conversation not what it was?"""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        page = browser.new_page()
        page.goto(f"http://{load.HOST}:{site.port}/healthz")
        post = """([path, body]) => fetch(path, {method: "POST", body: JSON.stringify(body)})
                  .then(answer => answer.json())"""
        page.evaluate(post, ["/start", {"user": "somebody", "messages": []}])
        for turn in range(1, 50):
            count = page.evaluate(post, ["/turn", turn_body(turn)])["count"]
            if count != 2 * turn:
                break
        result.add(
            "does not fit",
            strategy=site.name,
            limit=f"Chromium {browser.version.partition('.')[0]}",
            bytes=COOKIE_LIMIT,
            # It did not take the cookie of the turn before, and sends the one before that.
            turn=turn,
            measured=True,
        )
        browser.close()
