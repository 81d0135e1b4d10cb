"""`POST /session/{id}/context/reset`."""

import pytest

from tests.api.bodies import ARCHIVED, EXPIRED, NO_SESSION, NO_TOKEN, invalid, path
from tests.api.test_show_context import kept, window


def reset(person, session, **body):
    return person.client.post(path(session, "context", "reset"), body)


def test_the_window_starts_after_the_newest_message(alice, create, append):
    session = create(system_prompt="Be brief.")
    append(session, "old")
    body = reset(alice, session).json()
    append(session, "new")
    assert (body["session_id"], body["context_start"]) == (session["session_id"], 3)
    shown = window(alice, session)
    assert kept(shown) == [1, 3]
    assert shown["plan"][1]["reason"] == "before_reset"


def test_the_history_stays(alice, session, append):
    append(session, "old")
    reset(alice, session)
    assert alice.client.get(path(session)).json()["messages"][0]["content"] == "old"


def test_resets_are_undone_one_after_the_other(alice, session, append):
    for content in ("one", "two", "three"):
        append(session, content)
        reset(alice, session)
    starts = [reset(alice, session, undo=True).json()["context_start"] for _ in range(4)]
    assert starts == [3, 2, 1, 1]


def test_undoing_nothing_changes_nothing(alice, session):
    before = alice.client.get(path(session)).headers["ETag"]
    assert reset(alice, session, undo=True).headers["ETag"] == before


def test_a_reset_raises_the_version(alice, session, append):
    append(session, "old")
    before = alice.client.get(path(session)).headers["ETag"]
    assert reset(alice, session).headers["ETag"] != before


TALK = [
    "Which hotels in Lisbon take dogs and are near the river?",
    "Three hotels in Lisbon near the river take dogs.",
    "Is there a park for dogs near those hotels in Lisbon?",
    "Yes, the park by the river takes dogs.",
    "By the way, new topic: how do I sort a list of numbers in Python?",
]


@pytest.fixture
def shifted(alice, create, append):
    session = create(context_policy={"on_topic_shift": "reset"})
    for number, content in enumerate(TALK):
        append(session, content, role="assistant" if number % 2 else "user")
    return session


def test_a_topic_shift_resets_the_window_where_the_policy_says_so(alice, shifted):
    shown = window(alice, shifted)
    assert kept(shown) == [5]
    assert {m["reason"] for m in shown["plan"] if not m["kept"]} == {"previous_topic"}


def test_a_reset_by_a_topic_shift_is_undone(alice, shifted):
    window(alice, shifted)
    reset(alice, shifted, undo=True)
    assert kept(window(alice, shifted)) == [1, 2, 3, 4, 5]


def test_another_policy_undoes_it_as_well(alice, shifted):
    alice.client.patch(path(shifted), {"context_policy": {"on_topic_shift": "keep"}})
    assert kept(window(alice, shifted)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("undo", ["yes", 1, None, []])
def test_undo_is_true_or_false(alice, session, undo):
    response = reset(alice, session, undo=undo)
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "undo"


def test_an_archived_session_is_not_reset(alice, session, archive):
    archive(session)
    response = reset(alice, session)
    assert (response.status_code, response.json()) == (409, ARCHIVED)


def test_an_expired_session_is_not_reset(alice, session, expire):
    expire(session)
    response = reset(alice, session)
    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_a_stranger_finds_no_session(bob, session):
    response = reset(bob, session)
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_it_asks_for_a_token(anybody, session):
    response = anybody.post(path(session, "context", "reset"), {})
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_a_body_that_is_no_object_is_refused(alice, session):
    response = alice.client.post(path(session, "context", "reset"), [1])
    detail = "Invalid data. Expected a dictionary, but got list."
    assert (response.status_code, response.json()) == (400, invalid("non_field_errors", detail))
