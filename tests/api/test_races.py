"""Writers that meet: real threads on a real MongoDB."""

import threading
from collections import Counter
from functools import partial
from itertools import count, pairwise

import pytest
from rest_framework.test import APIClient

from sessions_app.repository import log
from tests.api.bodies import CHANGED, path
from tests.waiting import Threads, at_once, in_time, wait_until

pytestmark = pytest.mark.mongod("writers that meet")

WRITERS = 8


@pytest.fixture
def another(alice):
    """One more client that speaks for Alice: a client is not for two threads."""

    def client():
        made = APIClient(raise_request_exception=False)
        made.credentials(**alice.client._credentials)
        return made

    return client


def everything(client, session):
    results, more = [], True
    while more:
        after = results[-1]["seq"] if results else 0
        page = client.get(path(session, f"messages?after={after}&limit=500")).json()
        results, more = results + page["results"], page["has_more"]
    return results


def check_whole(client, session, database):
    """The session is in order, however it is read; its messages."""
    messages = everything(client, session)
    read = client.get(path(session)).json()
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    assert read["message_count"] == len(messages)
    assert read["token_count"] == sum(m["token_count"] for m in messages)
    assert len({m["id"] for m in messages}) == len(messages)
    held = database.sessions.find_one({"_id": session["session_id"]})
    buckets = list(database.message_buckets.find({"session_id": session["session_id"]}).sort("_id"))
    edges = [b["first_seq"] for b in buckets] + [held["tail_start"]]
    assert edges == [1] + [b["last_seq"] + 1 for b in buckets]
    assert len(held["messages"]) == len(messages) - held["tail_start"] + 1 <= 128
    return messages


def post(client, session, content, **body):
    return client.post(path(session, "message"), {"content": content, **body})


def write(client, session, writer, count):
    """A writer sends each message twice under one key; all the answers."""
    return [
        post(client, session, f"{writer}/{n}", client_id=f"{writer}/{n}")
        for n in range(count)
        for _ in range(2)
    ]


def test_eight_writers_who_send_everything_twice_leave_it_once(
    session, another, database, record_property
):
    count = 40
    answers = at_once(*(lambda w=w: write(another(), session, w, count) for w in range(WRITERS)))
    messages = check_whole(another(), session, database)
    contents = [m["content"] for m in messages]
    assert Counter(contents) == {f"{w}/{n}": 1 for w in range(WRITERS) for n in range(count)}
    for writer in range(WRITERS):
        own = [c for c in contents if c.startswith(f"{writer}/")]
        assert own == [f"{writer}/{n}" for n in range(count)]
    codes = Counter(answer.status_code for own in answers for answer in own)
    assert codes == {201: WRITERS * count, 200: WRITERS * count}
    for own in answers:
        assert all(a.json() == b.json() for a, b in zip(own[::2], own[1::2], strict=True))
    turns = sum(a.split("/")[0] != b.split("/")[0] for a, b in pairwise(contents))
    record_property("sent", codes.total())
    record_property("stored", len(messages))
    record_property("changes of writer", turns)


@pytest.mark.parametrize("old", [0, 200])
def test_one_message_sent_by_eight_at_once_is_stored_once(
    session, fill, another, database, other_worker, old
):
    fill(session, old)
    for key in map(str, range(10)):
        other_worker()
        answers = at_once(
            *[partial(post, another(), session, "x", client_id=key) for _ in range(WRITERS)]
        )
        assert Counter(a.status_code for a in answers) == {201: 1, 200: WRITERS - 1}
        assert len({a.content for a in answers}) == 1
    assert len(check_whole(another(), session, database)) == old + 10


def test_one_key_with_eight_bodies_is_stored_once(session, another, database):
    answers = at_once(
        *[lambda n=n: post(another(), session, f"{n}", client_id="k") for n in range(WRITERS)]
    )
    assert Counter(a.status_code for a in answers) == {201: 1, 422: WRITERS - 1}
    (stored,) = check_whole(another(), session, database)
    assert [a.json() for a in answers if a.status_code == 201] == [stored]


def batch(writer, n, length):
    return [{"content": f"{writer}/{n}/{place}"} for place in range(length)]


def test_batches_stay_together(session, another, database):
    def write_batches(writer):
        client = another()
        return [
            client.post(
                path(session, "messages"),
                {"messages": batch(writer, n, 20)},
                headers={"Idempotency-Key": f"{writer}/{n}"},
            ).json()["messages"]
            for n in range(4)
            for _ in range(2)
        ]

    answers = at_once(*(lambda w=w: write_batches(w) for w in range(WRITERS)))
    messages = check_whole(another(), session, database)
    assert len(messages) == WRITERS * 4 * 20
    for own in answers:
        for first, again in zip(own[::2], own[1::2], strict=True):
            start = first[0]["seq"] - 1
            assert first == again == messages[start : start + 20]


