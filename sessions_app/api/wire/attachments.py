"""An attachment on the wire, and the parts of a message that refer to one."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.domain import limits
from sessions_app.domain.attachments import (
    ID_PATTERN,
    Attachment,
    checked_name,
    own_id,
    tokens_of,
)
from sessions_app.domain.texts import text
from sessions_app.http.description import NAME, TEXT
from sessions_app.http.input import (
    RefusesUnknown,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
)

Data = dict[str, Any]

_MEMBERS = {
    "text": {"text"},
    "image": {"attachment_id", "url", "name", "alt", "detail"},
    "file": {"attachment_id", "url", "name", "alt"},
    "audio": {"attachment_id", "url", "name", "alt"},
}
_LENGTHS = {
    "attachment_id": limits.PART_NAME_MAX_CHARS,
    "url": limits.PART_URL_MAX_CHARS,
    "name": limits.PART_NAME_MAX_CHARS,
    "alt": limits.ALT_MAX_CHARS,
}
_DETAILS = frozenset({"auto", "low", "high"})


class UploadQuery(RefusesUnknown):
    """The name of an uploaded file, where neither its form nor a header says it."""

    name = StrictCharField(required=False, allow_blank=True)


class ContentQuery(RefusesUnknown):
    """Whether a browser is to save the bytes rather than show them."""

    download = StrictChoiceField(choices=["0", "1"], default="0")


class AttachmentOutput(serializers.Serializer[Data]):
    """What is known of an attachment; `note` says why no text could be read in it."""

    attachment_id = StrictCharField()
    file_id = StrictCharField()
    media_type = StrictCharField()
    size = StrictIntegerField(min_value=1)
    name = StrictCharField(allow_blank=True)
    sha256 = StrictCharField()
    width = StrictIntegerField(allow_null=True)
    height = StrictIntegerField(allow_null=True)
    tokens = StrictIntegerField(min_value=0)
    thumbnail = serializers.BooleanField()
    note = StrictCharField(allow_blank=True)


def attachment(stored: Attachment) -> Data:
    """An attachment of the wire contract."""
    return {
        "attachment_id": stored.attachment_id,
        "file_id": stored.file_id,
        "media_type": stored.media_type,
        "size": stored.size,
        "name": stored.name,
        "sha256": stored.sha256,
        "width": stored.width or None,
        "height": stored.height or None,
        "tokens": tokens_of(stored),
        "thumbnail": stored.thumbnail,
        "note": stored.note,
    }


_TEXT_MAX_CHARS = 1_000_000
# As far as a pattern can say it: names hide nothing of how they end, either.
_NAME = {"type": "string", "maxLength": limits.PART_NAME_MAX_CHARS, "pattern": NAME}
_REFERENCES = {
    "attachment_id": {"type": "string", "pattern": f"^{ID_PATTERN}$"},
    "url": {
        "type": "string",
        "maxLength": limits.PART_URL_MAX_CHARS,
        "pattern": TEXT.replace("^", "^https?://", 1),
    },
}


def _described(kind: str, properties: Data, *required: str) -> Data:
    return {
        "type": "object",
        "required": ["type", *required],
        "properties": {"type": {"type": "string", "enum": [kind]}, **properties},
        "additionalProperties": False,
    }


def _forms() -> Iterator[Data]:
    """The forms of a part: a text, and each other kind by its id or by its address."""
    text_of_part = {"type": "string", "maxLength": _TEXT_MAX_CHARS, "pattern": TEXT}
    yield _described("text", {"text": text_of_part}, "text")
    alt = {"type": "string", "maxLength": limits.ALT_MAX_CHARS, "pattern": TEXT}
    for kind in ("image", "file", "audio"):
        detail = {"detail": {"type": "string", "enum": sorted(_DETAILS)}} if kind == "image" else {}
        for reference, schema in _REFERENCES.items():
            yield _described(
                kind, {reference: schema, "name": _NAME, "alt": alt, **detail}, reference
            )


@extend_schema_field(
    {
        "type": "array",
        "minItems": 1,
        "maxItems": limits.PARTS_MAX,
        "items": {"oneOf": list(_forms())},
    }
)
class PartsField(serializers.Field[list[Data], Any, Any, Any]):
    """A message in parts: texts, and pictures, files and sounds by their id or their address."""

    default_error_messages = {
        "invalid": "Expected a list of objects, each with a type: " + ", ".join(_MEMBERS) + ".",
        "length": f"A message has 1 to {limits.PARTS_MAX} parts.",
        "unknown_parameter": "Part {at}: {member} is not expected.",
        "text": "Part {at}: {member} must be text of at most {most} characters.",
        "control_characters": "Part {at}: {member} has control characters or lone surrogates.",
        "attachment_not_found": "Part {at}: no such attachment.",
        "reference": "Part {at}: expected one of attachment_id and url.",
        "scheme": "Part {at}: a url begins with http:// or https://; bytes are uploaded first.",
        "detail": "Part {at}: detail is one of auto, low, high.",
    }

    def to_internal_value(self, data: Any) -> list[Data]:
        """The parts themselves."""
        if not isinstance(data, list) or not all(
            isinstance(part, dict) and part.get("type") in _MEMBERS for part in data
        ):
            self.fail("invalid")
        if not 1 <= len(data) <= limits.PARTS_MAX:
            self.fail("length")
        for at, part in enumerate(data):
            self._check(at, part)
        return data

    def _check(self, at: int, part: Data) -> None:
        for member, value in part.items():
            if member == "type":
                continue
            if member not in _MEMBERS[part["type"]]:
                self.fail("unknown_parameter", at=at, member=str(member)[:100])
            most = _LENGTHS.get(member, _TEXT_MAX_CHARS)
            if not isinstance(value, str) or len(value) > most:
                self.fail("text", at=at, member=member, most=most)
            if not text.is_text(value):
                self.fail("control_characters", at=at, member=member)
        if part["type"] == "text":
            if "text" not in part:
                self.fail("text", at=at, member="text", most=_TEXT_MAX_CHARS)
            return
        if "name" in part:
            part["name"] = checked_name(part["name"], attr=f"parts.{at}.name")
        if len({"attachment_id", "url"} & part.keys()) != 1:
            self.fail("reference", at=at)
        if "attachment_id" in part and own_id(part["attachment_id"]) is None:
            self.fail("attachment_not_found", at=at)
        if "url" in part and not part["url"].startswith(("http://", "https://")):
            self.fail("scheme", at=at)
        if part.get("detail", "auto") not in _DETAILS:
            self.fail("detail", at=at)

    def to_representation(self, value: Any) -> Any:
        """The parts themselves."""
        return value
