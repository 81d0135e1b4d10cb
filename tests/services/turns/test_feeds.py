"""What readers of a turn get: everything, once, in order, from wherever they begin."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from sessions_app import event_loop
from sessions_app.api.event_stream import response
from sessions_app.domain.turns import Seen, TurnState
from sessions_app.http.event_stream import EventStream
from sessions_app.services.turns import Delta, Done, Feed, Outcome, Place, Reader, fanout
from tests.services.turns import events

SEEN = Seen(10, 4_000, "hybrid", 1, 0, [(1, 1)])


def _stream(feed: Feed) -> EventStream:
    reading = SimpleNamespace(user=SimpleNamespace(pk="owner", token_generation=0))
    return response(reading, Reader(feed)).events  # type: ignore[attr-defined, arg-type]


@pytest.fixture
def feed() -> Feed:
    return Feed("session", "user", "turn_1", datetime.now(UTC))


@pytest.mark.parametrize("place", range(9))
def test_what_follows_any_place_is_the_rest(feed: Feed, place: int):
    for piece in ("ab", "c", "🦉é", "fgh"):
        feed.add(piece)
    assert feed.since(place) == "abc🦉éfgh"[place:]


def test_a_reader_gets_each_thing_once(feed: Feed):
    reader = Reader(feed)
    assert reader.take() == []
    feed.show(SEEN, None)
    feed.add("One")
    assert [type(event).__name__ for _, event in reader.take()] == ["Context", "Delta"]
    assert not reader.has_news
    feed.add(" two")
    feed.add(" three")
    [(place, delta)] = reader.take()
    assert (str(place), delta) == ("turn_1:13", Delta(" two three"))
    feed.finish(Outcome(TurnState.CANCELLED))
    assert [event for _, event in reader.take()] == [Done("cancelled")]
    assert reader.ended
    assert reader.take() == []


def test_a_text_that_is_behind_adds_nothing(feed: Feed):
    feed.catch_up("One two")
    feed.catch_up("One")
    feed.catch_up("One two three")
    assert feed.text == "One two three"


def test_the_first_end_counts(feed: Feed):
    feed.finish(Outcome(TurnState.DONE))
    feed.finish(Outcome(TurnState.FAILED))
    assert feed.outcome == Outcome(TurnState.DONE)


def test_when_it_is_no_longer_followed_the_stream_just_ends(feed: Feed):
    reader = Reader(feed)
    feed.show(SEEN, None)
    feed.finish(Outcome(TurnState.RUNNING))
    assert [type(event).__name__ for _, event in reader.take()] == ["Context"]
    assert reader.ended


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("turn_1:0", Place("turn_1", 0)),
        ("turn_1:17", Place("turn_1", 17)),
        ("turn_1:17+4", Place("turn_1", 17, thoughts=4)),
        ("turn_1:17+", Place("turn_1", 17)),
        ("turn_1:message", Place("turn_1", past="message")),
        ("turn_1:end", Place("turn_1", past="end")),
        ("", None),
        ("turn_1", None),
        ("turn_1:", None),
        ("turn_1:-1", None),
        ("turn_1:1e3", None),
        ("turn_1:٣", None),
        ("turn_1:99999999999999999999", None),
    ],
)
def test_an_id_is_a_place_and_nothing_else_is(text: str, place: Place | None):
    assert fanout.place(text) == place


def test_a_place_behind_the_text_gets_the_end_only(feed: Feed):
    feed.add("One")
    feed.finish(Outcome(TurnState.DONE))
    assert [event for _, event in Reader(feed, Place("turn_1", 1_000)).take()] == [Done("done")]


def test_an_event_loop_gets_what_a_thread_gets(feed: Feed):
    def write() -> None:
        feed.show(SEEN, None)
        for number in range(200):
            feed.add(f"{number} ")
        feed.finish(Outcome(TurnState.DONE))

    async def read() -> bytes:
        event_loop.call(write)
        return b"".join([chunk async for chunk in _stream(feed)])

    looped = events.parse(event_loop.run(read()))
    threaded = events.parse(b"".join(_stream(feed)))
    expected = "".join(f"{number} " for number in range(200))
    assert events.text(looped) == events.text(threaded) == expected
    assert list(dict.fromkeys(events.names(looped))) == ["context", "delta", "done"]
    assert events.names(threaded) == ["context", "delta", "done"]


def test_an_event_loop_says_when_nothing_happens(feed: Feed, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sessions_app.http.event_stream.HEARTBEAT_SECONDS", 0.01)

    async def read() -> list[bytes]:
        found = []
        async for chunk in _stream(feed):
            found.append(chunk)
            if found.count(b": \n\n") == 3:
                feed.finish(Outcome(TurnState.DONE))
        return found

    assert events.names(events.parse(b"".join(event_loop.run(read())))) == ["done"]


def test_a_position_ahead_of_a_turn_that_runs_here_is_brought_back_at_once(feed: Feed):
    feed.add("One")
    reader = Reader(feed, Place("turn_1", 1_000))
    assert not reader.has_news
    feed.add(" two")
    assert [event for _, event in reader.take()] == [Delta(" two")]


def test_a_position_ahead_of_a_turn_elsewhere_is_given_time_to_be_right():
    feed = Feed("session", "user", "turn_1", datetime.now(UTC), runs_here=False)
    reader = Reader(feed, Place("turn_1", 7))
    feed.readings += fanout.AHEAD_READINGS - 1
    feed.catch_up("One")
    assert reader.take() == []
    feed.catch_up("One two three")
    assert [event for _, event in reader.take()] == [Delta(" three")]
