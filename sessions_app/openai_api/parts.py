"""The parts of a message, in all the forms in which OpenAI's wires have them.

Nothing is fetched: an address stays one. Bytes stand in the parts until the service has stored
them, see `services.attachments.referring`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from sessions_app.domain import parts
from sessions_app.domain.attachments import checked_name
from sessions_app.domain.errors import InvalidInput, TooLarge
from sessions_app.domain.limits import PART_NAME_MAX_CHARS, PART_URL_MAX_CHARS, PARTS_MAX
from sessions_app.domain.texts import text
from sessions_app.openai_api.errors import UnsupportedValue

CONTROLS = "Control characters and lone surrogates are not allowed."
_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),(.*)", re.DOTALL | re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_OF_TEXT = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_UNKNOWN_TYPE = "application/octet-stream"


def read(value: list[Any], path: str, *, raw: bool = False) -> list[parts.Part]:
    """The parts of a content, as they are stored; raises InvalidInput naming what is wrong.

    With `raw`, control characters in texts are kept.
    """
    read_parts = [read_part(part, f"{path}.{at}", raw=raw) for at, part in enumerate(value)]
    others = sum(part["type"] != parts.TEXT for part in read_parts)
    if others > PARTS_MAX:
        raise TooLarge(f"At most {PARTS_MAX} pictures and files are allowed.", attr=path)
    return read_parts


def read_part(part: Any, path: str, *, raw: bool = False) -> parts.Part:
    """One part; raises InvalidInput naming what is wrong."""
    if not isinstance(part, dict):
        raise InvalidInput("Expected an object.", attr=path)
    kind = part.get("type")
    if isinstance(kind, str) and kind in _OF_TEXT:
        member = _OF_TEXT[kind]
        return {"type": parts.TEXT, "text": _text(part.get(member), f"{path}.{member}", raw=raw)}
    if isinstance(kind, str) and kind in _READERS:
        return _READERS[kind](part, path)
    known = ", ".join(sorted({*_OF_TEXT, *_READERS}))
    raise UnsupportedValue(f"Expected one of: {known}.", attr=f"{path}.type")


def _text(value: Any, path: str, *, raw: bool) -> str:
    if not isinstance(value, str):
        raise InvalidInput("Expected text.", attr=path)
    return checked(value, path, raw=raw)


def checked(value: str, path: str, *, raw: bool = False) -> str:
    """A text that can be stored; raises InvalidInput."""
    if not (text.is_storable(value) if raw else text.is_text(value)):
        raise InvalidInput(CONTROLS, attr=path)
    return value


def _image(part: Mapping[str, Any], path: str) -> parts.Part:
    """`image_url` of chat completions, an object or an address; `input_image` of responses."""
    inner = part.get("image_url")
    inner = inner if isinstance(inner, dict) else {"url": inner}
    detail = inner.get("detail") or part.get("detail")
    described = {"detail": detail} if detail in {"low", "high", "auto", "original"} else {}
    reference = _reference(inner.get("url"), part.get("file_id"), "image/*", path, "image_url")
    return {"type": parts.IMAGE, **reference, **described}


def _file(part: Mapping[str, Any], path: str) -> parts.Part:
    """`file` of chat completions, whose members stand in an object; `input_file` of responses."""
    inner = part.get("file")
    inner = inner if isinstance(inner, dict) else part
    reference = _reference(
        inner.get("file_data") or inner.get("file_url"),
        inner.get("file_id"),
        _UNKNOWN_TYPE,
        path,
        str(part["type"]),
    )
    name = _name(inner.get("filename"), f"{path}.filename")
    return {"type": parts.FILE, **reference, **({"name": name} if name else {})}


def _audio(part: Mapping[str, Any], path: str) -> parts.Part:
    inner = part.get("input_audio")
    inner = inner if isinstance(inner, dict) else {"data": inner}
    form = inner.get("format")
    media_type = f"audio/{form}" if isinstance(form, str) else "audio/*"
    reference = _reference(inner.get("data"), inner.get("id"), media_type, path, "input_audio")
    return {"type": parts.AUDIO, **reference}


_READERS: Mapping[str, Callable[[Mapping[str, Any], str], parts.Part]] = {
    "image_url": _image,
    "input_image": _image,
    "file": _file,
    "input_file": _file,
    "input_audio": _audio,
}


def _reference(value: Any, file_id: Any, media_type: str, path: str, member: str) -> dict[str, Any]:
    """What a part refers to: an address or an id that is kept, or bytes that are described."""
    path = f"{path}.{member}"
    if isinstance(value, str) and value:
        if data := _DATA_URL.fullmatch(value):
            own_type, options, body = data.groups()
            return _described(
                own_type or media_type, body, path, is_base64=";base64" in options.lower()
            )
        if "://" in value[:40]:
            return {"url": _short(value, path)}
        return _described(media_type, value, path, is_base64=True)
    if isinstance(file_id, str) and file_id:
        return {"file_id": _short(file_id, path)}
    raise InvalidInput("Expected an address, bytes, or the id of a file.", attr=path)


def _short(value: str, path: str) -> str:
    if len(value) > PART_URL_MAX_CHARS:
        raise TooLarge(f"At most {PART_URL_MAX_CHARS} characters are allowed.", attr=path)
    return checked(value, path)


def _described(media_type: str, body: str, path: str, *, is_base64: bool) -> dict[str, Any]:
    """Bytes with their type, size and digest; what they are is looked at when they are stored."""
    try:
        # Some clients write it in lines, which RFC 2045 has and RFC 4648 has not.
        written = "".join(body.split())
        content = base64.b64decode(written, validate=True) if is_base64 else unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("Expected bytes in base64.", attr=path) from error
    return {
        parts.BYTES: content,
        "media_type": media_type
        if _MEDIA_TYPE.fullmatch(media_type) or media_type.endswith("/*")
        else _UNKNOWN_TYPE,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _name(name: Any, path: str) -> str:
    """A file's name as it can be shown in a line; raises BadAttachmentName."""
    shown = " ".join(text.storable(name).split()) if isinstance(name, str) else ""
    if len(shown) > PART_NAME_MAX_CHARS:
        shown = shown[: PART_NAME_MAX_CHARS - 1] + "…"
    return checked_name(shown, attr=path)
