"""`GET /session?expiring_within=`."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.bodies import invalid, path

EMPTY = {"next": None, "previous": None, "results": []}


@pytest.fixture
def five(create):
    """Sessions `1` to `5`, the highest expiring last, a minute apart, and two others."""
    for title, ttl_seconds in (("later", None), ("never", 0)):
        create(title=title, ttl_seconds=ttl_seconds)
    made = [create(title=str(n), ttl_seconds=n * 60) for n in (3, 1, 5, 2, 4)]
    return {session["title"]: session for session in made}


def titles(page):
    return "".join(session["title"] for session in page["results"])


def follow(client, url):
    response = client.get(url)
    assert response.status_code == 200, response.content
    return response.json()


def test_it_lists_what_expires_within_so_many_seconds_soonest_first(alice, five):
    page = follow(alice.client, "/session?expiring_within=600")
    assert titles(page) == "12345"
    assert page["results"][0] == five["1"]
    assert titles(follow(alice.client, "/session?expiring_within=150")) == "12"
    assert follow(alice.client, "/session?expiring_within=1") == EMPTY


def test_what_has_no_timeout_is_never_about_to_expire(alice, five):
    page = follow(alice.client, "/session?expiring_within=3153600000")
    assert titles(page) == "12345later"


def test_what_has_expired_is_not_about_to(alice, five, expire):
    expire(five["2"])
    assert titles(follow(alice.client, "/session?expiring_within=600")) == "1345"


def test_what_is_archived_is_not_about_to(alice, five, archive):
    archive(five["2"])
    assert titles(follow(alice.client, "/session?expiring_within=600")) == "1345"


def test_activity_takes_a_session_off_the_list(alice, five, append):
    alice.client.patch(path(five["2"]), {"ttl_seconds": 5_000})
    assert titles(follow(alice.client, "/session?expiring_within=600")) == "1345"


def test_it_lists_only_ones_own(bob, carol, five):
    for other in (bob, carol):
        assert other.client.get("/session?expiring_within=600").json() == EMPTY


def test_pages_lead_to_the_end_and_back(alice, five):
    first = follow(alice.client, "/session?expiring_within=600&limit=2")
    second = follow(alice.client, first["next"])
    third = follow(alice.client, second["next"])
    assert [titles(page) for page in (first, second, third)] == ["12", "34", "5"]
    assert (first["previous"], third["next"]) == (None, None)
    back = follow(alice.client, third["previous"])
    start = follow(alice.client, back["previous"])
    assert [titles(page) for page in (back, start)] == ["34", "12"]
    assert start["previous"] is None


def test_sessions_of_the_same_moment_are_all_shown_once(alice, five, database):
    soon = datetime.now(UTC) + timedelta(seconds=60)
    database.sessions.update_many(
        {"expires_at": {"$exists": True}, "title": {"$ne": "later"}}, {"$set": {"expires_at": soon}}
    )
    page, seen = follow(alice.client, "/session?expiring_within=600&limit=2"), ""
    while page["next"]:
        seen += titles(page)
        page = follow(alice.client, page["next"])
    assert sorted(seen + titles(page)) == list("12345")


def test_archived_ones_cannot_be_asked_for(alice):
    response = alice.client.get("/session?expiring_within=600&status=archived")
    assert response.status_code == 400
    assert response.json() == invalid("expiring_within", "An archived session does not expire.")


@pytest.mark.parametrize(
    ("value", "code", "detail"),
    [
        ("0", "min_value", "Ensure this value is greater than or equal to 1."),
        ("-5", "min_value", "Ensure this value is greater than or equal to 1."),
        ("3153600001", "max_value", "Ensure this value is less than or equal to 3153600000."),
        ("soon", "invalid", "A valid integer is required."),
        ("1e3", "invalid", "A valid integer is required."),
    ],
)
def test_other_spans_are_refused(alice, value, code, detail):
    response = alice.client.get(f"/session?expiring_within={value}")
    assert response.status_code == 400
    assert response.json() == invalid("expiring_within", detail, code)


def test_it_needs_a_token(anybody, five):
    assert anybody.get("/session?expiring_within=600").status_code == 401
