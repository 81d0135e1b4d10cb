"""A request that is sent again stores nothing twice."""

import pytest

from tests.openai_api.conversations import calls
from tests.openai_api.conversations.calls import CALL, URL

KEY = {"Idempotency-Key": "key-1"}


@pytest.fixture
def conversation(alice):
    return calls.created(alice)


def number_of_sessions(person):
    return len(person.client.get("/session").json()["results"])


def test_items_under_the_same_key_are_added_once(alice, conversation):
    first = calls.added(alice, conversation, calls.user("yes"), CALL, headers=KEY)
    again = calls.added(alice, conversation, calls.user("yes"), CALL, headers=KEY)
    assert again == first == calls.items(alice, conversation)


def test_the_same_key_with_other_items_is_refused(alice, conversation):
    calls.added(alice, conversation, calls.user("yes"), headers=KEY)
    for other in ([calls.user("no")], [calls.user("yes"), CALL]):
        response = calls.add(alice, conversation, *other, headers=KEY)
        problem = response.json()["error"]
        assert (response.status_code, problem["code"]) == (422, "idempotency_mismatch")


def test_a_repeat_of_the_package_adds_nothing(alice, conversation):
    sent = [calls.user("yes", id="msg_mine"), CALL]
    first = calls.added(alice, conversation, *sent, headers=calls.retried(0))
    for count in (1, 2):
        again = calls.added(alice, conversation, *sent, headers=calls.retried(count))
        assert again == first
    assert calls.items(alice, conversation) == first


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_repeat_is_known_though_others_have_written_meanwhile(alice, conversation):
    calls.added(alice, conversation, calls.user("yes"), headers=calls.retried(0))
    for _ in range(3):
        calls.added(alice, conversation, *[calls.user("x")] * 100)
    calls.added(alice, conversation, calls.user("yes"), headers=calls.retried(1))
    assert calls.page(alice, conversation).json()["data"][0]["content"][0]["text"] == "x"


def test_a_repeat_whose_first_attempt_never_came_is_stored_once(alice, conversation):
    for count in (1, 2, 3):
        calls.added(alice, conversation, calls.user("yes"), headers=calls.retried(count))
    assert calls.texts(calls.items(alice, conversation)) == ["yes"]


def test_the_same_said_again_on_purpose_is_stored_again(alice, conversation):
    for headers in (calls.retried(0), calls.retried(0), None, None):
        calls.added(alice, conversation, calls.user("yes"), headers=headers)
    assert calls.texts(calls.items(alice, conversation)) == ["yes"] * 4


def test_a_repeat_after_an_erasure_brings_nothing_back(alice, conversation):
    [item] = calls.added(alice, conversation, calls.user("yes"), headers=calls.retried(0))
    calls.remove(alice, conversation, item["id"])
    assert calls.added(alice, conversation, calls.user("yes"), headers=calls.retried(1)) == []
    assert calls.items(alice, conversation) == []


def test_a_repeat_after_a_part_was_removed_brings_nothing_back(alice, conversation):
    sent = [calls.assistant("Wait."), CALL]
    said, call = calls.added(alice, conversation, *sent, headers=KEY)
    calls.remove(alice, conversation, said["id"])
    assert calls.added(alice, conversation, *sent, headers=KEY) == [call]


def test_a_conversation_is_created_once_under_a_key(alice):
    answers = [
        calls.create(alice, calls.user("Hello"), metadata={"a": "b"}, headers=KEY).json()
        for _ in range(3)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert number_of_sessions(alice) == 1
    other = calls.create(alice, calls.user("Hi"), headers=KEY)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")


def test_keys_of_two_people_are_two(alice, bob):
    mine, theirs = (calls.create(person, headers=KEY).json()["id"] for person in (alice, bob))
    assert mine != theirs


def test_a_repeat_of_the_package_creates_nothing(alice):
    first = calls.create(alice, calls.user("Hello"), headers=calls.retried(0)).json()
    for count in (1, 2):
        again = calls.create(alice, calls.user("Hello"), headers=calls.retried(count)).json()
        assert again == first
    assert number_of_sessions(alice) == 1


def test_conversations_that_are_asked_for_in_the_same_words_are_several(alice):
    ids = {calls.create(alice, headers=calls.retried(0)).json()["id"] for _ in range(3)}
    ids |= {calls.create(alice).json()["id"] for _ in range(2)}
    assert len(ids) == 5


def test_repeats_of_several_equal_requests_get_one_conversation_each(alice):
    first = {calls.create(alice, headers=calls.retried(0)).json()["id"] for _ in range(3)}
    again = {calls.create(alice, headers=calls.retried(1)).json()["id"] for _ in range(3)}
    assert again == first


def test_a_repeat_gets_no_conversation_that_somebody_uses(alice):
    used = calls.create(alice, headers=calls.retried(0)).json()["id"]
    calls.added(alice, used, calls.user("Hello"))
    assert calls.create(alice, headers=calls.retried(1)).json()["id"] != used


def test_a_late_repeat_does_not_bring_a_deleted_conversation_back(alice):
    for headers, again in ((KEY, KEY), (calls.retried(0), calls.retried(1))):
        deleted = calls.create(alice, calls.user("Hello"), headers=headers).json()["id"]
        alice.client.delete(f"{URL}/{deleted}")
        response = calls.create(alice, calls.user("Hello"), headers=again)
        assert response.status_code == 404, response.json()
    assert number_of_sessions(alice) == 0
