"""`GET /session`."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.bodies import CONTROLS, NO_TOKEN, invalid, path

EMPTY = {"next": None, "previous": None, "results": []}
NOT_OURS = invalid("cursor", "This cursor is not one of ours.")


@pytest.fixture
def five(create, database):
    """Sessions `1` to `5`, the highest active last, a minute apart."""
    sessions = [create(title=str(n)) for n in range(1, 6)]
    begin = datetime.now(UTC) - timedelta(hours=1)
    for minute, session in enumerate(sessions):
        moment = begin + timedelta(minutes=minute)
        database.sessions.update_one(
            {"_id": session["session_id"]}, {"$set": {"updated_at": moment}}
        )
    return sessions


def titles(page):
    return "".join(session["title"] for session in page["results"])


def follow(client, url):
    response = client.get(url)
    assert response.status_code == 200, response.content
    return response.json()


def test_somebody_without_sessions_sees_an_empty_list(alice):
    response = alice.client.get("/session")
    assert (response.status_code, response.json()) == (200, EMPTY)


def test_it_lists_sessions_without_messages(alice, create):
    session = create(messages=[{"content": "secret"}])
    response = alice.client.get("/session")
    assert response.json() == EMPTY | {"results": [session]}


def test_it_lists_only_ones_own(bob, carol, session):
    for other in (bob, carol):
        assert other.client.get("/session").json() == EMPTY


def test_the_newest_activity_comes_first(alice, five, append):
    assert titles(follow(alice.client, "/session")) == "54321"
    append(five[1])
    assert titles(follow(alice.client, "/session")) == "25431"


def test_a_change_of_a_session_is_activity(alice, five):
    alice.client.patch(path(five[0]), {"title": "1"})
    assert titles(follow(alice.client, "/session")) == "15432"


def test_reading_a_session_is_not_activity(alice, five):
    alice.client.get(path(five[0]))
    assert titles(follow(alice.client, "/session")) == "54321"


def test_pages_lead_to_the_end_and_back(alice, five):
    first = follow(alice.client, "/session?limit=2")
    second = follow(alice.client, first["next"])
    third = follow(alice.client, second["next"])
    assert [titles(page) for page in (first, second, third)] == ["54", "32", "1"]
    assert (first["previous"], third["next"]) == (None, None)
    back = follow(alice.client, third["previous"])
    start = follow(alice.client, back["previous"])
    assert [titles(page) for page in (back, start)] == ["32", "54"]
    assert start["previous"] is None
    assert follow(alice.client, start["next"])["results"] == second["results"]


def test_a_page_that_is_just_full_is_the_last(alice, five):
    page = follow(alice.client, "/session?limit=5")
    assert (titles(page), page["next"], page["previous"]) == ("54321", None, None)


def test_new_activity_neither_repeats_nor_hides_what_a_page_still_has_to_show(
    alice, five, append, create
):
    first = follow(alice.client, "/session?limit=2")
    append(five[3])
    append(five[0])
    create(title="6")
    second = follow(alice.client, first["next"])
    assert (titles(second), second["next"]) == ("32", None)


def test_new_activity_is_found_on_the_way_back(alice, five, append):
    first = follow(alice.client, "/session?limit=2")
    second = follow(alice.client, first["next"])
    append(five[0])
    back = follow(alice.client, second["previous"])
    assert titles(back) == "54"
    assert titles(follow(alice.client, back["previous"])) == "1"


def test_a_deleted_session_leaves_the_cursor_usable(alice, five):
    first = follow(alice.client, "/session?limit=2")
    alice.client.delete(path(five[3]))
    assert titles(follow(alice.client, first["next"])) == "32"


def test_sessions_of_the_same_moment_are_all_shown_once(alice, five, database):
    database.sessions.update_many({}, {"$set": {"updated_at": datetime.now(UTC)}})
    page, seen = follow(alice.client, "/session?limit=2"), ""
    while page["next"]:
        seen += titles(page)
        page = follow(alice.client, page["next"])
    assert sorted(seen + titles(page)) == list("12345")


def test_the_links_keep_the_rest_of_the_query(alice, five, archive):
    for session in five:
        archive(session)
    page = follow(alice.client, "/session?status=archived&limit=2")
    assert page["next"].startswith("http://testserver/session?")
    assert len(follow(alice.client, page["next"])["results"]) == 2


def test_archived_sessions_are_on_a_list_of_their_own(alice, five, archive):
    archive(five[2])
    assert titles(follow(alice.client, "/session")) == "5421"
    assert titles(follow(alice.client, "/session?status=active")) == "5421"
    assert titles(follow(alice.client, "/session?status=archived")) == "3"


def test_an_expired_session_is_on_neither_list(alice, five, expire):
    expire(five[2])
    assert titles(follow(alice.client, "/session")) == "5421"
    assert follow(alice.client, "/session?status=archived") == EMPTY


def test_a_strangers_cursor_shows_ones_own_sessions_only(alice, bob, five):
    cursor = follow(alice.client, "/session?limit=2")["next"]
    assert follow(bob.client, cursor)["results"] == []


@pytest.mark.parametrize("limit", [1, 500])
def test_limits_can_be_reached(alice, five, limit):
    page = follow(alice.client, f"/session?limit={limit}")
    assert len(page["results"]) == min(limit, 5)


@pytest.mark.parametrize(
    ("limit", "code", "detail"),
    [
        ("0", "min_value", "Ensure this value is greater than or equal to 1."),
        ("-1", "min_value", "Ensure this value is greater than or equal to 1."),
        ("501", "max_value", "Ensure this value is less than or equal to 500."),
        ("1" + "0" * 30, "max_value", "Ensure this value is less than or equal to 500."),
        ("abc", "invalid", "A valid integer is required."),
        ("1e3", "invalid", "A valid integer is required."),
        ("1.0", "invalid", "A valid integer is required."),
        ("1_0", "invalid", "A valid integer is required."),
        ("%D9%A5", "invalid", "A valid integer is required."),
        ("%00", "invalid", "A valid integer is required."),
        ("1;drop", "invalid", "A valid integer is required."),
    ],
)
def test_other_limits_are_refused(alice, limit, code, detail):
    response = alice.client.get(f"/session?limit={limit}")
    assert response.status_code == 400
    assert response.json() == invalid("limit", detail, code)


@pytest.mark.parametrize("status", ["deleted", "ACTIVE", "active,archived", "%7B%22$ne%22:1%7D"])
def test_other_statuses_are_refused(alice, status):
    response = alice.client.get(f"/session?status={status}")
    assert response.status_code == 400
    assert response.json() == invalid(
        "status", "Expected one of: active, archived.", "invalid_choice"
    )


def encoded(value):
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!!!",
        "abc%20def",
        "é",
        "=" * 400,
        "A" * 500,
        encoded(b"\xff\xfe"),
        encoded([]),
        encoded(None),
        encoded({"$gt": ""}),
        encoded({"a": 1, "b": 2, "c": 3}),
        encoded([1, "x"]),
        encoded([1, {"$gt": ""}, 0]),
        encoded(["1", "x", 0]),
        encoded([-1, "x", 0]),
        encoded([1.5, "x", 0]),
        encoded([10**30, "x", 0]),
        encoded([True, "x", 0]),
        encoded(b'[1e400,"x",0]'),
        encoded(b'[NaN,"x",0]'),
        encoded([1, "x\x00", 0]),
        encoded(b'[1,"\\ud800",0]'),
        encoded([1, "x", 2]),
        encoded(b'[1, "x", 0]'),
        encoded(b"[" * 300),
        encoded([1, "x", 0]) + "=",
    ],
)
def test_a_cursor_that_was_not_given_out_is_refused(alice, session, cursor):
    response = alice.client.get(f"/session?cursor={cursor}")
    assert (response.status_code, response.json()) == (400, NOT_OURS)


def test_a_cursor_over_the_limit_is_refused(alice):
    response = alice.client.get(f"/session?cursor={'A' * 501}")
    detail = "Ensure this field has no more than 500 characters."
    assert (response.status_code, response.json()) == (400, invalid("cursor", detail, "max_length"))


def test_a_cursor_of_control_characters_is_refused(alice):
    response = alice.client.get("/session?cursor=%00")
    assert response.status_code == 400
    assert response.json() == invalid("cursor", CONTROLS, "control_characters")


def test_an_empty_query_is_no_query(alice, five):
    assert titles(follow(alice.client, "/session?cursor=&limit=")) == "54321"


def test_it_needs_a_token(anybody, session):
    response = anybody.get("/session")
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
