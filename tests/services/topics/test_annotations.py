"""Vectors and topics: made when needed, the same whoever makes them, gone when a message goes."""

import zlib
from functools import partial
from typing import Any

import pytest

from sessions_app import encoders
from sessions_app.domain import data, topics
from sessions_app.domain.data import Role
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.topics import TopicState
from sessions_app.providers import demo
from sessions_app.repository import annotations as stored
from sessions_app.services import erasure, messages, sessions
from sessions_app.services.topics import annotations, segments, vectors
from tests.repository.conftest import OWNER, append, append_many, new_session, now, read_all
from tests.services.conftest import FakeEncoder
from tests.waiting import at_once

TALK = [
    "Which hotels in Lisbon take dogs?",
    "Three hotels in Lisbon near the river take dogs.",
    "Is there a park for dogs near those hotels?",
    "By the way, how do I sort a list of numbers in Python?",
    "Call sorted on the list; it returns a new list of numbers.",
    "Does Python sort the list of numbers in place as well?",
]


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda: None)


def catch_up(session_id: str, seconds: float = 60) -> annotations.CaughtUp:
    return annotations.catch_up(session_id=session_id, user_id=OWNER, seconds=seconds)


def blocks(session_id: str) -> list[Any]:
    return stored.read_blocks(session_id=session_id, ranges=[(1, 10_000)])


def topics_of(session_id: str) -> list[int | None]:
    return [message.topic for message in read_all(session_id)]


def shifts_of(session_id: str) -> list[int]:
    return [shift.seq for shift in stored.read_shifts(session_id=session_id)]


