"""Every page of the admin, and what opens on it: nothing that axe finds, however small."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.credentials import service_keys
from accounts.models import ApiKey, Application, SignIn
from sessions_app.domain.applications import Scope
from sessions_app.domain.review.data import Act
from sessions_app.services.review import actions
from tests.review import browser, demo, figures
from tests.review.conftest import Person, now, shares_the_browser

pytestmark = [
    shares_the_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not browser.CHROMIUM.exists(), reason="there is no chromium here"),
]
LOOKS = [("light", 1360), ("dark", 390)]
# What is no page: files, and what ends the visit.
NO_PAGE = re.compile(r"/(?:export|logout|jsi18n|attachments)")
IDS = re.compile(r"/(?:[0-9a-f-]{36}|\d+)(?=/)")


@pytest.fixture
def root(person: Any) -> Person:
    """A superuser, who sees every page."""
    return person("root", is_staff=True, is_superuser=True)


@pytest.fixture
def filled(root: Person, alice: Person, session_id: str) -> str:
    """One of everything; the id of a flagged conversation."""
    figures.fill(now())
    made = demo.slow_talk(alice.id, "Lisbon", now())
    staff = demo.staff(root.user)
    for act, text in ((Act.FLAG, "Look at it"), (Act.NOTE, "Seen")):
        actions.act_on(session_ids=[made], act=act, text=text, staff=staff, now=now())
    owned = {"user": alice.user, "user_generation": alice.user.token_generation}
    ApiKey.objects.create(name="laptop", shown="cs_1", digest="1" * 64, created_at=now(), **owned)
    SignIn.objects.create(device="Firefox", started_at=now(), used_at=now(), **owned)
    shop = Application.objects.create(name="Shop", created_at=now())
    service_keys.service_key_make(
        application=shop, name="shop", scopes=[Scope.TURNS], require_session=False,
        expires_at=None, now=now(),
    )  # fmt: skip
    Group.objects.create(name="Temporary")
    return made


@pytest.fixture
def visit(root: Person, filled: str, chromium: Any) -> Iterator[Callable[..., Any]]:
    """A page, signed in; what its console says is looked at in the end."""
    complaints: list[str] = []
    contexts = []
    with browser.server() as base:

        def visit(scheme: str, width: int) -> Any:
            context = chromium.new_context(
                base_url=base,
                bypass_csp=True,  # axe is put into the page as text
                color_scheme=scheme,
                reduced_motion="reduce",
                viewport={"width": width, "height": 860},
            )
            contexts.append(context)
            context.set_default_timeout(20_000)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            return page

        yield visit
        for context in contexts:
            context.close()
    assert complaints == []


def sign_in(page: Any) -> None:
    page.fill("#id_username", "root")
    page.fill("#id_password", demo.PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")


def links(page: Any) -> list[str]:
    """The admin's addresses that a page leads to."""
    found = page.eval_on_selector_all("a[href]", "all => all.map((a) => a.pathname)")
    return [path for path in found if path.startswith("/admin/") and not NO_PAGE.search(path)]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing_on_any_page(visit: Any, filled: str, scheme: str, width: int) -> None:
    page = visit(scheme, width)
    page.goto("/admin/login/")
    assert browser.violations(page) == []
    sign_in(page)
    conversation = f"/admin/conversations/{filled}/"
    waiting = ["/admin/", conversation]
    kinds: dict[str, list[str]] = {}
    while waiting:
        path = waiting.pop(0)
        kind = IDS.sub("/ID", path)
        if kind in kinds:
            continue
        page.goto(path)
        kinds[kind] = browser.violations(page)
        if path == conversation:
            page.check("input[name=reason][value=report]")
            page.click("text=Open the conversation")
            page.wait_for_selector(".messages")
            kinds[f"{kind} opened"] = browser.violations(page)
        waiting += links(page)

    assert {kind: found for kind, found in kinds.items() if found} == {}
    assert set(kinds) >= {
        "/admin/", "/admin/password_change/", "/admin/accounts/", "/admin/accounts/user/",
        "/admin/accounts/user/add/", "/admin/accounts/user/ID/change/",
        "/admin/accounts/user/ID/history/", "/admin/auth/group/ID/change/",
        "/admin/auth/group/ID/delete/", "/admin/accounts/application/ID/change/",
        "/admin/accounts/servicekey/add/", "/admin/accounts/servicekey/ID/change/",
        "/admin/conversations/", "/admin/conversations/audit/", "/admin/conversations/ID/",
        "/admin/conversations/ID/ opened", "/admin/conversations/ID/unmask/",
        "/admin/conversations/ID/history/",
    }  # fmt: skip


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1360)])
def test_axe_finds_nothing_in_what_opens_on_a_page(
    visit: Any, filled: str, scheme: str, width: int
) -> None:
    page = visit(scheme, width)
    page.goto("/admin/login/")
    page.fill("#id_username", "root")
    page.fill("#id_password", "wrong")
    page.click("[type=submit]")
    page.wait_for_selector(".errornote")
    assert browser.violations(page) == []
    sign_in(page)

    page.keyboard.press("Control+k")
    page.fill(".palette input", "al")
    page.wait_for_selector(".palette li >> text=Conversations of alice")
    assert browser.violations(page) == []
    page.keyboard.press("Escape")

    page.goto("/admin/conversations/?flagged=yes")
    page.locator("[data-row]").first.click()
    assert browser.violations(page) == []
    page.keyboard.press("Escape")
    for act in ("flag", "export", "delete"):
        page.goto("/admin/conversations/?flagged=yes")
        page.check("[data-select-all]")
        page.select_option("#action", act)
        page.click(".actions >> text=Go")
        page.wait_for_url("**/actions/")
        assert browser.violations(page) == [], act

    page.goto("/admin/conversations/?q=nobody")
    assert browser.violations(page) == []
    page.goto("/admin/accounts/user/?is_staff__exact=1&q=ro")
    assert browser.violations(page) == []
    page.goto("/admin/accounts/user/?q=nobody")
    assert browser.violations(page) == []
    page.goto("/admin/accounts/user/add/")
    page.click("[name=_save]")
    page.wait_for_selector(".errornote")
    assert browser.violations(page) == []
    for path in ("/admin/nope/", f"/admin/conversations/{'0' * 36}/", "/nope"):
        page.goto(path)
        assert browser.violations(page) == [], path


def test_axe_finds_nothing_where_a_key_is_made_and_a_visit_ends(visit: Any) -> None:
    page = visit("light", 1360)
    page.goto("/admin/login/")
    sign_in(page)
    page.goto("/admin/accounts/servicekey/add/")
    page.select_option("#id_application", label="Shop")
    page.fill("#id_name", "second")
    page.check("input[name=scopes] >> nth=0")
    page.click("[name=_save]")
    page.wait_for_selector("#service-key")
    assert browser.violations(page) == []
    page.goto("/admin/password_change/")
    page.fill("#id_old_password", demo.PASSWORD)
    page.fill("#id_new_password1", "another horse battery staple")
    page.fill("#id_new_password2", "another horse battery staple")
    page.click("[type=submit]:not(#logout-form *)")
    page.wait_for_url("**/password_change/done/")
    assert browser.violations(page) == []
    page.click("#logout-form button")
    page.wait_for_url("**/logout/")
    assert browser.violations(page) == []
