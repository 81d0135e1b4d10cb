"""`GET /session?tag=&metadata.KEY=&pinned=` and `GET /session/count`."""

from typing import Any

import pytest

from sessions_app.documents import Session
from tests.api.bodies import NO_TOKEN, invalid, path
from tests.conftest import Person

POSSIBLE = "status, tag, pinned, temporary and metadata.KEY"


@pytest.fixture
def several(create: Any) -> Any:
    """Sessions `1` to `5`, the newest created last."""
    return [
        create(title="1", tags=["travel"], metadata={"channel": "web", "plan": "free"}),
        create(title="2", tags=["travel", "2027"], metadata={"channel": "app"}),
        create(title="3", tags=["2027"], pinned=True, metadata={"channel": "web"}),
        create(title="4", metadata={"other": "web", "channel": "Web"}),
        create(title="5", pinned=True),
    ]


def titles(person: Person, query: str) -> str:
    response = person.client.get(f"/session?{query}")
    assert response.status_code == 200, response.content
    return "".join(session["title"] for session in response.json()["results"])


def count(person: Person, query: str = "") -> Any:
    response = person.client.get(f"/session/count?{query}")
    assert response.status_code == 200, response.content
    return response.json()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tag=travel", "21"),
        ("tag=2027", "32"),
        ("tag=none", ""),
        ("metadata.channel=web", "31"),
        ("metadata.channel=", ""),
        ("metadata.channel=web&metadata.plan=free", "1"),
        ("metadata.plan=web", ""),
        ("tag=travel&metadata.channel=app", "2"),
        ("pinned=true", "53"),
        ("pinned=true&tag=2027", "3"),
        ("pinned=false&tag=2027", "2"),
        ("pinned=false", "421"),
        ("tag=travel&status=archived", ""),
        ("", "54321"),
    ],
)
def test_a_filter_finds_what_meets_all_of_it(alice: Person, several: Any, query: str, found: str):
    assert titles(alice, query) == found
    if query:
        assert count(alice, query) == {"count": len(found), "complete": True}


def test_an_append_leaves_the_order_of_a_filtered_list(alice: Person, several: Any, append: Any):
    append(several[0])
    assert titles(alice, "tag=travel") == "21"


def test_pages_follow_one_another_in_both_directions(alice: Person, create: Any):
    for number in range(5):
        create(title=str(number), tags=["t"])
    seen, url = "", "/session?tag=t&limit=2"
    pages = []
    while url:
        page = alice.client.get(url).json()
        pages.append(page)
        seen += "".join(session["title"] for session in page["results"])
        url = page["next"]
    assert seen == "43210"
    back = alice.client.get(pages[-1]["previous"]).json()
    assert "".join(session["title"] for session in back["results"]) == "21"


def test_it_finds_only_ones_own(bob: Person, several: Any):
    for query in ("tag=travel", "metadata.channel=web", "pinned=true"):
        assert titles(bob, query) == ""
        assert count(bob, query)["count"] == 0
    assert count(bob, "by=tag")["values"] == []


def test_an_expired_session_is_gone_from_it(alice: Person, several: Any, expire: Any):
    expire(several[0])
    assert titles(alice, "tag=travel") == "2"
    assert count(alice, "tag=travel")["count"] == 1


def test_archived_ones_are_found_as_such(alice: Person, several: Any, archive: Any):
    archive(several[0])
    assert titles(alice, "tag=travel") == "2"
    assert titles(alice, "tag=travel&status=archived") == "1"


@pytest.mark.mongod("plans of queries")
def test_values_are_counted(alice: Person, several: Any):
    assert count(alice, "by=tag")["values"] == [
        {"value": "2027", "count": 2}, {"value": "travel", "count": 2},
    ]  # fmt: skip
    assert count(alice, "by=metadata.channel") == {
        "count": 5,
        "complete": True,
        "values": [
            {"value": "web", "count": 2}, {"value": "Web", "count": 1},
            {"value": "app", "count": 1},
        ],
    }  # fmt: skip
    assert count(alice, "tag=2027&by=metadata.channel")["values"] == [
        {"value": "app", "count": 1}, {"value": "web", "count": 1},
    ]  # fmt: skip


def test_a_bound_is_said(alice: Person, several: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sessions_app.services.sessions.filters.SESSIONS_COUNTED", 1)
    assert count(alice, "tag=travel") == {"count": 1, "complete": False}


@pytest.mark.parametrize(
    "name", ["title", "user_id", "metadata", "tags", "created_at", "Tag", "metadata[channel]"]
)
@pytest.mark.parametrize("route", ["/session", "/session/count"])
def test_another_filter_is_refused_and_those_that_are_possible_are_named(
    alice: Person, several: Any, name: str, route: str
):
    response = alice.client.get(route, {name: "x"})
    assert response.status_code == 400
    assert response.json() == invalid(
        name, f"There is no such member here; sessions are filtered by {POSSIBLE}.",
        "unknown_parameter",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("tag=", "tag"),
        ("tag=" + "x" * 65, "tag"),
        ("pinned=yes", "pinned"),
        ("temporary=1", "temporary"),
        ("metadata.=x", "metadata."),
        ("metadata." + "x" * 65 + "=y", "metadata." + "x" * 65),
        ("metadata.a=1&metadata.a=2", "metadata.a"),
        ("tag=a&tag=b", "tag"),
        ("tag=a&expiring_within=60", "expiring_within"),
        ("metadata.a=b&expiring_within=60", "expiring_within"),
    ],
)
def test_a_filter_that_is_wrong_is_refused(alice: Person, query: str, attr: str):
    response = alice.client.get(f"/session?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == attr


@pytest.mark.parametrize("by", ["title", "metadata", "metadata.", ""])
def test_other_values_are_not_counted(alice: Person, by: str):
    response = alice.client.get("/session/count", {"by": by})
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "by"


def test_it_needs_a_token(anybody: Any):
    response = anybody.get("/session/count")
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_an_append_changes_nothing_that_the_indexes_of_filters_hold():
    by_append = {
        "messages", "message_count", "token_count", "tail_bytes", "tail_start", "tail_revision",
        "version", "updated_at", "expires_at", "turn", "turn_queue", "topic",
    }  # fmt: skip
    touched = {
        index["name"]
        for index in Session._meta["index_specs"]
        if by_append & {name.split(".")[0] for name, _ in index["fields"]}
    }
    # As before there were filters.
    assert touched == {
        "user_status_activity", "expiry", "user_expiry",
        "review_activity", "review_flagged", "review_held",
    }  # fmt: skip


def test_the_list_of_one_session_is_that_of_all(alice: Person, several: Any):
    one = alice.client.get(path(several[0])).json()
    [listed] = alice.client.get("/session?tag=travel&metadata.plan=free").json()["results"]
    assert listed == {name: one[name] for name in listed}
