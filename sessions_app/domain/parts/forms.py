"""Messages that are more than text: pictures, files and sounds, by reference.

A part is a mapping with a `type`: a `text` with its text; an `image`, a `file` or an `audio` with
the `url` or the `file_id` that its client named, or, where the client sent the bytes themselves,
with the `attachment_id` under which they are kept, their `media_type`, `size` and `sha256`, and the
`tokens` that they count as; perhaps with a `name`, an `alt` text, and a `detail` for pictures.

The message's `content` is its text. A draft that has not been stored may have the `bytes`
themselves. A part with a `sha256` and no `attachment_id` is of a version that kept no bytes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sessions_app.domain.parts import addresses, counting

Part = Mapping[str, Any]
Parts = Sequence[Part]

TEXT, IMAGE, FILE, AUDIO = "text", "image", "file", "audio"
BYTES = "bytes"
_NUMBERS = frozenset({"size", "width", "height", "tokens"})
_FORMATS = {"audio/mpeg": "mp3", "audio/wav": "wav", "audio/x-wav": "wav"}

# What is signed anew each time that the same object is handed out: S3, GCS, Azure, CloudFront.
_SIGNATURE = re.compile(
    r"x-(?:amz|goog|oss|ms|cos)-.*|signature|sig|expires|se|sp|sv|st|sr|skoid|sktid|skt|ske|sks|skv|"
    r"policy|key-pair-id|googleaccessid|awsaccesskeyid|ossaccesskeyid",
    re.IGNORECASE,
)


def are_parts(value: Any) -> bool:
    """Whether this has the form of a message's parts, wherever it comes from."""
    return isinstance(value, list) and bool(value) and all(map(_is_part, value))


