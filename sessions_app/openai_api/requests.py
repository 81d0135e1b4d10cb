"""What a request says beside its messages: which session, and whether it is a repeat."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rest_framework.request import Request

from sessions_app.domain.errors import InvalidInput
from sessions_app.openai_api.errors import UnsupportedValue

CONVERSATION_PREFIX = "conv_"
# The packages' own time-out where they do not say, and the longest that they wait to ask again.
_TIMEOUT_SECONDS = 600.0
_TIMEOUT_MAX_SECONDS = 3_600.0
_PAUSE_SECONDS = 120.0
_REPEATS_MAX = 20


def body_of(request: Request) -> dict[str, Any]:
    """The request's body; raises InvalidInput for what no server could be sent."""
    body = request.data
    if not isinstance(body, dict):
        raise InvalidInput("Expected a JSON object.")
    try:
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("The body holds lone surrogates.") from error
    except ValueError as error:
        raise InvalidInput("A number is too large.") from error
    return body


def session_id(request: Request, body: Mapping[str, Any]) -> str | None:
    """The session that is meant: by `metadata`, by `session_id`, or by `X-Session-Id`."""
    metadata = body.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise InvalidInput("Expected an object.", attr="metadata")
    named = {
        "metadata.session_id": (metadata or {}).get("session_id"),
        "session_id": body.get("session_id"),
        "X-Session-Id": request.headers.get("X-Session-Id"),
    }
    given = {place: value for place, value in named.items() if value is not None}
    for place, value in given.items():
        if not isinstance(value, str):
            raise InvalidInput("Expected text.", attr=place)
    found = {str(value).removeprefix(CONVERSATION_PREFIX) for value in given.values()}
    if len(found) > 1:
        raise UnsupportedValue("Two sessions are named.", attr=list(given)[1])
    return found.pop() if found else None


def digest(session_id: str, body: Mapping[str, Any]) -> str:
    """Tells this request from others, however its answer is to be sent."""
    asked = {name: body[name] for name in body.keys() - {"stream", "stream_options"}}
    text = json.dumps([session_id, asked], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=24).hexdigest()


def repeated_since(request: Request, now: datetime) -> datetime | None:
    """When the first attempt of a repeat came at the earliest; None for a first attempt.

    OpenAI's packages count their repeats of a request, and say how long they wait for an answer.
    """
    count = min(_REPEATS_MAX, int(_number(request, "X-Stainless-Retry-Count") or 0))
    if count <= 0:
        return None
    named = ("X-Stainless-Read-Timeout", "X-Stainless-Timeout")
    waits = next(filter(None, (_number(request, name) for name in named)), _TIMEOUT_SECONDS)
    each = min(waits, _TIMEOUT_MAX_SECONDS) + _PAUSE_SECONDS
    return now - timedelta(seconds=count * each)


def _number(request: Request, header: str) -> float | None:
    text = request.headers.get(header, "")
    try:
        value = float(text) if len(text) < 20 else 0.0
    except ValueError:
        return None
    return value if 0 < value < 1e9 else None
