"""No browser and no proxy keeps a conversation."""

import pytest
from rest_framework.test import APIClient

from tests.api.bodies import path


def test_conversations_are_not_stored(alice, session, append):
    append(session, "My number is 1", role="user")
    routes = [
        "/session",
        "/session/search?q=number",
        path(session),
        *(path(session) + end for end in ("/messages", "/context", "/topics", "/export")),
    ]
    kept = {
        route: response["Cache-Control"]
        for route in routes
        if (response := alice.client.get(route))["Cache-Control"] != "no-store"
        or response.status_code != 200
    }
    assert kept == {}


@pytest.mark.parametrize(("method", "status"), [("post", 201), ("get", 404), ("delete", 404)])
def test_answers_to_other_requests_are_not_stored_either(alice, method, status):
    route = "/session/create" if method == "post" else "/session/unknown"
    response = getattr(alice.client, method)(route)
    assert (response.status_code, response["Cache-Control"]) == (status, "no-store")


def test_nor_are_refusals(database):
    response = APIClient().get("/session")
    assert (response.status_code, response["Cache-Control"]) == (401, "no-store")
    assert APIClient().get("/no/such/route")["Cache-Control"] == "no-store"


def test_the_page_is_kept_and_asked_for_again(database):
    assert APIClient().get("/")["Cache-Control"] == "no-cache"
