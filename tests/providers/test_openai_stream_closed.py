"""Closing a streamed answer: from any thread, whatever the call is doing, at once."""

import threading
import time

import pytest

from tests import model_server
from tests.model_server import ModelServer
from tests.providers.conftest import Connect, Cut, cut_short

HELLO = [{"role": "user", "content": "Hello"}]


def closed_while(reply, doing) -> Cut:
    """What came of a reply that another thread closed when `doing` said so."""
    results: list[Cut] = []
    reading = threading.Thread(target=lambda: results.append(cut_short(reply)))
    reading.start()
    try:
        assert doing()
    finally:
        reply.close()
        reading.join(10)
    assert not reading.is_alive()
    return results[0]


@pytest.mark.parametrize(
    ("answer", "pieces"),
    [
        (model_server.hangs, []),
        (model_server.hangs_after(), []),
        (model_server.hangs_after("Once"), ["Once"]),
        (model_server.drips_after("Once"), ["Once"]),
    ],
)
def test_the_call_ends_at_once_and_the_iteration_quietly(
    connect: Connect, model: ModelServer, answer, pieces
):
    model.answers = [answer]
    reply = connect(timeout=60).stream(HELLO)

    def waiting() -> bool:
        came = model.wait_for_request()
        time.sleep(0.1)
        return came

    cut = closed_while(reply, waiting)
    assert (cut.pieces, cut.error, reply.ending) == (pieces, None, None)
    assert model.wait_for_hang_up()
    assert len(model.requests) == 1


def test_it_also_holds_on_a_connection_that_was_used_before(connect: Connect, model: ModelServer):
    provider = connect(timeout=60)
    list(provider.stream(HELLO))
    model.answers = [model_server.hangs]
    cut = closed_while(provider.stream(HELLO), lambda: model.wait_for_request(2))
    assert cut.error is None
    assert model.wait_for_hang_up()
    assert model.connections == 1


def test_it_ends_the_wait_before_another_attempt(connect: Connect, model: ModelServer):
    model.answers = [model_server.fails(429, Retry_After="30")]
    cut = closed_while(connect(timeout=60).stream(HELLO), model.wait_for_request)
    assert cut.error is None
    assert len(model.requests) == 1


def test_closed_before_it_began_it_asks_nothing(connect: Connect, model: ModelServer):
    reply = connect().stream(HELLO)
    reply.close()
    assert (list(reply), model.requests) == ([], [])


def test_closed_between_two_pieces_it_gives_no_more(connect: Connect, model: ModelServer):
    model.answers = [model_server.never_ends()]
    reply = connect().stream(HELLO)
    pieces = []
    for piece in reply:
        pieces.append(piece)
        reply.close()
    assert (len(pieces), reply.ending) == (1, None)
    assert model.wait_for_hang_up()


def test_left_alone_it_hangs_up(connect: Connect, model: ModelServer):
    model.answers = [model_server.never_ends()]
    pieces = iter(connect().stream(HELLO))
    next(pieces)
    del pieces
    assert model.wait_for_hang_up()


def test_closing_twice_or_afterwards_changes_nothing(connect: Connect, model: ModelServer):
    provider = connect()
    reply = provider.stream(HELLO)
    text = "".join(reply)
    ending = reply.ending
    reply.close()
    reply.close()
    assert (text, reply.ending) == (model.text, ending)
    assert ending is not None
    # Nor for whoever has the connection now.
    model.answers = [model_server.streams("a", "b", "c", between=0.05)]
    heard = ""
    for piece in provider.stream(HELLO):
        reply.close()
        heard += piece
    assert (heard, model.connections) == ("abc", 1)
