"""A real HTTP server on loopback that speaks chat completions, well or badly, as it is told.

    with model_server.serving() as model:
        model.text = "By train."                      # what it says when nothing else is set
        model.answers = [fails(429, Retry_After="1"), streams("By", " train.")]
        … point LLM_BASE_URL, or an OpenAICompatible, at model.base_url …
        assert [request["messages"] for request in model.requests] == [...]

Each request takes the next of `model.answers`, in the order in which they arrive; with none left it
says `model.text`, with `model.first` seconds before the first word and `model.between` after each.
A request with `"stream": true` is answered with an event stream, any other with one JSON body.

With `model.speaks = "mistral"` it refuses what that server refuses, in its words (`rules` has them
all), and counts that in `model.refused`; such a request takes no answer.

What it was asked stands in `model.requests` (bodies) and `model.headers`, one each per call, so
`len(model.requests)` is what was paid for. `model.connections` counts connections,
`model.hang_ups` the clients that left before their answer was over, and `model.wait_for_hang_up()`
waits for one. The answers, all in `answers`, each for one request:

    says(text, **more)          a whole answer, streamed word by word where a stream was asked for;
                                `more` replaces members of an unstreamed body
    streams(*pieces, first=0, between=0, usage=True, finish_reason="stop", done=True, model=…)
                                exactly these pieces; slow first token, slow rate, missing usage,
                                missing end; a threading.Event `second` lets the second piece come
    sends_events(*payloads)     any events: str as it is, anything else as JSON
    sends(body, status=200, **headers)          any body: rubbish, a wrong content type, emptiness
    fails(status, **headers)    an error body that holds a secret; Retry_After="2"
    refuses_member(name, status=400)            the OpenAI error for a member that it dislikes
    hangs                       reads the request and says nothing
    hangs_after(*pieces), cuts_after(*pieces)   begins well, then silence, or the connection is gone
    drips, drips_after(*pieces)                 a byte now and then, never a whole event
    trickles                    the same for an unstreamed answer
    breaks_off, runs_on         an unstreamed body that ends early, or does not
    never_ends(piece)           an endless answer, word by word, as fast as it is read
    silent_forever              an endless stream of chunks without a word
    huge_event(size)            one chunk with so many characters

`address_of_nobody()` gives a base URL where connections are refused. Everything ends when the
`with` block does; what hangs is let go.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from tests.model_server import rules
from tests.model_server.answers import (
    Request,
    breaks_off,
    cuts_after,
    drips,
    drips_after,
    fails,
    hangs,
    hangs_after,
    huge_event,
    never_ends,
    refuses_member,
    runs_on,
    says,
    sends,
    sends_events,
    silent_forever,
    streams,
    trickles,
)
from tests.waiting import joined

__all__ = [
    "Answer",
    "ModelServer",
    "Request",
    "address_of_nobody",
    "breaks_off",
    "cuts_after",
    "drips",
    "drips_after",
    "fails",
    "hangs",
    "hangs_after",
    "huge_event",
    "never_ends",
    "refuses_member",
    "runs_on",
    "says",
    "sends",
    "sends_events",
    "serving",
    "silent_forever",
    "streams",
    "trickles",
]

Answer = Callable[[Request], None]


class ModelServer:
    """What it was asked, and what it answers next: one of `answers`, else `text`."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Answer] = []
        self.text = "They talked about the sea."
        self.first = self.between = 0.0
        self.connections = 0
        self.hang_ups = 0
        self.speaks, self.refused = "", 0
        self.released = threading.Event()
        self._change = threading.Condition()

    def answer(self, request: Request) -> None:
        """Note the request and answer it; called by the server's threads."""
        with self._change:
            self.headers.append({name.lower(): value for name, value in request.headers.items()})
            self.requests.append(request.body)
            answer = self._next(request)
            self._change.notify_all()
        answer(request)

    def _next(self, request: Request) -> Answer:
        """What the rules of the server that it plays refuse takes no answer."""
        refused = rules.refusal(self.speaks, request.body) if self.speaks else None
        if refused is not None:
            self.refused += 1
            status, body = refused
            return sends(json.dumps(body).encode(), status)
        return self.answers.pop(0) if self.answers else says(self.text)

    def note_hang_up(self) -> None:
        """A client has left; called by the server's threads."""
        with self._change:
            self.hang_ups += 1
            self._change.notify_all()

    def wait_for_hang_up(self, number: int = 1, seconds: float = 10) -> bool:
        """Whether so many clients have left, or do so within the time."""
        with self._change:
            return self._change.wait_for(lambda: self.hang_ups >= number, seconds)

    def wait_for_request(self, number: int = 1, seconds: float = 10) -> bool:
        """Whether so many requests have come, or do so within the time."""
        with self._change:
            return self._change.wait_for(lambda: len(self.requests) >= number, seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what some tests are about."""


@contextmanager
def serving() -> Iterator[ModelServer]:
    """The server, for as long as the block."""

    class Handler(Request):
        @property
        def model(self) -> ModelServer:
            return model

    server = _Server(("127.0.0.1", 0), Handler)
    model = ModelServer(server.server_address[1])
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield model
    finally:
        model.released.set()
        server.shutdown()
        joined(thread)
        server.server_close()


def address_of_nobody() -> str:
    """A base URL where nobody listens: port 1 needs a privilege that no test server has."""
    return "http://127.0.0.1:1/v1"
