"""Work behind turns: shared by any number of processes, done by one at a time, and to its end."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from pymongo.read_concern import ReadConcern

from sessions_app.domain.deferred import DeferredPiece, Kind
from sessions_app.domain.errors import ProviderError, StorageUnavailable
from sessions_app.repository import deferred as pieces
from sessions_app.services import sessions
from sessions_app.services.deferred import Deferred, Runner, do, sharing
from sessions_app.services.search import indexing
from tests.repository.conftest import OWNER, append, append_many, new_session, now
from tests.services.conftest import FakeEncoder
from tests.services.topics.test_annotations import TALK
from tests.services.topics.test_windows_and_topics import judged
from tests.waiting import at_once, wait_until

pytestmark = [
    pytest.mark.usefixtures("database"),
    pytest.mark.mongod("claimed by MongoDB's clock, by threads"),
]
KINDS = (Kind.TOPICS, Kind.SEARCH)


class Done:
    """Work that notes what is done, and whether anything was done twice at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.times = Counter[tuple[str, Kind]]()
        self.by = Counter[str]()
        self.overlapped: list[tuple[str, Kind]] = []
        self._in_progress: set[tuple[str, Kind]] = set()
        self._lock = threading.Lock()
        self._seconds = seconds

    def __call__(self, piece: DeferredPiece) -> bool:
        key = (piece.session_id, piece.kind)
        with self._lock:
            if key in self._in_progress:
                self.overlapped.append(key)
            self._in_progress.add(key)
        time.sleep(self._seconds)
        with self._lock:
            self._in_progress.discard(key)
            self.times[key] += 1
            self.by[piece.claimant] += 1
        return True


def ask(session_id: str, kind: Kind = Kind.TOPICS, wait_seconds: int = 0) -> None:
    pieces.ask(session_id=session_id, user_id=OWNER, kind=kind, wait_seconds=wait_seconds)


def lapse(database: Any) -> None:
    """As if every lease had run out."""
    database.deferred_work.update_many({}, {"$set": {"due_at": now()}})


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Runner, Runner, Done]]:
    """Two workers of a service, or of two."""
    monkeypatch.setattr(sharing, "LOOK_SECONDS", 0.02)
    done = Done(0.005)
    runners = (Runner(KINDS, threads=2, work=done), Runner(KINDS, threads=2, work=done))
    yield (*runners, done)
    for runner in runners:
        runner.stop()


def test_two_workers_share_the_work_and_never_do_the_same_piece_at_the_same_time(
    two: tuple[Runner, Runner, Done],
):
    first, second, done = two
    ids = [f"session-{number}" for number in range(30)]
    for session_id in ids:
        for kind in KINDS:
            ask(session_id, kind)
    first.start()
    second.start()
    # Asked for again while they work, by turns of both.
    for session_id in ids:
        ask(session_id)
    wait_until(lambda: pieces.count() == 0)

    assert done.overlapped == []
    assert set(done.times) == {(session_id, kind) for session_id in ids for kind in KINDS}
    assert set(done.by) == {first.claimant, second.claimant}
    assert max(done.times.values()) <= 2


def test_a_piece_of_a_dead_worker_is_taken_over_when_its_lease_has_run_out(
    two: tuple[Runner, Runner, Done], database: Any
):
    _, living, done = two
    ask("session-1")
    abandoned = pieces.claim("session-1", Kind.TOPICS, claimant="dead")
    assert abandoned is not None
    assert living.run_due() == 0
    lapse(database)

    assert living.run_due() == 1
    assert done.times["session-1", Kind.TOPICS] == 1
    assert pieces.count() == 0


def test_a_worker_that_was_only_held_up_has_no_say_any_more(database: Any):
    ask("session-1")
    held_up = pieces.claim("session-1", Kind.TOPICS, claimant="held up")
    lapse(database)
    successor = pieces.claim("session-1", Kind.TOPICS, claimant="successor")
    assert held_up is not None
    assert successor is not None

    assert (held_up.taken_over, successor.taken_over) == (False, True)
    assert not pieces.renew(held_up)
    assert not pieces.finish(held_up)
    assert not pieces.give_back(held_up, wait_seconds=0)
    assert pieces.renew(successor)
    assert pieces.finish(successor)


def test_a_piece_is_claimed_once_however_many_come_at_once():
    ask("session-1")
    claimed = at_once(
        *(
            partial(pieces.claim, "session-1", Kind.TOPICS, claimant=name)
            for name in map(str, range(8))
        )
    )
    assert sum(piece is not None for piece in claimed) == 1