def talk(count: int) -> str:
    session_id = new_session().session_id
    append_many(session_id, [TALK[n // 7 % 6] + f" ({n})" for n in range(count)])
    return session_id


def states(database: Any) -> str:
    """What the judge remembers of a session's words, in all of its blocks, as text."""
    stored_states = [
        block["state"] for block in database.message_annotations.find() if block["state"]
    ]
    return "".join(zlib.decompress(state).decode() for state in stored_states)


def test_what_the_judge_remembers_is_kept_out_of_the_session(
    database: Any, encoder: FakeEncoder
) -> None:
    session_id = talk(20)
    catch_up(session_id)
    assert "lisbon" in states(database).lower()
    assert "state" not in database.sessions.find_one({"_id": session_id})["topic"]


def test_appending_makes_nothing(database: Any, encoder: FakeEncoder) -> None:
    session_id = talk(10)
    assert (blocks(session_id), encoder.encoded) == ([], [])
    assert topics_of(session_id) == [None] * 10


def test_every_message_is_encoded_once(database: Any, encoder: FakeEncoder) -> None:
    session_id = talk(150)
    assert catch_up(session_id).complete
    append(session_id, "one more")
    catch_up(session_id)
    catch_up(session_id)
    assert len(encoder.encoded) == len(set(encoder.encoded)) == 151


def test_one_by_one_or_all_at_once_gives_the_same(database: Any, encoder: FakeEncoder) -> None:
    at_once, in_steps = talk(150), new_session().session_id
    catch_up(at_once)
    for message in read_all(at_once):
        append(in_steps, message.content)
        if message.seq % 7 == 0:
            catch_up(in_steps)
    catch_up(in_steps)
    assert topics_of(in_steps) == topics_of(at_once)
    assert [b.vectors for b in blocks(in_steps)] == [b.vectors for b in blocks(at_once)]
    assert [b.shifts for b in blocks(in_steps)] == [b.shifts for b in blocks(at_once)]


def test_workers_that_race_agree(database: Any, encoder: FakeEncoder) -> None:
    alone, together = talk(200), talk(200)
    catch_up(alone)
    at_once(*[partial(catch_up, together)] * 4)
    assert topics_of(together) == topics_of(alone)
    assert [b.vectors for b in blocks(together)] == [b.vectors for b in blocks(alone)]


def test_a_worker_that_stopped_between_block_and_state_is_made_good(
    database: Any, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, cut = talk(100), talk(100)
    catch_up(alone)
    with monkeypatch.context() as patch:
        patch.setattr(stored, "advance", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            catch_up(cut)
    append(cut, "more")
    append(alone, "more")
    catch_up(alone)
    catch_up(cut)
    assert topics_of(cut) == topics_of(alone)


def test_it_stops_when_its_time_is_up_and_goes_on_later(
    database: Any, encoder: FakeEncoder
) -> None:
    session_id = talk(200)
    first = catch_up(session_id, seconds=0)
    assert (first.complete, first.session.topic) == (False, None)
    assert catch_up(session_id).complete


@pytest.mark.mongod("mongomock answers otherwise")
def test_without_an_encoder_topics_are_judged_by_words(database: Any, no_encoder: None) -> None:
    session_id = talk(70)
    assert catch_up(session_id).complete
    assert [(block.encoder, block.vectors) for block in blocks(session_id)] == [("", b"")] * 2
    assert None not in topics_of(session_id)


def test_an_erased_message_takes_its_annotations_along(database: Any, encoder: FakeEncoder) -> None:
    session_id = new_session().session_id
    append_many(session_id, ["the zebra is called Quentin"] * 3 + TALK * 12)
    catch_up(session_id)
    for seq in (1, 2, 3):
        erasure.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())
    database_text = str(list(database.message_annotations.find())) + str(
        list(database.sessions.find())
    )
    database_text += states(database)
    assert "zebra" not in database_text
    assert "quentin" not in database_text.lower()
    catch_up(session_id)
    by_seq = vectors.restored(blocks(session_id))
    assert set(by_seq) == set(range(4, 76))
    assert None not in topics_of(session_id)


def test_a_message_erased_while_it_is_judged_leaves_nothing(
    database: Any, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = new_session().session_id
    append_many(session_id, ["the zebra is called Quentin", *TALK])
    original = annotations._judge

    def judge_slowly(*args: Any) -> Any:
        monkeypatch.setattr(annotations, "_judge", original)
        erasure.message_delete(session_id=session_id, user_id=OWNER, seq=1, now=now())
        return original(*args)

    monkeypatch.setattr(annotations, "_judge", judge_slowly)
    catch_up(session_id)
    assert "quentin" not in (str(list(database.sessions.find())) + states(database)).lower()
    assert 1 not in vectors.restored(blocks(session_id))


def test_a_worker_that_stopped_between_its_writes_changes_nothing(
    database: Any, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, session_id = talk(150), talk(70)
    catch_up(whole)
    catch_up(session_id)
    append_many(session_id, [TALK[n // 7 % 6] + f" ({n})" for n in range(70, 150)])

    def interrupted(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopping:
        stopping.setattr(stored, "advance", interrupted)
        with pytest.raises(KeyboardInterrupt):
            catch_up(session_id)
    assert [block.count for block in blocks(session_id)] == [64, 64]
    segment_list = catch_up(session_id).session.topic
    expected = catch_up(whole).session.topic
    assert segment_list == expected
    assert topics_of(session_id) == topics_of(whole)
    assert shifts_of(session_id) == shifts_of(whole)


def test_a_state_of_another_version_is_judged_anew(database: Any, encoder: FakeEncoder) -> None:
    session_id = talk(80)
    catch_up(session_id)
    judged = topics_of(session_id)
    foreign = zlib.compress(b'{"v": -1}')
    database.message_annotations.update_many({}, {"$set": {"state": foreign}})
    append(session_id, "more")
    catch_up(session_id)
    assert topics_of(session_id)[:80] == judged
    assert len(encoder.encoded) == 81


def test_lost_annotations_are_made_again(database: Any, encoder: FakeEncoder) -> None:
    session_id = talk(80)
    catch_up(session_id)
    judged = topics_of(session_id)
    database.message_annotations.delete_many({})
    append(session_id, "more")
    catch_up(session_id)
    assert topics_of(session_id)[:80] == judged


def test_a_deleted_session_leaves_no_annotations(database: Any, encoder: FakeEncoder) -> None:
    session_id = talk(80)
    catch_up(session_id)
    sessions.session_delete(session_id=session_id, user_id=OWNER)
    assert database.message_annotations.count_documents({}) == 0


def test_a_session_deleted_while_it_is_judged_leaves_none(
    database: Any, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = talk(80)
    original = annotations._judge

    def judge_slowly(*args: Any) -> Any:
        sessions.session_delete(session_id=session_id, user_id=OWNER)
        return original(*args)

    monkeypatch.setattr(annotations, "_judge", judge_slowly)
    with pytest.raises(SessionNotFound):
        catch_up(session_id)
    assert database.message_annotations.count_documents({}) == 0


def test_segments_follow_the_topics(database: Any, encoder: FakeEncoder) -> None:
    session_id = talk(150)
    segment_list = segments.topic_list(session_id=session_id, user_id=OWNER, now=now()).segments
    topics = topics_of(session_id)
    assert len(segment_list) > 1
    assert [segment.topic for segment in segment_list] == list(range(1, len(segment_list) + 1))
    assert [topics[s.start_seq - 1 : s.end_seq] for s in segment_list] == [
        [s.topic] * s.message_count for s in segment_list
    ]
    assert (segment_list[0].start_seq, segment_list[-1].end_seq) == (1, 150)


def test_topics_are_told_far_beyond_what_the_session_remembers(
    database: Any, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotations, "RECENT_SHIFTS", 1)
    session_id = talk(150)
    catch_up(session_id)
    page = messages.message_page(
        session_id=session_id, user_id=OWNER, after=0, before=None, limit=150, now=now()
    )
    by_block = [topic for block in blocks(session_id) for topic in block.topics]
    assert [message.topic for message in page.messages] == by_block
    shifts = [shift.seq for shift in stored.read_shifts(session_id=session_id)]
    assert [m.seq for m in page.messages if m.topic_shift] == shifts


def test_a_worker_without_the_encoder_destroys_no_vectors(
    database: Any, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = talk(30)
    catch_up(session_id)
    before = vectors.restored(blocks(session_id))
    with monkeypatch.context() as patch:
        patch.setattr(encoders, "load_encoder", lambda: None)
        append(session_id, "more")
        catch_up(session_id)
    after = vectors.restored(blocks(session_id))
    assert set(after) == set(before) == set(range(1, 31))


def test_erasing_a_message_keeps_an_undone_shift_undone(
    database: Any, encoder: FakeEncoder
) -> None:
    session_id = talk(30)
    catch_up(session_id)
    database.sessions.update_one({"_id": session_id}, {"$set": {"topic.undone": 22}})
    erasure.message_delete(session_id=session_id, user_id=OWNER, seq=1, now=now())
    standing = catch_up(session_id).session.topic
    assert standing is not None
    assert (standing.undone, standing.judged) == (22, 30)


def test_what_the_demo_says_is_no_topic(database: Any, encoder: FakeEncoder) -> None:
    by_the_demo = data.Generation("turn_1", 1, demo.NAME, "stop")
    messages = [
        data.Message("m", seq, Role.ASSISTANT, text, now(), 1, generation=by_the_demo)
        for seq, text in enumerate(TALK, 1)
    ]
    state, decisions, shifts = annotations._judge(messages, [b""] * len(messages), TopicState())

    assert shifts == []
    assert {decision.topic for decision in decisions} == {1}
    assert topics.current_label(state) == topics.UNTITLED
