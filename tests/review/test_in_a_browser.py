"""The staff pages as staff use them: in Chromium, with a keyboard, on a phone, under the policy.

One server and one browser for the module; the data are made once and each test looks at its own
part of them, since making them takes longer than the tests.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test.utils import override_settings

from sessions_app import encoders
from sessions_app.domain.review.data import LogFilter
from sessions_app.repository import indexes
from sessions_app.services.review import read_log as review_log
from tests.conftest import use_database
from tests.review import browser, demo
from tests.review.conftest import shares_the_browser

pytestmark = [
    shares_the_browser,
    pytest.mark.skipif(not browser.CHROMIUM.exists(), reason=f"there is no {browser.CHROMIUM}"),
]
STICKING_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("#content *")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .map((e) => e.outerHTML.slice(0, 120))"""
PAGES = r"/admin/conversations/(?:[0-9a-f-]{36}/(?:\?.*)?)?(?:\?.*)?$"


@pytest.fixture(scope="module")
def service(chromium: Any, mongo_client: Any, django_db_setup: Any, django_db_blocker: Any) -> Any:
    """An address, the users, and the flagged conversation."""
    name = "test_browser"
    use_database(mongo_client, name)
    mongo_client.drop_database(name)
    indexes.ensure()
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        browser.server() as base,
        override_settings(ALLOWED_HOSTS=["127.0.0.1"]),
    ):
        patch.setattr(encoders, "load_encoder", lambda: None)
        # Set up for marked tests only, which these, with their server's threads, cannot be.
        call_command("migrate", verbosity=0)
        users = demo.accounts()
        main = demo.fill(users, datetime.now(UTC))
        yield {"base": base, "chromium": chromium, "main": main, "users": users}
        from accounts.models import User

        User.objects.all().delete()
    mongo_client.drop_database(name)


@pytest.fixture
def visit(service: Any, mongo_client: Any, django_db_blocker: Any, monkeypatch: Any) -> Any:
    """Somebody's page, signed in; what the console complained of is empty at the end."""
    use_database(mongo_client, "test_browser")
    monkeypatch.setattr(encoders, "load_encoder", lambda: None)
    contexts, complaints = [], []

    def sign_in(name: str, **options: Any) -> Any:
        context = service["chromium"].new_context(**{"reduced_motion": "reduce", **options})
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(_said(m)) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        browser.sign_in(page, service["base"], name, demo.PASSWORD)
        return page

    sign_in.complaints = complaints  # type: ignore[attr-defined]
    with django_db_blocker.unblock():
        yield sign_in
    for context in contexts:
        context.close()
    assert [one for one in complaints if one and "403" not in one] == []


def _said(message: Any) -> str:
    """What the console says; nothing of the icon that a browser asks for and nobody has."""
    where = message.location.get("url", "")
    return "" if where.endswith("/favicon.ico") else f"{message.text} {where}"


@pytest.fixture
def go(service: Any) -> Any:
    def to(page: Any, path: str = "") -> Any:
        page.goto(f"{service['base']}/admin/conversations/{path}")
        return page

    return to


def log_of(name: str) -> list[Any]:
    return [line for line in review_log.log_stream(LogFilter()) if line.staff.name == name]


def open_with_reason(page: Any) -> None:
    if page.locator("input[name=reason]").count():
        page.check("input[name=reason][value=report]")
        page.fill("#id_detail", "Ticket 4711")
        page.click("text=Open the conversation")
    page.wait_for_selector(".messages")


def test_the_list_pages_filters_and_searches(visit: Any, go: Any) -> None:
    page = go(visit("carol"))
    assert page.locator("#result_list tbody tr").count() == 50
    page.click("text=Next page")
    assert page.locator("#result_list tbody tr").count() == 11
    page.click("nav#changelist-filter >> text=Flagged >> nth=1")
    assert page.locator("#result_list tbody tr").count() == 3
    page.fill("#searchbar", "maria")
    page.press("#searchbar", "Enter")
    assert "flagged=yes" in page.url
    assert page.locator("#result_list tbody tr").count() >= 1
    go(page)
    page.select_option("#searchby", "text")
    page.fill("#searchbar", "sourdough")
    page.press("#searchbar", "Enter")
    page.wait_for_selector("#result_list")
    assert "found in message" in page.locator("#result_list tbody tr").first.inner_text()


def test_opening_with_a_reason_by_keyboard_alone(visit: Any, go: Any, service: Any) -> None:
    page = go(visit("carol"), f"{service['main']}/")
    assert "Belém" not in page.content()
    page.focus("input[name=reason] >> nth=0")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Ticket 4711")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".messages")
    assert "Belém" in page.content()
    assert "e-mail hidden" in page.content()
    assert "maria.santos@" not in page.content()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == "m2"
    page.keyboard.press("w")
    page.wait_for_selector("#window")
    assert "What the model saw at message 2" in page.inner_text("#window")
    lines = log_of("carol")
    assert [line.act.value for line in lines[:3]] == ["window", "read", "open"]


def test_the_window_switch(visit: Any, go: Any, service: Any) -> None:
    page = go(visit("lea"), f"{service['main']}/")
    open_with_reason(page)
    page.click("#m18 .msg__window")
    page.wait_for_selector("#window")
    assert re.search(r"\d+ of 400 tokens", page.inner_text("#window"))
    assert page.locator(".tag--kept").count() > 0
    assert page.locator(".tag--dropped").count() > 0
    assert page.locator("#m13 .tag--dropped").inner_text() == "Dropped: erased"
    page.click("#window >> text=Close")
    page.wait_for_selector("#m18")
    assert page.locator("#window").count() == 0


