"""Reloads, restarts, lost connections in the middle of a reply: nothing is lost or doubled."""

import json
import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.chatproject.conftest import Service
from tests.waiting import wait_until
from tests.web.conftest import settings, stored
from tests.web.model import writer

WAITING = "one two three"
WHOLE = "one two three four five six"


@pytest.fixture
def slow(model):
    model.answers["wait here"] = WHOLE
    model.asked.clear()
    return model


def begins(person):
    person.says("wait here")
    expect(person.messages("Assistant")).to_have_text(WAITING)


def roles(site, person):
    return [one["role"] for one in stored(site, person.token(), person.session_id)]


def test_a_reload_comes_back_to_the_reply(alice, slow, site):
    begins(alice)
    alice.page.reload()
    expect(alice.messages("Assistant")).to_have_text(WAITING)
    expect(alice.button("Stop")).to_be_visible()
    slow.gate.set()

    expect(alice.messages("Assistant")).to_contain_text(WHOLE)
    alice.rests()
    alice.shows(["wait here", WHOLE])
    assert roles(site, alice) == ["user", "assistant"]
    assert slow.asked["wait here"] == 1


def test_a_reply_that_ended_while_the_page_was_closed_is_there(alice, slow, site):
    begins(alice)
    address, session_id, token = alice.page.url, alice.session_id, alice.token()
    alice.page.close()
    slow.gate.set()
    wait_until(lambda: len(stored(site, token, session_id)) == 2)
    alice.page = alice.tab()
    alice.page.goto(address)

    expect(alice.messages("Assistant").first).to_contain_text(WHOLE)
    alice.rests()
    alice.shows(["wait here", WHOLE])
    assert slow.asked["wait here"] == 1


def test_a_second_device_sees_the_reply_being_written(alice, slow, somebody):
    begins(alice)
    phone = somebody(opened=False)
    phone.name = alice.name
    phone.page.goto(alice.page.url)
    phone.signs_in()

    expect(phone.messages("Assistant")).to_have_text(WAITING)
    slow.gate.set()
    expect(phone.messages("Assistant")).to_contain_text(WHOLE)
    phone.rests()
    phone.shows(["wait here", WHOLE])


def test_a_lost_connection_is_taken_up_where_it_was_cut(alice, slow):
    begins(alice)
    alice.context.set_offline(True)
    expect(alice.page.get_by_text("Connection lost")).to_be_visible()
    slow.gate.set()
    alice.context.set_offline(False)

    expect(alice.messages("Assistant")).to_contain_text(WHOLE)
    alice.rests()
    alice.shows(["wait here", WHOLE])
    assert slow.asked["wait here"] == 1


def event(name, event_id, data):
    return f"event: {name}\nid: {event_id}\ndata: {json.dumps(data)}\n\n"


CUT_OFF = event("context", "gone:0", {"user_message": None, "token_count": 9}) + event(
    "delta", "gone:7", {"text": "one two"}
)


def loses_its_worker(person, *, outage):
    """The next turn's stream breaks off, and then there is no such turn; after an outage, late."""
    methods = []

    def chat(route):
        methods.append("POST")
        if len(methods) > 1:
            route.fallback()
        else:
            route.fulfill(content_type="text/event-stream", body=CUT_OFF)

    def stream(route):
        methods.append("GET")
        if outage and methods.count("GET") <= 2:
            route.abort()
        else:
            route.fulfill(status=204)

    person.page.route(re.compile("/chat$"), chat)
    person.page.route(re.compile("/chat/stream$"), stream)
    return methods


def test_a_turn_whose_worker_has_died_goes_on_by_itself(alice, model):
    alice.asks("Hello")
    methods = loses_its_worker(alice, outage=False)
    alice.says("Say more")

    alice.shows(["Hello", "Answer to: Hello", "Say more", "Answer to: Say more"])
    alice.sent()
    assert methods[:3] == ["POST", "GET", "POST"]
    assert model.asked["Say more"] == 1


def test_after_an_outage_the_user_is_asked_before_a_turn_runs_again(alice, model):
    alice.asks("Hello")
    methods = loses_its_worker(alice, outage=True)
    alice.says("Say more")
    expect(alice.button("Try again")).to_be_visible()
    assert methods.count("POST") == 1
    alice.button("Try again").click()

    alice.shows(["Hello", "Answer to: Hello", "Say more", "Answer to: Say more"])
    alice.sent()
    assert model.asked["Say more"] == 1


@pytest.mark.slow
def test_the_stream_goes_on_when_its_worker_is_killed(somebody, slow, tmp_path_factory):
    directory = tmp_path_factory.mktemp("killed") / "data"
    service = Service(directory, WORKERS="2", **settings(slow)).ready()
    try:
        alice = somebody(at=service)
        begins(alice)
        os.kill(writer(service, slow), signal.SIGKILL)
        wait_until(lambda: slow.asked["wait here"] == 2)
        slow.gate.set()
        expect(alice.messages("Assistant")).to_contain_text(WHOLE)
        alice.rests()
        alice.shows(["wait here", WHOLE])
        assert roles(service, alice) == ["user", "assistant"]
        alice.page.goto("about:blank")
    finally:
        service.kill()


def test_a_restart_of_the_service_fails_the_turn_and_offers_it_again(
    somebody, slow, tmp_path_factory
):
    directory = tmp_path_factory.mktemp("restarted") / "data"
    first = Service(directory, **settings(slow)).ready()
    try:
        alice = somebody(at=first)
        begins(alice)
        first.kill()
        expect(alice.page.get_by_text("Connection lost")).to_be_visible()
        second = Service(directory, PORT=str(first.port), **settings(slow)).ready()
        try:
            expect(alice.button("Try again")).to_be_visible(timeout=90_000)
            assert roles(second, alice) == ["user"]
            slow.gate.set()
            alice.button("Try again").click()
            expect(alice.messages("Assistant")).to_contain_text(WHOLE)
            alice.rests()
            alice.shows(["wait here", WHOLE])
            assert roles(second, alice) == ["user", "assistant"]
        finally:
            alice.page.goto("about:blank")
            second.kill()
    finally:
        first.kill()