def test_readers_see_a_whole_history_while_it_grows(session, another, database):
    done = threading.Event()

    def write_all():
        client = another()
        try:
            for n in range(200):
                assert post(client, session, f"{n}").status_code == 201
        finally:
            done.set()

    def read_all():
        client, looks = another(), 0
        for _ in in_time(count(), what="the last message"):
            if done.is_set():
                break
            seqs = [m["seq"] for m in everything(client, session)]
            assert seqs == list(range(1, len(seqs) + 1))
            newest = client.get(path(session) + "?limit=100").json()
            length = newest["message_count"]
            shown = [m["seq"] for m in newest["messages"]]
            assert shown == list(range(max(1, length - 99), length + 1))
            looks += 1
        return looks

    looks = at_once(write_all, read_all, read_all)
    assert min(looks[1:]) > 0
    check_whole(another(), session, database)


def test_archiving_between_appends_stops_them_for_good(session, another, database):
    def write_until_refused(writer):
        client, codes = another(), []
        for n in in_time(count(), what="the archiving"):
            codes.append(post(client, session, f"{writer}/{n}").status_code)
            if codes[-1] != 201:
                break
        return codes

    def archive():
        client = another()
        wait_until(lambda: client.get(path(session)).json()["message_count"] >= 50)
        return client.post(path(session, "archive"))

    *written, archived = at_once(
        *(lambda w=w: write_until_refused(w) for w in range(WRITERS)), archive
    )
    assert {codes[-1] for codes in written} == {409}
    messages = check_whole(another(), session, database)
    assert archived.status_code == 200
    assert archived.json()["message_count"] == len(messages) == sum(len(c) - 1 for c in written)


def test_archiving_and_restoring_lose_no_message(session, another, database):
    done = threading.Event()

    def write_all(writer):
        client, stored = another(), 0
        for _ in in_time(count(), what="the last message"):
            code = post(client, session, f"{writer}/{stored}", client_id=f"{writer}/{stored}")
            assert code.status_code in {201, 409}
            stored += code.status_code == 201
            if stored == 25:
                break

    def toggle():
        client, codes = another(), set()
        for _ in in_time(count(), what="the last message"):
            if done.is_set():
                break
            codes |= {client.post(path(session, act)).status_code for act in ("archive", "restore")}
        return codes

    with Threads() as threads:
        toggling = threads.submit(toggle)
        try:
            at_once(*(lambda w=w: write_all(w) for w in range(4)))
        finally:
            done.set()
    # Against so many writers an attempt may give up, half-done with nothing.
    assert toggling.result() == {200}
    assert len(check_whole(another(), session, database)) == 100


def test_a_session_that_never_rests_can_be_archived(alice, session, another, monkeypatch):
    read = log.read_header

    def read_and_be_overtaken(**which):
        found = read(**which)
        post(another(), session, "faster")
        return found

    monkeypatch.setattr(log, "read_header", read_and_be_overtaken)
    response = alice.client.post(path(session, "archive"))
    assert (response.status_code, response.json()["status"]) == (200, "archived")


def test_deleting_between_appends_leaves_nothing(create, fill, another, stored):
    for _ in range(5):
        session = create()
        fill(session, 120)

        def write_until_gone(session=session):
            client = another()
            for _ in in_time(count(), what="the deletion"):
                code = post(client, session, "x" * 5_000).status_code
                if code != 201:
                    break
            return code

        def delete(session=session):
            client = another()
            wait_until(lambda: client.get(path(session)).json()["message_count"] >= 127)
            return client.delete(path(session)).status_code

        assert at_once(*[write_until_gone] * 4, delete) == [404] * 4 + [204]
    assert stored() == {"sessions": [], "message_buckets": [], "erased_users": []}


def test_tombstones_and_spills_at_once_lose_nothing(session, fill, another, database):
    fill(session, 120)

    def write_all(writer):
        client = another()
        assert {post(client, session, f"{writer}/{n}").status_code for n in range(40)} == {201}

    def erase(seqs):
        client = another()
        return {client.delete(path(session, "messages", seq)).status_code for seq in seqs}

    *_, first, second = at_once(
        *(lambda w=w: write_all(w) for w in range(4)),
        lambda: erase(range(1, 100)),
        lambda: erase(range(99, 0, -1)),
    )
    messages = check_whole(another(), session, database)
    assert first == second == {204}
    assert len(messages) == 280
    assert [m["seq"] for m in messages if m["deleted"]] == list(range(1, 100))
    left = "".join(map(repr, database.message_buckets.find({}))) + repr(
        database.sessions.find_one({})
    )
    assert not any(f"'message {n}'" in left for n in range(1, 100))


