"""Reads a request's body, its session, and whether it is a repeat."""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.sessions import names as session_names
from sessions_app.http.input import MetadataField
from sessions_app.openai_api.errors import UnknownParameter, UnsupportedValue

CONVERSATION_PREFIX = "conv_"
# The default time-out of OpenAI's packages, and the longest pause before they repeat a request.
_TIMEOUT_SECONDS = 600.0
_TIMEOUT_MAX_SECONDS = 3_600.0
_PAUSE_SECONDS = 120.0
_REPEATS_MAX = 20
_METADATA = MetadataField()


def body_of(request: Request) -> dict[str, Any]:
    """The request's body; raises InvalidInput if it cannot be passed on as JSON."""
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


def check_query(request: Request, known: Collection[str]) -> None:
    """Raise InvalidInput naming a member of the query that means nothing here."""
    for name in request.query_params:
        if name not in known:
            raise UnknownParameter(f"Unknown parameter: '{name}'."[:300], attr=name[:200])


def session_name(request: Request, body: Mapping[str, Any]) -> str | None:
    """What a request calls its session: in `metadata`, in `session_id`, or in `X-Session-Id`."""
    metadata = body.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise InvalidInput("Expected an object.", attr="metadata")
    candidates = {
        "metadata.session_id": (metadata or {}).get("session_id"),
        "session_id": body.get("session_id"),
        "X-Session-Id": request.headers.get("X-Session-Id"),
    }
    sources = {source: value for source, value in candidates.items() if value is not None}
    for source, value in sources.items():
        if not isinstance(value, str):
            raise InvalidInput("Expected text.", attr=source)
    names = list(map(str, sources.values()))
    if len(set(map(session_names.without_prefix, names))) > 1:
        raise UnsupportedValue("Two sessions are named.", attr=list(sources)[1])
    return names[0] if names else None


def digest(session_id: str, body: Mapping[str, Any]) -> str:
    """A digest that is equal for requests that differ only in how the answer is sent."""
    content = {name: body[name] for name in body.keys() - {"stream", "stream_options"}}
    text = json.dumps([session_id, content], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=24).hexdigest()


def repeat_count(request: Request) -> int | None:
    """How often OpenAI's package has sent the request before; None for any other client."""
    if "X-Stainless-Retry-Count" not in request.headers:
        return None
    return min(_REPEATS_MAX, int(_number(request, "X-Stainless-Retry-Count") or 0))


def repeated_since(request: Request, now: datetime) -> datetime | None:
    """The earliest time at which a repeat's first attempt was sent; None for a first attempt.

    OpenAI's packages send the number of repeats, and how long they wait for an answer.
    """
    count = repeat_count(request)
    if not count:
        return None
    headers = ("X-Stainless-Read-Timeout", "X-Stainless-Timeout")
    timeout = next(filter(None, (_number(request, name) for name in headers)), _TIMEOUT_SECONDS)
    attempt_seconds = min(timeout, _TIMEOUT_MAX_SECONDS) + _PAUSE_SECONDS
    return now - timedelta(seconds=count * attempt_seconds)


def _number(request: Request, header: str) -> float | None:
    text = request.headers.get(header, "")
    try:
        value = float(text) if len(text) < 20 else 0.0
    except ValueError:
        return None
    return value if 0 < value < 1e9 else None


def metadata_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a body, null being none; raises InvalidInput."""
    value = body.get("metadata")
    if value is None:
        return {}
    try:
        return _METADATA.to_internal_value(value)
    except ValidationError as error:
        detail = error.detail
        first = detail[0] if isinstance(detail, list) else detail
        raise InvalidInput(str(first), attr="metadata") from error
