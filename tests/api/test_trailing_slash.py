"""Trailing slashes are optional."""

import pytest

from tests.api.bodies import path

ROUTES = [
    ("post", "/session/create", {}, 201),
    ("get", "/session", None, 200),
    ("get", "{}", None, 200),
    ("patch", "{}", {"title": "x"}, 200),
    ("post", "{}/message", {"content": "x"}, 201),
    ("post", "{}/messages", {"messages": [{"content": "x"}]}, 201),
    ("get", "{}/messages", None, 200),
    ("delete", "{}/messages/1", None, 204),
    ("post", "{}/fork", {}, 201),
    ("post", "{}/archive", {}, 200),
    ("post", "{}/restore", {}, 200),
    ("get", "{}/export", None, 200),
    ("delete", "{}", None, 204),
]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("method", "route", "body", "status"), ROUTES)
def test_a_route_answers_with_and_without(alice, create, method, route, body, status, slash):
    session = create(messages=[{"content": "x"}])
    response = getattr(alice.client, method)(route.format(path(session)) + slash, body)
    assert response.status_code == status


@pytest.mark.parametrize(("method", "route", "body", "status"), ROUTES)
def test_two_slashes_are_another_path(alice, create, method, route, body, status):
    session = create(messages=[{"content": "x"}])
    response = getattr(alice.client, method)(route.format(path(session)) + "//", body)
    assert response.status_code == 404


def test_a_query_may_follow_the_slash(alice, session, fill):
    fill(session, 5)
    page = alice.client.get(path(session, "messages/?after=3")).json()
    assert [m["seq"] for m in page["results"]] == [4, 5]
