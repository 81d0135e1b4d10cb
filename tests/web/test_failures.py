"""What fails does not stand in the way: it can be edited, tried again or given up."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.waiting import wait_until
from tests.web.conftest import stored

TOO_LONG = "x" * 600_000


def refused(status, code, *, times=10**6):
    """Answers the turns of a message that says `bad` with an error of the service."""
    left = {"times": times}

    def answer(route):
        if "bad" not in (route.request.post_data or "") or not left["times"]:
            route.fallback()
            return
        left["times"] -= 1
        detail = "psycopg: raw words of a library"
        body = {"type": "client_error", "errors": [{"code": code, "detail": detail, "attr": None}]}
        route.fulfill(status=status, content_type="application/json", body=json.dumps(body))

    return answer


def trouble(person):
    return person.conversation.get_by_role("alert")


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, "legal_hold"), (400, "model_not_allowed"), (422, "idempotency_mismatch"), (418, "tea")],
)
def test_a_failed_message_does_not_hold_up_the_next_ones(alice, site, status, code):
    alice.asks("Hello")
    alice.page.route(re.compile("/chat$"), refused(status, code))
    alice.says("bad one")
    expect(trouble(alice)).to_be_visible()
    assert "psycopg" not in trouble(alice).inner_text()
    alice.asks("A good one")
    alice.page.reload()
    alice.asks("Another good one")

    kept = [one["content"] for one in stored(site, alice.token(), alice.session_id)]
    assert kept[2::2] == ["A good one", "Another good one"]
    expect(trouble(alice)).to_be_visible()
    alice.button("Discard").click()
    expect(trouble(alice)).to_have_count(0)


def test_a_discarded_message_can_be_taken_back_and_is_gone_in_the_end(alice):
    alice.asks("Hello")
    alice.page.route(re.compile("/chat$"), refused(418, "tea"))
    alice.says("bad one")
    alice.button("Discard").click()
    expect(trouble(alice)).to_have_count(0)
    alice.button("Undo").click()
    expect(trouble(alice)).to_be_visible()
    expect(alice.conversation).to_contain_text("bad one")

    alice.button("Discard").click()
    expect(alice.page.get_by_text("Message discarded.")).to_have_count(1)
    alice.sent()
    alice.page.reload()
    alice.shows(["Hello", "Answer to: Hello"])


def test_a_failed_message_is_edited_and_sent_where_it_stands(alice, site):
    alice.page.route(re.compile("/chat$"), refused(418, "tea"))
    alice.says("bad one")
    trouble(alice).get_by_role("button", name="Edit").click()
    alice.page.get_by_role("textbox", name="Edit").fill("A better one")
    alice.button("Save and ask").click()

    alice.shows(["A better one", "Answer to: A better one"])
    expect(trouble(alice)).to_have_count(0)


def test_what_always_fails_inside_the_service_fails_in_the_end(alice, site):
    alice.page.clock.install()
    alice.page.route(re.compile("/chat$"), refused(500, "error"))
    alice.says("bad one")
    for _ in range(40):
        if trouble(alice).count():
            break
        alice.page.clock.run_for(10_000)
    expect(trouble(alice)).to_contain_text("Try again, edit it, or discard it.")


def test_deleting_a_chat_clears_what_failed_in_it(alice, site):
    alice.asks("Hello")
    alice.page.route(re.compile("/chat$"), refused(418, "tea"))
    alice.says("bad one")
    expect(trouble(alice)).to_be_visible()
    alice.option("Delete")

    listed = alice.page.get_by_role("navigation", name="Chats").locator(".session-title")
    expect(listed).to_have_count(0)
    wait_until(lambda: site.get("/session", alice.token()).json()["results"] == [])
    alice.sent()


def test_a_stored_message_that_failed_can_be_given_up(alice, model, site):
    model.broken = True
    alice.says("Is anybody there?")
    expect(trouble(alice)).to_contain_text("The model could not be reached")
    model.broken = False
    alice.button("Discard").click()
    expect(alice.messages("User")).to_contain_text("Deleted")
    alice.asks("And now?")

    kept = stored(site, alice.token(), alice.session_id)
    assert [one["deleted"] for one in kept] == [True, False, False]


def test_a_text_over_the_limit_is_counted_and_not_sent(alice, site):
    alice.writing.fill(TOO_LONG)
    expect(alice.page.locator(".composer-note")).to_contain_text("Too long by 100,000 characters")
    expect(alice.button("Send")).to_be_disabled()
    alice.writing.press("Enter")
    expect(alice.writing).to_have_value(TOO_LONG)
    alice.writing.fill(TOO_LONG[:450_000])
    expect(alice.page.locator(".composer-note")).to_contain_text("450,000 of 500,000 characters")
    expect(alice.button("Send")).to_be_enabled()

    alice.writing.fill("Short")
    expect(alice.page.locator(".composer-note")).to_be_empty()


def test_a_text_longer_than_the_window_is_said_to_be_cut(alice):
    alice.asks("Hello")
    expect(alice.page.get_by_role("button", name="Context")).to_be_visible()
    alice.writing.fill("word " * 40_000)

    expect(alice.page.locator(".composer-note")).to_contain_text("only its beginning and its end")
    expect(alice.button("Send")).to_be_enabled()


def test_a_refused_text_goes_back_into_the_composer(alice):
    alice.asks("Hello")
    alice.page.route(re.compile("/chat$"), refused(413, "too_large"))
    alice.says("bad one")

    expect(alice.writing).to_have_value("bad one")
    expect(alice.page.get_by_text("too long to send")).to_be_visible()
    alice.shows(["Hello", "Answer to: Hello"])
