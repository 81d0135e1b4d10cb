"""Requests as Django's WSGI handler takes them (PEP 3333), and what comes back."""

import sys
from collections.abc import AsyncIterable, Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from django.db import close_old_connections

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Scope = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]

_NAMED_OTHERWISE = {"CONTENT_TYPE": "CONTENT_TYPE", "CONTENT_LENGTH": "CONTENT_LENGTH"}


class Answer:
    """A WSGI answer: its status and headers, and the body to be iterated and closed."""

    def __init__(self, status: str, headers: Iterable[tuple[str, str]], body: Any) -> None:
        self.status = int(status.split(" ", 1)[0])
        self.headers: Headers = [(_sent(n), v.encode("latin-1")) for n, v in headers]
        self.body = body

    @property
    def events(self) -> AsyncIterable[bytes] | None:
        """What the event loop can iterate by itself."""
        return getattr(self.body, "events", None)

    @property
    def whole(self) -> bytes | None:
        """The body, where it is there already."""
        return None if getattr(self.body, "streaming", True) else b"".join(self.body)

    def close(self) -> None:
        """Tell the application that the answer has been sent, or has not been wanted."""
        if hasattr(self.body, "close"):
            self.body.close()


def call(application: "WSGIApplication", environ: dict[str, Any]) -> tuple[Answer, bytes | None]:
    """Run the application; its body too, where that is there already."""
    status, headers = "", list[tuple[str, str]]()

    def start_response(of: str, with_: Any, _: Any = None) -> Callable[[bytes], object]:
        nonlocal status, headers
        status, headers = of, with_
        return _refuse_writing

    body = application(environ, start_response)
    answer = Answer(status, headers, body)
    whole = answer.whole
    if whole is not None:
        answer.close()
    elif answer.events is not None:
        # Django gives connections back when an answer is closed, and this one may take minutes.
        close_old_connections()
    return answer, whole


def environ_of(scope: Scope, body: IO[bytes], size: int) -> dict[str, Any]:
    """What Django is given; `size` is that of the body."""
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path_of(scope),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        key = _key(raw_name)
        # `X_A` and `X-A` would be one: a client could pass off the first for a proxy's own second.
        if key is None:
            continue
        value = raw_value.decode("latin-1")
        if key in environ:
            value = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + value
        environ[key] = value
    return environ | body_of(body, size)


def body_of(body: IO[bytes], size: int) -> dict[str, Any]:
    """What an environment says of a body that is there."""
    # RFC 9112, 6.3: a chunked body has no length of its own, and this one has been read.
    return {"wsgi.input": body, "CONTENT_LENGTH": str(size)}


@lru_cache(maxsize=512)
def _key(raw_name: bytes) -> str | None:
    """The name of a header in an environ; None where it has an underscore."""
    name = raw_name.decode("latin-1").upper()
    if "_" in name:
        return None
    key = name.replace("-", "_")
    return _NAMED_OTHERWISE.get(key, f"HTTP_{key}")


@lru_cache(maxsize=512)
def _sent(name: str) -> bytes:
    """The name of a header as it is sent."""
    return name.lower().encode("latin-1")


def path_of(scope: Scope) -> str:
    """The path as WSGI writes it: its bytes, each a character."""
    raw_path = scope.get("raw_path") or scope["path"].encode()
    path: bytes = raw_path.partition(b"?")[0]
    return (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")


def _refuse_writing(_: bytes) -> object:
    raise NotImplementedError("Django returns what it has to say")
