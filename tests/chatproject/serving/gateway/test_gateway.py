"""The ASGI application around Django's WSGI one: what Django is given, and what comes back."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatproject.serving.gateway.application import Gateway
from sessions_app import event_loop
from sessions_app.http.departure import ENVIRON_KEY, Departure

App = Callable[[dict[str, Any], Any], Any]


class Body(list[bytes]):
    """A whole answer, as Django gives it."""

    streaming = False
    closed = 0

    def close(self) -> None:
        self.closed += 1


def scope(path: str = "/session", **more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"a=1&b=%20",
        "http_version": "1.1",
        "scheme": "https",
        "client": ("10.0.0.1", 5000),
        "server": ("127.0.0.1", 8000),
        "headers": [],
        **more,
    }


def ask(
    application: App, asked: dict[str, Any] | None = None, *parts: bytes, gone_after: int = 10**6
) -> list[dict[str, Any]]:
    """Everything that is sent in answer to one request, whose body comes in these parts."""
    sent: list[dict[str, Any]] = []
    chunks = [*parts] or [b""]

    async def receive() -> dict[str, Any]:
        if chunks:
            body = chunks.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(chunks)}
        while len(sent) < gone_after:
            await asyncio.sleep(0.001)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    gateway = Gateway(application, started=lambda: None, stopping=lambda: None)
    asyncio.run(gateway(asked or scope(), receive, send))
    return sent


def seen(asked: dict[str, Any], *parts: bytes) -> dict[str, Any]:
    """What Django is given, with the body that it reads."""
    found: dict[str, Any] = {}

    def django(environ: dict[str, Any], start_response: Any) -> Body:
        found.update(environ, body=environ["wsgi.input"].read())
        start_response("204 No Content", [])
        return Body()

    ask(django, asked, *parts)
    return found


def test_django_is_told_what_was_asked():
    headers = [(b"host", b"example.org"), (b"content-type", b"application/json"), (b"x-a", b"1")]
    found = seen(scope("/a%20b/\u00e9", raw_path=b"/a%20b/%C3%A9", headers=headers), b"{", b"}")
    assert found["REQUEST_METHOD"] == "POST"
    assert found["PATH_INFO"].encode("latin-1").decode() == "/a b/é"
    assert found["QUERY_STRING"] == "a=1&b=%20"
    assert (found["HTTP_HOST"], found["CONTENT_TYPE"], found["HTTP_X_A"]) == (
        "example.org", "application/json", "1",
    )  # fmt: skip
    assert (found["body"], found["CONTENT_LENGTH"]) == (b"{}", "2")
    assert (found["REMOTE_ADDR"], found["wsgi.url_scheme"]) == ("10.0.0.1", "https")


def test_a_path_that_is_no_utf8_comes_through():
    found = seen(scope("/\ufffd", raw_path=b"/%ff"))
    assert found["PATH_INFO"] == "/\xff"


def test_a_header_that_stands_twice_is_joined():
    headers = [(b"accept", b"a"), (b"accept", b"b"), (b"cookie", b"c=1"), (b"cookie", b"d=2")]
    found = seen(scope(headers=headers))
    assert (found["HTTP_ACCEPT"], found["HTTP_COOKIE"]) == ("a,b", "c=1; d=2")


def test_a_header_with_an_underscore_is_not_taken_for_another():
    found = seen(scope(headers=[(b"x_forwarded_proto", b"https"), (b"content_length", b"9")]))
    assert "HTTP_X_FORWARDED_PROTO" not in found
    assert found["CONTENT_LENGTH"] == "0"


def test_the_length_is_that_of_what_came():
    headers = [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")]
    assert seen(scope(headers=headers), b"ab", b"c")["CONTENT_LENGTH"] == "3"


def test_no_more_is_read_than_shows_that_it_is_too_much(settings: Any):
    settings.REQUEST_MAX_BYTES = 10
    assert seen(scope(), b"x" * 8, b"x" * 8, b"x" * 8)["body"] == b"x" * 11


def test_a_whole_answer_is_sent_at_once_and_closed():
    body = Body([b"one ", b"two"])

    def django(_: dict[str, Any], start_response: Any) -> Body:
        start_response("201 Created", [("ETag", '"1"'), ("Set-Cookie", "a"), ("Set-Cookie", "b")])
        return body

    start, content = ask(django)
    assert start["status"] == 201
    assert start["headers"] == [(b"etag", b'"1"'), (b"set-cookie", b"a"), (b"set-cookie", b"b")]
    assert content == {"type": "http.response.body", "body": b"one two"}
    assert body.closed == 1


class Streamed:
    """A streamed answer; `events`, where there are any, are for the event loop."""

    streaming = True

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.threads: set[str] = set()
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.threads.add(threading.current_thread().name)
            yield chunk

    def close(self) -> None:
        self.closed += 1


def streaming(body: Any) -> App:
    def django(_: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return body

    return django


def test_a_streamed_answer_is_passed_on_piece_by_piece_from_a_thread():
    body = Streamed(iter([b"one", b"", b"two"]))
    _, *sent = ask(streaming(body))
    assert [message["body"] for message in sent] == [b"one", b"", b"two", b""]
    assert [message.get("more_body", False) for message in sent] == [True, True, True, False]
    assert all(name.startswith("writes") for name in body.threads)
    assert body.closed == 1


def test_the_end_of_a_stream_wakes_no_thread_but_its_own(settings: Any):
    settings.THREADS = 32
    before = set(threading.enumerate())
    ask(streaming(Streamed(iter([b"one", b"two"]))))
    started = {each.name for each in threading.enumerate() if each not in before}
    assert len([name for name in started if name.startswith("writes")]) == 1


def test_events_are_passed_on_by_the_event_loop():
    class Events:
        async def __aiter__(self) -> Any:
            yield threading.current_thread().name.encode()

    body = Streamed(iter([b"never read"]))
    body.events = Events()  # type: ignore[attr-defined]
    _, first, _ = ask(streaming(body))
    assert first["body"] == b"MainThread"
    assert body.closed == 1


def test_it_stops_when_the_client_has_gone():
    def endless() -> Iterator[bytes]:
        while True:
            yield b"more"

    body = Streamed(endless())
    ask(streaming(body), None, gone_after=20)
    assert body.closed == 1


def test_whoever_works_for_a_client_that_goes_is_told_at_once():
    """While the answer is waited for: nothing of it has been sent yet."""
    told = threading.Event()

    def django(environ: dict[str, Any], start_response: Any) -> Body:
        environ[ENVIRON_KEY].then(told.set)
        assert told.wait(10)
        start_response("204 No Content", [])
        return Body()

    ask(django, scope("/v1/chat/completions"), gone_after=0)
    assert told.is_set()


def test_a_client_that_stays_has_not_gone_when_it_is_answered():
    told: list[str] = []

    def django(environ: dict[str, Any], start_response: Any) -> Body:
        environ[ENVIRON_KEY].then(lambda: told.append("gone"))
        start_response("204 No Content", [])
        return Body()

    ask(django, scope("/v1/chat/completions"))
    assert told == []


def test_whoever_asks_late_is_told_at_once_too():
    told: list[str] = []
    departure = Departure()
    departure.leave()
    departure.then(lambda: told.append("gone"))
    assert told == ["gone"]


def test_a_client_that_goes_before_its_body_is_there_is_not_answered():
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        pytest.fail("there is nobody to answer")

    def django(*_: Any) -> Any:
        pytest.fail("there is nothing to ask")

    gateway = Gateway(django, started=lambda: None, stopping=lambda: None)
    asyncio.run(gateway(scope(), receive, send))


@pytest.mark.parametrize(
    ("method", "path", "threads"),
    [
        ("POST", "/session", "writes"),
        ("GET", "/session", "reads"),
        ("HEAD", "/session/1", "reads"),
        ("POST", "/session/1/message", "writes"),
        ("DELETE", "/session/1", "writes"),
        ("GET", "/session/1/context", "heavy_reads"),
        ("POST", "/session/1/context/reset", "writes"),
        ("GET", "/session/1/topics", "heavy_reads"),
        ("GET", "/session/search", "heavy_reads"),
        ("POST", "/session/1/chat", "turns"),
        ("POST", "/session/1/chat/cancel", "stops"),
        ("POST", "/session/1/chat/regenerate", "turns"),
        ("GET", "/session/1/chatter", "reads"),
        ("POST", "/v1/chat/completions", "turns"),
        ("GET", "/v1x", "reads"),
        ("POST", "/auth/token", "sign_in"),
        ("GET", "/auth/me", "sign_in"),
        ("GET", "/admin/", "sign_in"),
        ("POST", "/admin/login/", "sign_in"),
        ("GET", "/admin/conversations", "sign_in"),
        ("GET", "/readyz", "probes"),
        ("GET", "/metrics", "probes"),
        ("POST", "/healthz", "MainThread"),
    ],
)
def test_each_kind_of_request_has_threads_of_its_own(method: str, path: str, threads: str):
    names: list[str] = []

    def django(_: dict[str, Any], start_response: Any) -> Body:
        names.append(threading.current_thread().name)
        start_response("204 No Content", [])
        return Body()

    ask(django, scope(path, method=method))
    assert [name.split("-")[0] for name in names] == [threads]


def test_cancel_and_health_wait_for_nothing(settings: Any):
    """All threads that wait for a model, and all for everything else, wait."""
    settings.TURNS_MAX = settings.THREADS = 1
    released, busy = threading.Event(), threading.Semaphore(0)
    answered: list[str] = []

    def django(environ: dict[str, Any], start_response: Any) -> Body:
        if environ["PATH_INFO"] in {"/session/1/chat", "/session"}:
            busy.release()
            assert released.wait(10)
        answered.append(environ["PATH_INFO"])
        start_response("204 No Content", [])
        return Body()

    async def ask_all() -> None:
        gateway = Gateway(django, started=lambda: None, stopping=lambda: None)

        def once() -> Any:
            """A request's body, and then a client that stays."""
            messages = [{"type": "http.request", "body": b"", "more_body": False}]

            async def receive() -> dict[str, Any]:
                return messages.pop() if messages else await asyncio.Future()

            return receive

        async def send(_: Any) -> None:
            pass

        async def ask_for(path: str) -> None:
            await gateway(scope(path), once(), send)

        waiting = [asyncio.create_task(ask_for("/session/1/chat")) for _ in range(5)]
        waiting += [asyncio.create_task(ask_for("/session")) for _ in range(5)]
        for _ in range(3):
            await asyncio.to_thread(busy.acquire)
        try:
            await asyncio.wait_for(ask_for("/session/1/chat/cancel"), 10)
            await asyncio.wait_for(ask_for("/healthz"), 10)
            assert answered == ["/session/1/chat/cancel", "/healthz"]
        finally:
            released.set()
        await asyncio.gather(*waiting)

    asyncio.run(ask_all())


def test_an_answer_whose_beginning_cannot_be_sent_is_closed():
    body = Streamed(iter([b"one"]))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        raise ConnectionResetError

    gateway = Gateway(streaming(body), started=lambda: None, stopping=lambda: None)
    with pytest.raises(ConnectionResetError):
        asyncio.run(gateway(scope(), receive, send))
    assert body.closed == 1


def test_turns_run_on_the_servers_loop_for_as_long_as_it_serves():
    loops: list[object] = []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def live() -> None:
        gateway = Gateway(
            lambda *_: [], started=lambda: loops.append(event_loop.current()), stopping=lambda: None
        )

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(_: Any) -> None:
            return None

        loops.append(asyncio.get_running_loop())
        await gateway({"type": "lifespan"}, receive, send)

    asyncio.run(live())
    assert loops[0] is loops[1]
    assert event_loop.current() is not loops[0]


def test_it_says_when_it_begins_and_when_it_ends():
    said: list[str] = []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    gateway = Gateway(
        lambda *_: [],
        started=lambda: said.append("started"),
        stopping=lambda: said.append("stopping"),
    )
    asyncio.run(gateway({"type": "lifespan"}, receive, send))
    assert said == ["started", "stopping"]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
