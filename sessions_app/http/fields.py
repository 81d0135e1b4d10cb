"""Fields of what products send beside texts and whole numbers; as strict as those of `input`."""

import math
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.domain import limits
from sessions_app.domain.texts import text
from sessions_app.http.input import MetadataField


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": 2 * limits.METADATA_MAX_KEYS,
        "additionalProperties": {
            "type": "string",
            "nullable": True,
            "maxLength": limits.METADATA_VALUE_MAX_CHARS,
        },
    }
)
class MetadataPatchField(MetadataField):
    """Keys to set and, with null, to remove."""

    default_error_messages = {
        "invalid": "Expected an object whose values are strings or null.",
        "keys": f"At most {2 * limits.METADATA_MAX_KEYS} keys are changed at once.",
    }

    def to_internal_value(self, data: Any) -> Any:
        """The object itself."""
        if not isinstance(data, dict):
            self.fail("invalid")
        if len(data) > 2 * limits.METADATA_MAX_KEYS:
            self.fail("keys")
        for key, value in data.items():
            # By one, as more may be removed than there can be.
            super().to_internal_value({key: "" if value is None else value})
        return dict(data)


@extend_schema_field(
    {
        "type": "array",
        "maxItems": limits.TAGS_MAX,
        "items": {"type": "string", "minLength": 1, "maxLength": limits.TAG_MAX_CHARS},
    }
)
class TagsField(serializers.Field[list[str], Any, Any, Any]):
    """Words that a client sorts its sessions by, each once."""

    default_error_messages = {
        "invalid": "Expected a list of texts.",
        "length": f"At most {limits.TAGS_MAX} tags are allowed.",
        "tag_length": f"A tag has 1 to {limits.TAG_MAX_CHARS} characters.",
        "control_characters": "Control characters and lone surrogates are not allowed.",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        """The tags in their order, without repeats."""
        if not isinstance(data, list) or not all(isinstance(tag, str) for tag in data):
            self.fail("invalid")
        tags = list(dict.fromkeys(data))
        if len(tags) > limits.TAGS_MAX:
            self.fail("length")
        for tag in tags:
            if not 1 <= len(tag) <= limits.TAG_MAX_CHARS:
                self.fail("tag_length")
            if not text.is_text(tag):
                self.fail("control_characters")
        return tags

    def to_representation(self, value: Any) -> list[str]:
        """The tags themselves."""
        return list(value)


class StrictNumberField(serializers.FloatField):
    """A JSON number; neither a numeral in quotes nor true, nor what JSON has no number for."""

    def to_internal_value(self, data: Any) -> float:
        """The number itself; `invalid` for another type."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        if isinstance(data, float) and not math.isfinite(data):
            self.fail("invalid")
        return data


class JSONValueField(serializers.Field[Any, Any, Any, Any]):
    """A value of the client's own that is passed on: of the `types`, and bounded in depth."""

    default_error_messages = {"invalid": "Expected {expected}.", "json": "{problem}"}

    def __init__(self, *types: type, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._types = types

    def to_internal_value(self, data: Any) -> Any:
        """The value itself."""
        if not isinstance(data, self._types):
            self.fail("invalid", expected=" or ".join(_JSON_NAMES[kind] for kind in self._types))
        if problem := text.json_problem(data):
            self.fail("json", problem=problem)
        return data

    def to_representation(self, value: Any) -> Any:
        """The value itself."""
        return value


_JSON_NAMES: dict[type, str] = {str: "text", dict: "an object", list: "a list"}
