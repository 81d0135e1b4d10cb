"""Reading what a request says: values are taken as they are or refused, never converted."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.validators import ProhibitSurrogateCharactersValidator
from rest_framework.views import APIView

from sessions_app.domain import limits
from sessions_app.domain.errors import InvalidInput, MessageNotFound
from sessions_app.domain.texts import text

_SEQ_DIGITS = 11


def values_of(enumeration: Iterable[StrEnum]) -> list[str]:
    """The choices that an enumeration of the domain gives a field."""
    return [member.value for member in enumeration]


class StrictCharField(serializers.CharField):
    """Text, unchanged: neither numbers made text, nor spaces trimmed, nor control characters."""

    default_error_messages = {
        "control_characters": "Control characters and lone surrogates are not allowed."
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})
        # DRF's validator goes through a text one character at a time; `is_text` is much faster.
        self.validators = [
            validator
            for validator in self.validators
            if not isinstance(validator, ProhibitSurrogateCharactersValidator)
        ]

    def to_internal_value(self, data: Any) -> str:
        """The text itself; `invalid` for another type, `control_characters` for unstorable text."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not text.is_text(data):
            self.fail("control_characters")
        return data


class StrictIntegerField(serializers.IntegerField):
    """A JSON whole number; neither a numeral in quotes nor true."""

    def to_internal_value(self, data: Any) -> int:
        """The number itself; `invalid` for another type."""
        # `True` is an `int` in Python and a different type in JSON.
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class NumeralField(serializers.IntegerField):
    """A whole number of a query string, in plain digits: not 1_0, 1.0, or another script's."""

    def to_internal_value(self, data: Any) -> int:
        """The number; `invalid` for anything but ASCII digits, with or without a minus."""
        digits = str(data).removeprefix("-")
        # Python's `int` takes "1_0", " 1" and digits of all scripts.
        if not (digits.isascii() and digits.isdigit()):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictChoiceField(serializers.ChoiceField):
    """One of several texts. The error names these and does not repeat the invalid value."""

    default_error_messages = {"invalid_choice": "Expected one of: {choices}."}

    def to_internal_value(self, data: Any) -> str:
        """The text itself; `invalid_choice` for anything else."""
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", choices=", ".join(self.choices))
        return data


