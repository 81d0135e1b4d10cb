"""The documentation's site builds without a warning, its links lead somewhere, it stands alone."""

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import ROOT
from tests.web.people import launched

pytestmark = pytest.mark.xdist_group("the site")

pytest.importorskip("mkdocs", reason="needs requirements-docs.txt")
CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 120_000
# Of a picture: none, or the colour scheme that it is for.
FRAGMENTS = {"", "only-light", "only-dark"}
ROOT_PAGES = ("index", "contributing", "changelog", "security-policy", "code-of-conduct")


class Page(HTMLParser):
    """What a page loads, where it leads, and the places that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {given[name] or "" for name in ("id", "name") if name in given}
        if tag == "a" and given.get("href"):
            self.leads.append(given["href"] or "")
        elif tag == "link" and given.get("rel") not in {"canonical", "prev", "next"}:
            self.loads.append(given.get("href") or "")
        elif given.get("src"):
            self.loads.append(given["src"] or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(place)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return place


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {
        path: Page(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if path.name != "404.html"  # its links are from the root of wherever it is put
    }


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_every_page_of_the_documentation_is_on_it(site: Path):
    written = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    extra = {Path(f"{name}.md") for name in ROOT_PAGES}

    assert all((site / page).with_suffix(".html").exists() for page in written | extra)


def test_every_link_leads_to_a_page_and_a_place_on_it(pages: dict[Path, Page]):
    broken = []
    for path, page in pages.items():
        for link in [*page.leads, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            there = target in pages and parts.fragment in {"", *pages[target].ids}
            if not (there or (parts.fragment in FRAGMENTS and target.exists())):
                broken.append((path.name, link))
    assert broken == []


def test_no_page_loads_anything_from_elsewhere(pages: dict[Path, Page]):
    foreign = [link for page in pages.values() for link in page.loads if "//" in link]

    assert foreign == []


def test_the_start_page_has_the_picture_for_either_scheme(pages: dict[Path, Page], site: Path):
    loads = pages[site / "index.html"].loads

    assert {"images/page-window-light.png#only-light", "images/page-window-dark.png#only-dark"} <= {
        *loads
    }


def test_it_can_be_searched_without_a_server_of_its_own(site: Path):
    index = json.loads((site / "search" / "search_index.json").read_text())
    titles = {entry["title"] for entry in index["docs"]}

    assert {"Settings", "Troubleshooting", "Turns"} <= titles


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with launched() as running:
        yield running


def test_diagrams_are_drawn_and_nothing_is_asked_of_the_network(address: str, browser: Any):
    drawn = len(re.findall("```mermaid", (ROOT / "docs" / "concepts.md").read_text()))
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/concepts.html")
    page.wait_for_function(f"document.querySelectorAll('div.mermaid').length === {drawn}")
    heights = page.eval_on_selector_all("div.mermaid", "all => all.map(e => e.offsetHeight)")
    page.close()

    assert all(height > 40 for height in heights)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_no_page_scrolls_sideways_on_a_phone(address: str, browser: Any, pages: Any, site: Path):
    page = browser.new_page(viewport=PHONE)
    wide = {}
    for path in pages:
        page.goto(f"{address}/{path.relative_to(site)}")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[path.name] = width
    page.close()

    assert wide == {}


def test_somebody_on_a_phone_finds_a_setting_by_searching(address: str, browser: Any):
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{address}/index.html")
    page.locator("label[for=__search]").first.click()
    # The index is read by a worker of the page's; what is typed before is not searched for.
    page.locator(".md-search-result__meta", has_text="Type to start").wait_for(timeout=PATIENCE_MS)
    # Key by key, as the page listens for keys.
    page.get_by_placeholder("Search").press_sequentially("ARCHIVE_RETENTION_DAYS")
    result = page.locator(".md-search-result__link").first
    result.wait_for(timeout=PATIENCE_MS)
    found = result.get_attribute("href") or ""
    page.close()

    assert "settings.html" in found or "expiry.html" in found