def test_what_is_asked_for_while_it_is_done_is_done_again(database: Any):
    asked = []

    def overtaken(piece: DeferredPiece) -> bool:
        asked.append(piece.revision)
        if len(asked) == 1:
            ask("session-1")
        return True

    runner = Runner(KINDS, work=overtaken)
    ask("session-1")
    wait_until(lambda: not runner.run_due())

    assert asked == [1, 2]
    assert pieces.count() == 0


def test_what_is_asked_for_often_is_one_piece_and_keeps_its_time(database: Any):
    for _ in range(5):
        ask("session-1", Kind.SEARCH, wait_seconds=3_600)
    # As they were asked for a moment ago, a majority may not have them yet.
    [piece] = database.deferred_work.with_options(read_concern=ReadConcern("local")).find({})

    assert piece["revision"] == 5
    assert Runner(KINDS, work=Done()).run_due() == 0


def test_work_that_is_not_done_at_once_goes_on(database: Any):
    slices = iter([False, False, True])
    runner = Runner(KINDS, work=lambda _: next(slices))
    ask("session-1")
    for _ in range(3):
        assert runner.run_due() == 1

    assert pieces.count() == 0


@pytest.mark.parametrize("failure", [ProviderError("away"), RuntimeError("a mistake")])
def test_what_fails_is_tried_later_and_not_for_ever(database: Any, failure: Exception):
    attempts = []

    def fails(piece: DeferredPiece) -> bool:
        attempts.append(piece.attempts)
        raise failure

    runner = Runner(KINDS, work=fails)
    ask("session-1")
    for _ in range(sharing.MOST_ATTEMPTS + 2):
        runner.run_due()
        assert runner.run_due() == 0
        lapse(database)

    assert attempts == [1, 2, 3, 4, 5]
    assert pieces.count() == 0


def test_a_storage_that_is_away_ends_no_thread(
    two: tuple[Runner, Runner, Done], monkeypatch: pytest.MonkeyPatch
):
    first, _, done = two
    due, looks = pieces.due, []

    def away(*args: Any, **kwargs: Any) -> Any:
        looks.append(1)
        if len(looks) < 4:
            raise StorageUnavailable
        return due(*args, **kwargs)

    monkeypatch.setattr(pieces, "due", away)
    ask("session-1")
    first.start()
    wait_until(lambda: done.times.total() == 1)


def test_stopped_it_takes_nothing(two: tuple[Runner, Runner, Done]):
    first, _, done = two
    first.start()
    first.stop()
    ask("session-1")
    first.wake()

    assert not first.is_running
    assert done.times.total() == 0


def test_a_worker_rests_after_each_piece_of_the_processor_s_work():
    assert Deferred().runners[0]._share == 0.05


def test_topics_and_the_index_are_made_behind_a_turn(encoder: FakeEncoder):
    session_id = new_session().session_id
    append_many(session_id, TALK)
    for kind in KINDS:
        ask(session_id, kind)
    runner = Runner(KINDS)
    wait_until(lambda: not runner.run_due())

    assert judged(session_id) == len(TALK)
    assert indexing.catch_up(user_id=OWNER, seconds=60, now=now()).indexed_messages == 0


def test_a_session_that_is_gone_holds_up_no_other(encoder: FakeEncoder):
    gone, there = new_session().session_id, new_session().session_id
    append(there, "Which hotels in Lisbon take dogs?")
    sessions.session_delete(session_id=gone, user_id=OWNER)
    for session_id in (gone, there):
        for kind in KINDS:
            ask(session_id, kind)
    runner = Runner(KINDS)
    wait_until(lambda: not runner.run_due())

    assert judged(there) == 1
    assert pieces.count() == 0


def test_a_session_that_is_deleted_takes_its_pieces_along(database: Any):
    session_id = new_session().session_id
    ask(session_id)
    sessions.session_delete(session_id=session_id, user_id=OWNER)

    assert database.deferred_work.count_documents({}) == 0


def test_what_is_said_while_a_session_is_judged_is_judged_too(encoder: FakeEncoder):
    session_id = new_session().session_id
    append(session_id, "Which hotels in Lisbon take dogs?")
    times: list[int] = []

    def overtaken(piece: DeferredPiece) -> bool:
        done = do(piece)
        times.append(1)
        if len(times) == 1:
            append(session_id, "And which parks?")
            ask(session_id)
        return done

    ask(session_id)
    runner = Runner(KINDS, work=overtaken)
    wait_until(lambda: not runner.run_due())

    assert (len(times), judged(session_id)) == (2, 2)
