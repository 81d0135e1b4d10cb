"""Ending a streamed answer: its task is cancelled, and whatever the call is doing, it ends."""

from contextlib import aclosing

import pytest

from sessions_app import event_loop
from sessions_app.providers import Reply
from tests import model_server
from tests.model_server import ModelServer
from tests.providers.conftest import Connect, read, said

HELLO = [{"role": "user", "content": "Hello"}]


def cancelled_when(reply: Reply, model: ModelServer, pieces: int, requests: int = 1) -> list[str]:
    """What had come of a reply that was cancelled when so much of it was there."""
    came: list[str] = []
    reading = event_loop.submit(read(reply, came))
    assert model.wait_for_request(requests)
    while len(came) < pieces:
        assert not reading.done()
    reading.cancel()
    return came


@pytest.mark.parametrize(
    ("answer", "pieces"),
    [
        (model_server.hangs, []),
        (model_server.hangs_after(), []),
        (model_server.hangs_after("Once"), ["Once"]),
        (model_server.drips_after("Once"), ["Once"]),
    ],
)
def test_the_server_is_hung_up_on_at_once(connect: Connect, model: ModelServer, answer, pieces):
    model.answers = [answer]
    reply = connect(timeout=60).stream(HELLO)
    assert cancelled_when(reply, model, len(pieces)) == pieces
    assert model.wait_for_hang_up()
    assert reply.ending is None
    assert len(model.requests) == 1


def test_it_also_holds_on_a_connection_that_was_used_before(connect: Connect, model: ModelServer):
    provider = connect(timeout=60)
    said(provider.stream(HELLO))
    model.answers = [model_server.hangs]
    assert cancelled_when(provider.stream(HELLO), model, 0, requests=2) == []
    assert model.wait_for_hang_up()
    assert model.connections == 1


def test_it_ends_the_wait_before_another_attempt(connect: Connect, model: ModelServer):
    model.answers = [model_server.fails(429, Retry_After="1")]
    provider = connect(timeout=60)
    assert cancelled_when(provider.stream(HELLO), model, 0) == []
    said(provider.stream(HELLO))
    assert not model.wait_for_request(3, seconds=1.5)


def test_left_between_two_pieces_it_hangs_up(connect: Connect, model: ModelServer):
    model.answers = [model_server.never_ends()]
    reply = connect().stream(HELLO)

    async def hear_one() -> str:
        async with aclosing(aiter(reply)) as pieces:
            return await anext(pieces)

    assert event_loop.run(hear_one())
    assert reply.ending is None
    assert model.wait_for_hang_up()


def test_what_has_ended_disturbs_nobody_who_has_the_connection_now(
    connect: Connect, model: ModelServer
):
    provider = connect()
    ended = event_loop.submit(read(provider.stream(HELLO), []))
    ended.result(30)
    model.answers = [model_server.streams("a", "b", "c", between=0.05)]
    ended.cancel()
    assert "".join(said(provider.stream(HELLO))) == "abc"
    assert model.connections == 1
