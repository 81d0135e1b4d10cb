"""Ids and names that every server takes, each the same every time and no two alike.

OpenAI takes ids of 40 characters and names of `^[a-zA-Z0-9_-]{1,64}$`; Anthropic's pattern holds
for ids too; Mistral takes ids of exactly nine letters and digits. What does not fit is written as
what is readable of it and a digest of the whole. A fitting name that looks like such a digest is
mapped as well: so a mapped name never meets one that was left as it is.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from sessions_app.domain.texts.folding import bounded

ID_MAX_CHARS = 40
NAME_MAX_CHARS = 64
SHORT_ID_CHARS = 9
UNNAMED = "unnamed"

_FITS = re.compile(r"[a-zA-Z0-9_-]+")
_MISFITS = re.compile(r"[^a-zA-Z0-9_-]+")
_DIGEST_CHARS = 16
_LOOKS_MAPPED = re.compile(rf".*-[0-9a-f]{{{_DIGEST_CHARS}}}", re.DOTALL)
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def fitting_name(name: str) -> str:
    """The name of a tool or of a speaker as it is sent."""
    return _fitting(name, NAME_MAX_CHARS)


def fitting_id(call_id: str) -> str:
    """The id of a call as it is sent, where no other call has it."""
    return _fitting(call_id, ID_MAX_CHARS)


def short_id(call_id: str) -> str:
    """The id of a call in nine letters and digits."""
    if len(call_id) == SHORT_ID_CHARS and call_id.isascii() and call_id.isalnum():
        return call_id
    number = int.from_bytes(hashlib.blake2b(_bytes(call_id), digest_size=16).digest())
    digits = ""
    for _ in range(SHORT_ID_CHARS):
        number, digit = divmod(number, len(_LETTERS))
        digits += _LETTERS[digit]
    return digits


def _fitting(value: str, most: int) -> str:
    fits = len(value) <= most and _FITS.fullmatch(value) and not _LOOKS_MAPPED.fullmatch(value)
    if fits:
        return value
    plain = unicodedata.normalize("NFKD", bounded(value[: 2 * most]))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    head = _MISFITS.sub("_", plain).strip("_-")[: most - _DIGEST_CHARS - 1] or UNNAMED
    digest = hashlib.blake2b(_bytes(value), digest_size=_DIGEST_CHARS // 2).hexdigest()
    return f"{head}-{digest}"


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


class Ids:
    """Gives the calls of one request ids that are unique in it."""

    def __init__(self, *, short: bool) -> None:
        self._write = short_id if short else fitting_id
        self._used: set[str] = set()

    def sent_id(self, call_id: str, *, seq: int | None, place: int) -> str:
        """The id of the call at `place` in the message `seq`; a repeated one is told from those
        before it by where it stands."""
        sent = self._write(call_id)
        again = 0
        while sent in self._used:
            sent = self._write(f"{call_id}\n{seq}\n{place}\n{again}")
            again += 1
        self._used.add(sent)
        return sent


class Names:
    """The tools' names of one request, there and back."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def sent_name(self, name: str) -> str:
        """The name as it is sent; the model's word for it leads back to `name`."""
        sent = fitting_name(name) if name else UNNAMED
        if name and sent != name:
            self.known[sent] = name
        return sent


def known_calls(
    calls: Sequence[Mapping[str, Any]], known: Mapping[str, str]
) -> tuple[Mapping[str, Any], ...]:
    """A model's new calls under the names that the client knows; `known` leads back to those."""
    return tuple(_known(call, known) for call in calls)


def _known(call: Mapping[str, Any], known: Mapping[str, str]) -> Mapping[str, Any]:
    kind = call.get("type")
    inner = call.get(kind) if isinstance(kind, str) else None
    if not isinstance(inner, dict) or inner.get("name") not in known:
        return call
    return {**call, str(kind): {**inner, "name": known[inner["name"]]}}


def written_options(options: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """A request's further members, with the tools that it offers under the names that are sent."""
    written = dict(options)
    if isinstance(tools := options.get("tools"), list):
        written["tools"] = [_renamed(tool, names) for tool in tools]
    if "tool_choice" in options:
        written["tool_choice"] = _renamed(options["tool_choice"], names)
    return written


def _renamed(tool: Any, names: Names) -> Any:
    """A tool, or a choice of one or several, under the names that are sent."""
    if not isinstance(tool, dict):
        return tool
    kind = tool.get("type")
    inner = tool.get(kind) if isinstance(kind, str) else None
    if isinstance(inner, dict) and isinstance(inner.get("tools"), list):
        return tool | {kind: inner | {"tools": [_renamed(each, names) for each in inner["tools"]]}}
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str) or not inner["name"]:
        return tool
    return tool | {kind: inner | {"name": names.sent_name(inner["name"])}}