def test_a_timeout_changed_between_appends_holds_afterwards(session, another, database):
    def write_all(writer):
        client = another()
        return {post(client, session, f"{writer}/{n}").status_code for n in range(20)}

    def change():
        client = another()
        return {
            client.patch(path(session), {"ttl_seconds": ttl}).status_code
            for ttl in (60, 0, None, 3_600) * 3
        }

    assert at_once(*(lambda w=w: write_all(w) for w in range(4)), change) == [{201}] * 4 + [{200}]
    assert post(another(), session, "last").status_code == 201
    held = database.sessions.find_one({})
    assert (held["expires_at"] - held["updated_at"]).total_seconds() == 3_600
    assert len(check_whole(another(), session, database)) == 81


def test_of_eight_changes_to_one_version_one_wins(session, another):
    for round_number in range(10):
        tag = another().get(path(session))["ETag"]
        changes = [{"title": f"{round_number}/{n}"} for n in range(WRITERS)]
        answers = at_once(
            *[
                partial(another().patch, path(session), change, headers={"If-Match": tag})
                for change in changes
            ]
        )
        (won,) = [a.json() for a in answers if a.status_code == 200]
        assert [a.json() for a in answers if a.status_code != 200] == [CHANGED] * (WRITERS - 1)
        assert another().get(path(session)).json()["title"] == won["title"]


def test_changes_of_different_fields_are_all_kept(session, another):
    changes = [
        {"title": "x"},
        {"metadata": {"a": "b"}},
        {"context_policy": {"max_tokens": 99}},
        {"context_policy": {"max_messages": 7}},
        {"context_policy": {"strategy": "topic"}},
        {"context_policy": {"on_topic_shift": "keep"}},
    ]
    answers = at_once(*(lambda c=c: another().patch(path(session), c) for c in changes))
    read = another().get(path(session)).json()
    policy = {
        "strategy": "topic",
        "max_tokens": 99,
        "max_messages": 7,
        "on_topic_shift": "keep",
    }
    assert {a.status_code for a in answers} == {200}
    assert (read["title"], read["metadata"], read["context_policy"]) == ("x", {"a": "b"}, policy)


def test_a_fork_made_between_appends_is_whole(session, fill, another, database):
    fill(session, 100)

    def write_all(writer):
        client = another()
        return [post(client, session, f"{writer}/{n}").status_code for n in range(20)]

    def fork():
        client = another()
        return [client.post(path(session, "fork"), {}) for _ in range(5)]

    *_, forks = at_once(*(lambda w=w: write_all(w) for w in range(4)), fork)
    source = [m["content"] for m in check_whole(another(), session, database)]
    assert len(source) == 180
    for answer in forks:
        assert answer.status_code == 201
        copy = [m["content"] for m in check_whole(another(), answer.json(), database)]
        assert copy == source[: len(copy)]
        assert len(copy) == answer.json()["message_count"] >= 100


def test_of_eight_deletions_one_finds_the_session(create, another, stored):
    session = create(messages=[{"content": "x"}] * 200)
    codes = at_once(*[lambda: another().delete(path(session)).status_code for _ in range(WRITERS)])
    assert Counter(codes) == {204: 1, 404: WRITERS - 1}
    assert stored() == {"sessions": [], "message_buckets": [], "erased_users": []}


def test_eight_restorations_of_one_expired_session_agree(session, expire, another):
    expire(session)
    answers = at_once(*[lambda: another().post(path(session, "restore")) for _ in range(WRITERS)])
    assert {a.status_code for a in answers} == {200}
    assert {a["ETag"] for a in answers} == {'"2"'}


def test_the_largest_messages_at_once_keep_the_document_small(session, another, database):
    text = "🦉" * 32_000

    def write_all():
        client = another()
        return {post(client, session, text).status_code for _ in range(8)}

    assert at_once(*[write_all] * WRITERS) == [{201}] * WRITERS
    held = database.sessions.find_one({}, {"tail_bytes": 1})
    messages = everything(another(), session)
    assert [m["seq"] for m in messages] == list(range(1, 65))
    assert {m["content"] for m in messages} == {text}
    assert held["tail_bytes"] <= 512 * 1024
