"""Reading what a request says, in the services' terms."""

from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.limits import CLIENT_ID_MAX_CHARS
from sessions_app.http.fields import StrictCharField


class IdempotencyKey(serializers.Serializer[dict[str, Any]]):
    """The header `Idempotency-Key`, which must be fit to be a `client_id`."""

    client_id = StrictCharField(max_length=CLIENT_ID_MAX_CHARS)


def validated(serializer: type[serializers.Serializer[dict[str, Any]]], data: Any) -> Any:
    """`data` as `serializer` has validated it; raises ValidationError naming the fields."""
    return _shared(serializer).run_validation(data)


@cache
def _shared(serializer: type[serializers.Serializer[dict[str, Any]]]) -> Any:
    """One instance for all requests: validating leaves no trace in it, and making one copies every
    field, which took as long as the rest of the validation three times over."""
    return serializer()


def user_id(request: Request) -> str:
    """Who is asking: the subject of their token."""
    return str(request.user.pk)


def idempotency_key(request: Request, *, suffix_chars: int = 0) -> str | None:
    """The header `Idempotency-Key`, which serves as the `client_id` of a message without one.

    `suffix_chars` is how much the caller will add to it.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    key = str(validated(IdempotencyKey, {"client_id": header})["client_id"])
    most = CLIENT_ID_MAX_CHARS - suffix_chars
    if len(key) > most:
        raise InvalidInput(f"A batch's key has at most {most} characters.", attr="client_id")
    return key
