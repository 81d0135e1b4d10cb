"""An attachment on the wire, and the parts of a message that refer to one."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.domain import limits
from sessions_app.domain.attachments import Attachment, checked_name, tokens_of
from sessions_app.domain.texts import text
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


@extend_schema_field(
    {
        "type": "array",
        "maxItems": limits.PARTS_MAX,
        "items": {
            "type": "object",
            "required": ["type"],
            "properties": {
                "type": {"type": "string", "enum": list(_MEMBERS)},
                "text": {"type": "string"},
                "attachment_id": {"type": "string"},
                "url": {"type": "string"},
                "name": {"type": "string"},
                "alt": {"type": "string"},
                "detail": {"type": "string", "enum": sorted(_DETAILS)},
            },
        },
    }
)
class PartsField(serializers.Field[list[Data], Any, Any, Any]):
    """A message in parts: texts, and pictures, files and sounds by their id or their address."""

    default_error_messages = {
        "invalid": "Expected a list of objects, each with a type: " + ", ".join(_MEMBERS) + ".",
        "length": f"A message has 1 to {limits.PARTS_MAX} parts.",
        "unknown_parameter": "Part {at}: {member} is not expected.",
        "text": "Part {at}: {member} must be storable text of at most {most} characters.",
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
            most = _LENGTHS.get(member, 1_000_000)
            if not isinstance(value, str) or len(value) > most or not text.is_text(value):
                self.fail("text", at=at, member=member, most=most)
        if part["type"] == "text":
            if "text" not in part:
                self.fail("text", at=at, member="text", most=1_000_000)
            return
        if "name" in part:
            part["name"] = checked_name(part["name"], attr=f"parts.{at}.name")
        if len({"attachment_id", "url"} & part.keys()) != 1:
            self.fail("reference", at=at)
        if "url" in part and not part["url"].startswith(("http://", "https://")):
            self.fail("scheme", at=at)
        if part.get("detail", "auto") not in _DETAILS:
            self.fail("detail", at=at)

    def to_representation(self, value: Any) -> Any:
        """The parts themselves."""
        return value
