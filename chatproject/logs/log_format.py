"""Lines of the log: one JSON object each, or text, with the request that they belong to.

No line has message text, tokens or keys. Of an exception its type and its places in the code are
told, not its words: those of a driver or a parser may quote what was sent. What looks like a
credential, or is one of this service's own, is masked wherever it comes from.
"""

import logging
import os
import re
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import TracebackType
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from pythonjsonlogger.json import JsonFormatter

from sessions_app import request_context

_MASK = "[masked]"
_CREDENTIALS = re.compile(
    # a JSON Web Token, from the beginning of a word: looking for one at each "eyJ" of a Host that
    # has thousands takes seconds; what follows Bearer or Basic; the password of an address
    r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=Bearer )[^\s\"',\\]+|(?<=Basic )[^\s\"',\\]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
# One of these is in whatever the expression matches.
_SIGNS = ("eyJ", "Bearer ", "Basic ", "://")
_OWN = ("SECRET_KEY", "JWT_SIGNING_KEY", "LLM_API_KEY", "METRICS_TOKEN")
# Shorter ones would mask ordinary words.
_SECRET_CHARS = 8
# What the line of a request has beside what every line has.
ACCESS = ("user", "method", "route", "status", "duration_ms")

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def user_hash(user_id: object) -> str:
    """What stands for a user in the log: the same for the same user, and nobody else can tell."""
    return _hash(str(user_id), settings.SECRET_KEY)


@lru_cache(maxsize=4_096)
def _hash(user_id: str, secret: str) -> str:
    # Of each request's line; the users of a moment are few.
    digest = salted_hmac("chat.log.user", user_id, secret=secret, algorithm="sha256")
    return digest.hexdigest()[:16]


def masked(line: str) -> str:
    """The line without credentials."""
    for secret in _own_secrets():
        line = line.replace(secret, _MASK)
    # To look for each at every character of a line takes longer than to write it.
    if not any(sign in line for sign in _SIGNS):
        return line
    return _CREDENTIALS.sub(_MASK, line)


@cache
def _own_secrets() -> tuple[str, ...]:
    values = (getattr(settings, name, "") for name in _OWN)
    return tuple(value for value in values if len(value) >= _SECRET_CHARS)


def places(info: Any) -> str:
    """A traceback without the words of its exceptions."""
    lines: list[str] = []
    error: BaseException | None = info[1]
    while error is not None:
        kind = type(error)
        frames = traceback.format_tb(error.__traceback__)
        lines = [*frames, f"{kind.__module__}.{kind.__qualname__}\n", *lines]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "Traceback (most recent call last):\n" + "".join(lines).rstrip("\n")


class OfRequest(logging.Filter):
    """Adds the request, its session and the worker to a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        known = request_context.facts.get()
        request_id = known.request_id if known else getattr(record, "request_id", "")
        record.request_id = request_id
        record.session_id = getattr(record, "session_id", "") or (known.session_id if known else "")
        record.worker = os.getpid()
        record.of_request = f" [request {request_id}]" if request_id else ""
        return True


class TextLines(logging.Formatter):
    """`time level logger: message`, and what is known of the request."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The places, without the words."""
        return places(ei)

    def format(self, record: logging.LogRecord) -> str:
        """The line, masked."""
        return masked(super().format(record))


class JsonLines(JsonFormatter):
    """One JSON object a line."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """The members of every line, then those of this kind of line."""
        super().add_fields(log_data, record, message_dict)
        error = log_data.pop("exc_info", None)
        message = log_data.pop("message", None)
        log_data.clear()
        log_data.update(
            time=datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            level=record.levelname,
            logger=record.name,
            message=message,
            **_present(record, ("request_id", "session_id", "worker", *ACCESS)),
        )
        if error:
            log_data["exception"] = error

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The places, without the words."""
        return places(ei)

    def format(self, record: logging.LogRecord) -> str:
        """The line, masked."""
        return masked(super().format(record))


def _present(record: logging.LogRecord, names: Iterable[str]) -> dict[str, Any]:
    values = {name: getattr(record, name, None) for name in names}
    return {name: value for name, value in values.items() if value not in (None, "")}