def test_flagging_one(visit: Any, go: Any, service: Any) -> None:
    page = visit("carol")
    other = next(iter(_ids(go(page, "?flagged=no&status=active"))))
    go(page, f"{other}/")
    open_with_reason(page)
    page.click(".side >> text=Flag")
    page.fill("textarea[name=text]", "Please look at the refund")
    page.click("input[type=submit]")
    assert "1 conversation flagged." in page.inner_text(".messagelist")
    assert "Please look at the refund" in page.inner_text(".flagged-because")


def test_archiving_many(visit: Any, go: Any) -> None:
    page = go(visit("lea"), "?status=active&q=wei")
    before = page.locator("#result_list tbody tr").count()
    assert before > 1
    page.check("[data-select-all]")
    assert page.inner_text("[data-counter]") == f"{before} of {before} selected"
    page.select_option("#action", "archive")
    page.click(".actions >> text=Go")
    assert "It becomes read-only" in page.inner_text(".lead")
    page.click("input[type=submit]")
    assert f"{before} conversations archived." in page.inner_text(".messagelist")
    assert page.locator("#result_list tbody tr").count() == 0


def test_exporting(visit: Any, go: Any, service: Any) -> None:
    page = go(visit("lea"), f"{service['main']}/")
    open_with_reason(page)
    page.click(".side >> text=Export")
    page.check("input[name=reason][value=legal]")
    with page.expect_download() as download:
        page.click("input[type=submit]")
    body = json.loads(Path(download.value.path()).read_text())
    assert body["conversations"][0]["session_id"] == service["main"]
    assert "maria.santos@" not in json.dumps(body)
    assert log_of("lea")[0].act.value == "export"


def test_what_each_may(visit: Any, go: Any, service: Any) -> None:
    reviewer = go(visit("carol"), f"{service['main']}/")
    open_with_reason(reviewer)
    assert reviewer.locator(".side button >> text=Archive").count() == 1
    assert reviewer.locator(".side button >> text=Delete").count() == 0
    assert reviewer.locator("text=Show them").count() == 0
    assert "no permission" in go(reviewer, "audit/").inner_text("#content")
    assert "no permission" in go(visit("stan"), "").inner_text("#content")


def test_no_page_without_its_line(visit: Any, go: Any, service: Any) -> None:
    """Follow the links of every page one gets to: each that shows words has written its line."""
    page = go(visit("lea"), f"{service['main']}/")
    open_with_reason(page)
    # Without what expires in a day of its own, the same addresses again and again.
    links = {
        link.split("#")[0]
        for start in ("", f"{service['main']}/", f"{service['main']}/?window=18")
        for link in go(page, start).eval_on_selector_all("a", "links => links.map(l => l.href)")
        if re.search(PAGES, link.split("#")[0])
    }
    assert len(links) > 40
    for link in sorted(links)[::6]:
        before = len(log_of("lea"))
        page.goto(link)
        body = page.inner_text("#content")
        shows = any(title in body for title in demo.TITLES) or "Belém" in body
        assert len(log_of("lea")) == before + 1 or not shows, link


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Any, go: Any, service: Any, scheme: str) -> None:
    page = visit("lea", color_scheme=scheme)
    go(page, f"{service['main']}/")
    assert browser.violations(page) == []
    open_with_reason(page)
    everywhere = [f"{service['main']}/unmask/", f"{service['main']}/history/", "audit/?act=open"]
    few = ["?q=lena", f"{service['main']}/?window=18"]
    for path in few + (everywhere if scheme == "light" else []):
        go(page, path)
        assert browser.violations(page) == [], path
    go(page, "?flagged=yes")
    page.check("[data-select-all]")
    page.select_option("#action", "export")
    page.click(".actions >> text=Go")
    assert browser.violations(page) == []
    visit.complaints.clear()  # axe tries styles of its own, which the policy refuses


def test_nothing_sticks_out_on_a_phone(visit: Any, go: Any, service: Any) -> None:
    page = visit("lea", viewport={"width": 360, "height": 740})
    go(page, f"{service['main']}/")
    open_with_reason(page)
    for path in ("", f"{service['main']}/", f"{service['main']}/?window=18", "audit/"):
        go(page, path)
        assert page.evaluate(STICKING_OUT) == [], path


def _ids(page: Any) -> list[str]:
    return page.eval_on_selector_all("input[name=selected]", "boxes => boxes.map(b => b.value)")


def test_the_description_of_the_api_works_under_the_policy(visit: Any, service: Any) -> None:
    page = visit("lea")
    page.goto(f"{service['base']}/api/docs")
    page.wait_for_selector(".opblock")
    page.locator(".opblock-summary-control").first.click()
    page.click(".try-out__btn")
    assert page.locator(".execute").is_visible()


def test_the_palette_is_opened_by_keys_and_leads_to_somebodys_conversations(
    visit: Any, go: Any
) -> None:
    page = go(visit("carol"))
    page.keyboard.press("Control+k")
    page.fill(".palette input", "maria")
    page.wait_for_selector(".palette li[aria-selected=true] >> text=Conversations of maria")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/admin/conversations/\?q=[0-9a-f-]{36}$"))
    assert "User or id: " in (page.locator(".chips a").text_content() or "")


def test_a_rows_own_menu_acts_on_that_row(visit: Any, go: Any) -> None:
    page = go(visit("lea"), "?flagged=no")
    row = page.locator("[data-row]").nth(2)
    session_id = row.get_attribute("data-row")
    row.click()
    page.locator("#row-menu").get_by_role("menuitem", name="Flag", exact=True).click()
    page.wait_for_url(re.compile("/actions/"))
    assert session_id in page.locator("#content").inner_html()
    assert page.locator("input[name=selected]").count() == 1
