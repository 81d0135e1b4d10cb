"""Tokens that end while somebody writes: nobody notices, and nothing is lost."""

import time

import jwt
from playwright.sync_api import expect

from tests.web.conftest import SIGNING_KEY, stored

# Listeners hear in the order in which they came, so the page itself has heard before this one.
_LISTEN = """
(access) => {
  window.heard = new Promise((resolve) =>
    new BroadcastChannel("chat-tabs").addEventListener("message", ({ data }) => {
      if (data.access === access) resolve();
    }));
}
"""


def expire(person, *tabs):
    """Give pages an access token that the service refuses, as another tab would give them one."""
    claims = jwt.decode(person.token(), SIGNING_KEY, algorithms=["HS256"])
    now = int(time.time())
    old = jwt.encode({**claims, "iat": now - 600, "exp": now - 300}, SIGNING_KEY)
    for page in (person.page, *tabs):
        page.evaluate(_LISTEN, old)
    helper = person.context.new_page()
    helper.goto(f"{person.service.url}/healthz")
    helper.evaluate(
        """([access, user_id]) =>
            new BroadcastChannel("chat-tabs").postMessage({ type: "access", access, user_id })""",
        [old, claims["sub"]],
    )
    for page in (person.page, *tabs):
        page.evaluate("() => window.heard")
    helper.close()


def refreshes(person):
    asked = []
    person.context.on(
        "request", lambda one: asked.append(one.url) if "token/refresh" in one.url else None
    )
    return asked


def test_an_access_token_that_expires_mid_sentence_is_renewed_unseen(alice, site):
    alice.asks("Hello")
    asked = refreshes(alice)
    alice.writing.press_sequentially("Half a sen")
    expire(alice)
    alice.writing.press_sequentially("tence")
    alice.button("Send").click()

    expect(alice.messages("Assistant").last).to_contain_text("Answer to: Half a sentence")
    assert len(asked) == 1
    assert len(stored(site, alice.token(), alice.session_id)) == 4


def test_an_access_token_that_expires_mid_stream_cuts_nothing_off(alice, model):
    model.answers["wait for a token"] = "one two three four five"
    alice.says("wait for a token")
    expect(alice.messages("Assistant")).to_have_text("one two three")
    expire(alice)
    model.gate.set()

    expect(alice.messages("Assistant")).to_contain_text("one two three four five")
    alice.rests()
    alice.asks("And now?")


def test_two_tabs_renew_one_after_the_other(alice):
    alice.asks("Hello")
    tab = alice.tab()
    tab.goto(alice.page.url)
    expect(alice.messages("Assistant", tab)).to_have_count(1)
    asked = refreshes(alice)
    for turn in range(3):
        expire(alice, tab)
        for page in (alice.page, tab):
            page.evaluate("dispatchEvent(new Event('online'))")
        alice.eventually(lambda wanted=turn + 1: len(asked) >= wanted)
        alice.page.wait_for_timeout(500)

    alice.asks("Still here?")
    for page in (alice.page, tab):
        expect(page.get_by_role("textbox", name="Username")).to_be_hidden()


def test_when_the_refresh_token_is_dead_one_signs_in_and_nothing_is_lost(alice, site):
    alice.asks("Hello")
    alice.writing.press_sequentially("Half a sentence")
    alice.page.evaluate(
        """() => {
            const account = JSON.parse(localStorage.getItem("chat.account"));
            localStorage.setItem("chat.account", JSON.stringify({ ...account, refresh: "dead" }));
        }"""
    )
    expire(alice)
    alice.button("Send").click()
    expect(alice.page.get_by_text("You have been signed out")).to_be_visible()
    alice.signs_in()

    expect(alice.messages("Assistant").last).to_contain_text("Answer to: Half a sentence")
    alice.rests()
    assert len(stored(site, alice.token(), alice.session_id)) == 4


def test_a_draft_outlives_a_reload(alice):
    alice.asks("Hello")
    alice.writing.press_sequentially("not yet sent")
    alice.page.reload()

    expect(alice.writing).to_have_value("not yet sent")


def test_each_chat_has_its_own_draft(alice):
    alice.asks("Hello")
    alice.writing.fill("for this chat")
    alice.button("New chat").click()
    expect(alice.writing).to_have_value("")
    alice.writing.fill("for a new one")
    alice.page.go_back()

    expect(alice.writing).to_have_value("for this chat")
    alice.button("New chat").click()
    expect(alice.writing).to_have_value("for a new one")
