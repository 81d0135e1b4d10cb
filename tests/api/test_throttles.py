"""429: rates per user and per address."""

import json

import pytest
from pymongo.read_concern import ReadConcern

from sessions_app.services import throttling
from tests.api.bodies import UNAVAILABLE, path
from tests.conftest import error

OFF = dict.fromkeys(("anon", "user", "login", "chat", "search"))


@pytest.fixture
def rate(settings):
    """Set one rate; the others stay off."""

    def set_rate(**rates):
        settings.THROTTLE_RATES = OFF | rates

    return set_rate


def codes(client, number, route="/session"):
    return [client.get(route).status_code for _ in range(number)]


def test_a_user_is_throttled_after_so_many_requests(alice, rate):
    rate(user="3/day")
    assert codes(alice.client, 5) == [200, 200, 200, 429, 429]


def test_it_says_when_to_try_again(alice, rate):
    rate(user="1/min")
    alice.client.get("/session")
    response = alice.client.get("/session")
    seconds = int(response["Retry-After"])
    unit = "second" if seconds == 1 else "seconds"
    detail = f"Request was throttled. Expected available in {seconds} {unit}."
    assert 1 <= seconds <= 60
    assert (response.status_code, response.json()) == (429, error("throttled", detail))


def test_every_route_counts(alice, session, rate):
    rate(user="4/day")
    answers = [
        alice.client.post(path(session, "message"), {"content": "x"}),
        alice.client.get(path(session)),
        alice.client.patch(path(session), {"title": "x"}),
        alice.client.get(path(session, "export")),
        alice.client.delete(path(session)),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 429]


def test_a_refused_request_does_nothing(alice, session, rate, stored):
    rate(user="1/day")
    alice.client.get("/session")
    before = stored()
    response = alice.client.post(path(session, "message"), {"content": "x"})
    assert response.status_code == 429
    assert stored() == before


def test_users_are_counted_apart(alice, bob, rate):
    rate(user="2/day")
    assert codes(alice.client, 3) == [200, 200, 429]
    assert codes(bob.client, 3) == [200, 200, 429]


def test_another_worker_counts_along(alice, rate):
    rate(user="3/day")
    answers = codes(alice.client, 2)
    throttling.forget()
    assert answers + codes(alice.client, 2) == [200, 200, 200, 429]


def test_an_empty_rate_is_none(alice, rate):
    rate(user=None)
    assert set(codes(alice.client, 20)) == {200}


@pytest.mark.django_db
def test_an_address_is_throttled_where_no_token_is_needed(anybody, database, rate):
    rate(anon="2/day")
    answers = [anybody.post("/auth/register", {}).status_code for _ in range(3)]
    assert answers == [400, 400, 429]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["x", "\ud800", 5, None, ["x"], {"$gt": ""}, "x" * 100_000])
def test_attempts_at_any_name_are_counted(anybody, database, rate, name):
    rate(login="2/day")
    body = json_of({"username": name, "password": "x"})
    answers = [
        anybody.post("/auth/token", data=body, content_type="application/json").status_code
        for _ in range(3)
    ]
    assert answers[0] in {400, 401}
    assert answers[2] == 429


def json_of(value):
    return json.dumps(value).encode()


def test_nobody_is_named_in_what_is_counted(alice, database, rate):
    rate(user="5/day")
    alice.client.get("/session")
    # Counted without waiting for a majority, so asked for without one.
    windows = database.throttle_windows.with_options(read_concern=ReadConcern("local"))
    (window,) = windows.find({})
    assert alice.id not in repr(window)
    assert window["used"] == 1


def test_a_counter_that_cannot_be_reached_is_unavailable(alice, rate, without_mongodb):
    rate(user="5/day")
    without_mongodb()
    response = alice.client.get("/session")
    assert (response.status_code, response.json()) == (503, UNAVAILABLE)
    assert response["Retry-After"] == "2"
