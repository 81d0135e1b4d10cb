"""The admin's first page in Chromium: it shows, it can be read by everybody, nothing is refused."""

import pytest

from tests.review import browser, demo, figures
from tests.review.conftest import now, shares_the_browser

pytestmark = [
    shares_the_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not browser.CHROMIUM.exists(), reason="there is no chromium here"),
]
SIZES = {"wide": {"width": 1360, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def shown(lea, session_id, chromium):
    """The page as Lea sees it, by the size and the colours of her screen; what it complains of."""
    figures.fill(now())
    complaints: list[str] = []
    contexts = []
    with browser.server() as base:

        def show(size="wide", scheme="light", days=30):
            context = chromium.new_context(viewport=SIZES[size], color_scheme=scheme)
            contexts.append(context)
            page = context.new_page()
            page.on("console", lambda said: complaints.append(f"{said.text} {said.location}"))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            browser.sign_in(page, base, "lea", demo.PASSWORD)
            page.goto(f"{base}/admin/?days={days}")
            return page

        yield show
        for context in contexts:
            context.close()
    # Browsers ask every site for one, whether or not a page names it.
    assert [one for one in complaints if "/favicon.ico" not in one] == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(shown, size, scheme):
    page = shown(size, scheme)
    page.locator("summary").first.click()
    assert browser.violations(page) == []


@pytest.mark.parametrize("size", SIZES)
def test_it_does_not_scroll_sideways(shown, size):
    page = shown(size, days=90)
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]


def test_bars_have_the_height_of_their_figures(shown):
    page = shown()
    heights = page.eval_on_selector_all(
        "#panel-messages .plot > svg .column",
        "all => all.map(one => [...one.querySelectorAll('rect:not(.reach)')]"
        ".reduce((sum, bar) => sum + bar.getBoundingClientRect().height, 0))",
    )
    assert len(heights) == 30
    assert max(heights) > 60
    assert min(heights) > 5


def test_the_table_opens_by_the_keyboard(shown):
    page = shown()
    summary = page.locator("#panel-messages summary")
    summary.focus()
    page.keyboard.press("Enter")
    table = page.locator("#panel-messages table")
    assert table.is_visible()
    assert table.locator("tbody tr").count() == 30


def test_a_tile_leads_to_its_list(shown):
    page = shown()
    page.get_by_role("link", name="Flagged", exact=False).first.click()
    page.wait_for_url("**/admin/conversations/?flagged=yes")