def _is_part(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    texts = {name: each for name, each in value.items() if name not in _NUMBERS}
    if not all(isinstance(each, str) for each in texts.values()):
        return False
    if not all(_is_size(value[name]) for name in _NUMBERS & value.keys()):
        return False
    match value.get("type"):
        case "text":
            return value.keys() == {"type", "text"}
        case "image" | "file" | "audio":
            is_described = {"media_type", "sha256", "size"} <= value.keys()
            if "attachment_id" in value:
                return is_described and "tokens" in value
            return is_described or ("size" not in value and bool({"url", "file_id"} & value.keys()))
    return False


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def text_of(parts: Parts) -> str:
    """A message's `content`: its texts, and a line for each part that is sent as one.

    Of a message without any text, a line for every part.
    """
    lines = [each["text"] if each["type"] == TEXT else in_words(each)
            for each in parts if as_sent(each) is None or each["type"] == TEXT]  # fmt: skip
    text = "\n".join(lines)
    return text if text.strip() else spoken(parts)


def said(parts: Parts) -> str:
    """The texts alone."""
    return "\n".join(each["text"] for each in parts if each["type"] == TEXT)


def spoken(parts: Parts) -> str:
    """The same with a line for each picture, file and sound: for a reader of text alone."""
    return "\n".join(each["text"] if each["type"] == TEXT else in_words(each) for each in parts)


def in_words(part: Part) -> str:
    """The line that says what was there: `[image: cat.png, a cat on a chair]`."""
    name = part.get("name")
    if is_kept(part):
        described = [fact for fact in (name, part.get("alt")) if fact]
        sized = [part["media_type"], f"{part['size']} bytes"] if "size" in part else []
        facts = described or sized or [part["attachment_id"]]
        return f"[{part['type']}: {', '.join(facts)}]"
    if "size" in part:
        facts = [part["media_type"], f"{part['size']} bytes", *([name] if name else [])]
        return f"[{part['type']} not kept: {', '.join(facts)}]"
    facts = [*([name] if name else []), part.get("url") or part.get("file_id") or ""]
    return f"[{part['type']}: {', '.join(facts)}]"


def is_kept(part: Part) -> bool:
    """Whether the bytes of a part are here, or are about to be."""
    return "attachment_id" in part or BYTES in part


def data_url(media_type: str, content: bytes) -> str:
    """Bytes as the address that has them in it (RFC 2397)."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _address(part: Part) -> str | None:
    """Where a part's bytes are: with a client's server, with this service, or in the address."""
    if BYTES in part:
        return data_url(part["media_type"], part[BYTES])
    return addresses.address(part) if "attachment_id" in part else part.get("url")


def as_sent(part: Part) -> dict[str, Any] | None:
    """A part in the form of the chat completions wire; None for what has none there.

    What is kept here has an address in place of its bytes, see `parts.addresses`.
    """
    kind = part["type"]
    if kind == TEXT:
        return {"type": "text", "text": part["text"]}
    address = _address(part)
    if kind == IMAGE and address is not None:
        detail = {"detail": part["detail"]} if "detail" in part else {}
        return {"type": "image_url", "image_url": {"url": address, **detail}}
    if kind == FILE and is_kept(part):
        named = {"filename": part["name"]} if "name" in part else {}
        return {"type": "file", "file": {"file_data": address, **named}}
    # A client names a sound by its id alone; of which type it is, is looked up later.
    if kind == AUDIO and is_kept(part) and (form := _FORMATS.get(part.get("media_type", ""))):
        if BYTES in part:
            address = base64.b64encode(part[BYTES]).decode()
        return {"type": "input_audio", "input_audio": {"data": address, "format": form}}
    if kind == FILE and "file_id" in part:
        name = {"filename": part["name"]} if "name" in part else {}
        return {"type": "file", "file": {"file_id": part["file_id"], **name}}
    return None


def all_as_sent(parts: Parts) -> list[dict[str, Any]]:
    """A message's parts on the wire; empty where all of it is text."""
    sent = [as_sent(each) or {"type": "text", "text": in_words(each)} for each in parts]
    return sent if any(each["type"] != "text" for each in sent) else []


def is_attachment(sent_part: Part) -> bool:
    """Whether a part on the wire is other than text."""
    return bool(sent_part["type"] != "text")


def sent_text(content: Any) -> str:
    """The text of a message's content on the wire, whether it has parts or not."""
    if isinstance(content, str):
        return content
    return "\n".join(each["text"] for each in content if not is_attachment(each))


def sent_tokens(content: Any) -> int:
    """What the pictures and files of a message on the wire are counted as."""
    return 0 if isinstance(content, str) else sum(map(_tokens, content))


def token_count(parts: Parts) -> int:
    """What a message's pictures and files are counted as, beside its text."""
    return sum(map(_counted, parts))


def _counted(part: Part) -> int:
    kind = part["type"]
    if kind == TEXT:
        return 0
    # What is kept here says it; to write it as it is sent would take ten times as long.
    is_sent = kind != AUDIO or part.get("media_type") in _FORMATS
    if "attachment_id" in part and "tokens" in part and is_sent:
        return int(part["tokens"])
    sent = as_sent(part)
    return _tokens(sent) if sent else 0


def _tokens(sent_part: Part) -> int:
    kind = sent_part["type"]
    inner = sent_part.get(kind)
    for value in inner.values() if isinstance(inner, dict) else ():
        if addresses.is_address(value):
            return addresses.read_address(value)[1]
    match kind:
        case "image_url":
            return counting.picture_tokens(0, 0, sent_part["image_url"].get("detail", "auto"))
        case "file" | "input_audio":
            return counting.FILE_TOKENS
    return 0


def signature(parts: Parts | None) -> str:
    """What two copies of a message's pictures, files and sounds have in common; "" without any.

    An address counts without what signs it, which is new each time that a client is given it.
    """
    identities = list(map(_identity, _others(parts or ())))
    return json.dumps(identities) if identities else ""


def _others(parts: Parts) -> Iterable[Part]:
    return (each for each in parts if each["type"] != TEXT)


def _identity(part: Part) -> list[Any]:
    url = part.get("url")
    # Of what is kept the digest, whether it came as bytes or by its id.
    named = part.get("sha256") or part.get("file_id") or part.get("attachment_id")
    # The same bytes are a file to one client, and a picture to this service.
    return [named] if named else [part["type"], _unsigned(url) if url else None]


def _unsigned(url: str) -> str:
    try:
        split = urlsplit(url)
    except ValueError:
        return url
    if not split.query:
        return url
    query = [
        (name, value)
        for name, value in parse_qsl(split.query, keep_blank_values=True)
        if not _SIGNATURE.fullmatch(name)
    ]
    return split._replace(query=urlencode(query)).geturl()