class StrictBooleanField(serializers.BooleanField):
    """true or false; neither text nor numbers."""

    def to_internal_value(self, data: Any) -> bool:
        """The value itself; `invalid` for another type."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


# Of the members that a request should not have, so many are named, each to this length.
_MOST_NAMED = 20
_NAME_MAX_CHARS = 100


class RefusesUnknown(serializers.Serializer[Any]):
    """An object of the declared members; any other is refused by its name.

    A client that sends `user_id` or `titel` must not believe that it has had an effect. Of a query
    string each member may stand once: of two values, one would be passed over.
    """

    default_error_messages = {
        "unknown_parameter": "There is no such member here.",
        "repeated_parameter": "This member may stand only once.",
    }

    def to_internal_value(self, data: Any) -> Any:
        """The validated members; raises ValidationError naming all that are wrong."""
        surplus = self._surplus(data) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            details: dict[str, Any] = dict(error.detail) if isinstance(error.detail, dict) else {}
            raise serializers.ValidationError(details | surplus) from error
        if surplus:
            raise serializers.ValidationError(surplus)
        return values

    def _surplus(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        unknown = [str(name)[:_NAME_MAX_CHARS] for name in data if name not in self.fields]
        surplus = dict.fromkeys(unknown[:_MOST_NAMED], "unknown_parameter")
        if isinstance(data, MultiValueDict):
            many = [name for name in data if len(data.getlist(name)) > 1 and name in self.fields]
            surplus |= dict.fromkeys(many, "repeated_parameter")
        return {
            name: [ErrorDetail(str(self.error_messages[code]), code)]
            for name, code in surplus.items()
        }


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": limits.METADATA_MAX_KEYS,
        "additionalProperties": {"type": "string", "maxLength": limits.METADATA_VALUE_MAX_CHARS},
    }
)
class MetadataField(serializers.Field[dict[str, str], Any, Any, Any]):
    """A client's own keys and values: text, bounded in number and length."""

    default_error_messages = {
        "invalid": "Expected an object whose values are strings.",
        "keys": f"At most {limits.METADATA_MAX_KEYS} keys are allowed.",
        "key_length": f"A key has 1 to {limits.METADATA_KEY_MAX_CHARS} characters.",
        "value_length": f"A value has at most {limits.METADATA_VALUE_MAX_CHARS} characters.",
        "control_characters": "Control characters and lone surrogates are not allowed.",
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The object itself."""
        if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
            self.fail("invalid")
        if len(data) > limits.METADATA_MAX_KEYS:
            self.fail("keys")
        for key, value in data.items():
            if not 1 <= len(key) <= limits.METADATA_KEY_MAX_CHARS:
                self.fail("key_length")
            if len(value) > limits.METADATA_VALUE_MAX_CHARS:
                self.fail("value_length")
            if not (text.is_text(key) and text.is_text(value)):
                self.fail("control_characters")
        return dict(data)

    def to_representation(self, value: Mapping[str, str]) -> dict[str, str]:
        """The object itself."""
        return dict(value)


@extend_schema_field(
    {
        "type": "array",
        "maxItems": limits.TOOL_CALLS_MAX,
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["id", "type"],
            "properties": {
                "id": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": limits.TOOL_CALL_ID_MAX_CHARS,
                },
                "type": {"type": "string"},
            },
            "additionalProperties": True,
        },
    }
)
class ToolCallsField(serializers.Field[list[dict[str, Any]], Any, Any, Any]):
    """An assistant's tool calls as OpenAI writes them: each an object with an `id` and a `type`.

    Other members of a call are the client's own and are returned unchanged.
    """

    default_error_messages = {
        "invalid": "Expected a list of objects, each with an id and a type.",
        "length": f"A message makes 1 to {limits.TOOL_CALLS_MAX} calls.",
        "id_length": f"A call's id has 1 to {limits.TOOL_CALL_ID_MAX_CHARS} characters.",
        "repeated": "Two calls have the same id.",
        "json": "{problem}",
    }

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        """The list itself."""
        if not isinstance(data, list) or not all(map(_is_call, data)):
            self.fail("invalid")
        if not 1 <= len(data) <= limits.TOOL_CALLS_MAX:
            self.fail("length")
        ids = [call["id"] for call in data]
        if not all(1 <= len(call_id) <= limits.TOOL_CALL_ID_MAX_CHARS for call_id in ids):
            self.fail("id_length")
        if len(set(ids)) < len(ids):
            self.fail("repeated")
        # After the cheap checks: this walks through the whole value.
        if problem := text.json_problem(data):
            self.fail("json", problem=problem)
        return data

    def to_representation(self, value: Any) -> Any:
        """The list itself."""
        return value


def _is_call(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("id"), str)
        and isinstance(value.get("type"), str)
    )


class NoMembers(RefusesUnknown):
    """A body or a query string with nothing in it."""


class IdempotencyKey(serializers.Serializer[dict[str, Any]]):
    """The header `Idempotency-Key`, within the bounds of a `client_id`."""

    client_id = StrictCharField(max_length=limits.CLIENT_ID_MAX_CHARS)


def validated(serializer: type[serializers.Serializer[dict[str, Any]]], data: Any) -> Any:
    """`data` as `serializer` has validated it; raises ValidationError naming the fields."""
    return _shared(serializer).run_validation(data)


@cache
def _shared(serializer: type[serializers.Serializer[dict[str, Any]]]) -> Any:
    """One instance for all requests: validating does not change it, and making one copies every
    field, which takes three times as long as validating."""
    return serializer()


def digest_of(body: Any) -> str:
    """What is equal for bodies of the same JSON, however their members are ordered."""
    text_of_body = json.dumps(body, sort_keys=True)
    return hashlib.blake2b(text_of_body.encode(), digest_size=24).hexdigest()


def user_id(request: Request) -> str:
    """The caller's id: the subject of their token."""
    return str(request.user.pk)


def seq_in_path(seq: str) -> int:
    """The seq that an address names; raises MessageNotFound for what is none."""
    # That is a message that does not exist, not a wrong request.
    if not (seq.isascii() and seq.isdigit() and len(seq) <= _SEQ_DIGITS):
        raise MessageNotFound
    return int(seq)


def idempotency_key(request: Request, *, suffix_chars: int = 0) -> str | None:
    """The header `Idempotency-Key`, which serves as the `client_id` of a message without one.

    `suffix_chars` is the length of the suffixes that the calling view adds.
    """
    header: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if header is None:
        return None
    most = limits.CLIENT_ID_MAX_CHARS - suffix_chars
    if 0 < len(header) <= most and text.is_text(header):
        return header
    # The same rules as for `client_id`, since it becomes one; what is wrong the field says.
    key = str(validated(IdempotencyKey, {"client_id": header})["client_id"])
    if len(key) > most:
        raise InvalidInput(f"A batch's key has at most {most} characters.", attr="client_id")
    return key


class QueryView(APIView):
    """A view that validates the query string before its handler runs; `query` is what it says.

    `queries` has the query of each action, in a view without actions of each method; those that
    are not in it take none.
    """

    queries: ClassVar[Mapping[str, type[RefusesUnknown]]] = {}
    query: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Validate it once the caller is known and let through; raises ValidationError."""
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower().replace("head", "get")
        handler = getattr(self, "action", None) or method
        # A method that there is not is answered as such.
        if hasattr(self, handler):
            serializer_class = self.queries.get(handler, NoMembers)
            self.query = (
                validated(serializer_class, request.query_params)
                if request.META.get("QUERY_STRING")
                else dict(_without_a_query(serializer_class))
            )


@cache
def _without_a_query(wanted: type[RefusesUnknown]) -> Any:
    """What an empty query string says, which is what most requests have; as `validated`."""
    return validated(wanted, QueryDict())
