"""Content in parts: the text of it, and what stands for parts that have none.

`domain.parts` has the parts that a message is stored with; here they are as the wire writes them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sessions_app.domain.attachments import file_id_of
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.texts import text

_TEXT_MEMBERS = {
    "input_text": "text",
    "output_text": "text",
    "text": "text",
    "summary_text": "text",
    "reasoning_text": "text",
    "refusal": "refusal",
}
_CONTROLS = "Control characters and lone surrogates are not allowed."


ReadPart = Callable[[Mapping[str, Any], str], Mapping[str, Any]]
"""Reads a picture, file or sound as `domain.parts` stores it; raises InvalidInput, TooLarge."""
ATTACHMENTS = frozenset({"image_url", "input_image", "file", "input_file", "input_audio"})
# Where the bytes themselves may stand in place of an address.
_BYTES = frozenset({"image_url", "url", "file_url", "file_data", "data", "input_audio"})
_REFERENCES = _BYTES | {"file_id", "id"}


def text_member(part: Mapping[str, Any]) -> str | None:
    """The member that holds a part's text; None for a part that has none, such as a picture."""
    return _TEXT_MEMBERS.get(str(part.get("type")))


def missing(path: str) -> InvalidInput:
    """The error for a member that has to be there."""
    error = InvalidInput("This parameter is required.", attr=path)
    error.code = "required"
    return error


def checked_text(value: Any, path: str, *, raw: bool = False) -> str:
    """`value` if it can be stored as text; with `raw`, control characters may be in it."""
    if value is None:
        raise missing(path)
    if not isinstance(value, str):
        raise InvalidInput("Expected text.", attr=path)
    if not (text.is_storable(value) if raw else text.is_text(value)):
        raise InvalidInput(_CONTROLS, attr=path)
    return value


def checked_parts(value: Any, path: str, *, raw: bool = False) -> list[Mapping[str, Any]]:
    """A list of parts, each an object with a type; raises InvalidInput naming what is wrong."""
    if not isinstance(value, list):
        raise InvalidInput("Expected text, or a list of parts.", attr=path)
    for position, part in enumerate(value):
        part_path = f"{path}.{position}"
        if not isinstance(part, dict):
            raise InvalidInput("Expected an object.", attr=part_path)
        if not isinstance(part.get("type"), str):
            raise InvalidInput("Expected the part's type.", attr=f"{part_path}.type")
        if member := text_member(part):
            checked_text(part.get(member), f"{part_path}.{member}", raw=raw)
        if problem := text.json_problem(part, raw=raw or text_member(part) is None):
            raise InvalidInput(problem, attr=part_path)
    return value


def text_of(parts: Sequence[Any]) -> str:
    """The texts of the parts that have any, on lines of their own."""
    texts = []
    for part in parts:
        member = text_member(part) if isinstance(part, Mapping) else None
        if member and isinstance(part.get(member), str):
            texts.append(part[member])
    return "\n".join(texts)


def placeholder(parts: Sequence[Mapping[str, Any]]) -> str:
    """What the text of a message says that has none: which kinds of parts it has instead."""
    others = (part for part in parts if text_member(part) is None)
    kinds = (str(part["type"]).removeprefix("input_") for part in others)
    return "\n".join(f"[{kind.removesuffix('_url')}]" for kind in kinds)


def attached(
    parts: Sequence[Mapping[str, Any]], path: str, read_part: ReadPart
) -> list[Mapping[str, Any]] | None:
    """The parts as a message is stored with them; None where there is no picture, file or sound."""
    if not any(map(_is_attachment, parts)):
        return None
    stored: list[Mapping[str, Any]] = []
    for position, part in enumerate(parts):
        if member := text_member(part):
            stored.append({"type": "text", "text": part[member]})
        elif _is_attachment(part):
            stored.append(read_part(part, f"{path}.{position}"))
    return stored


def without_texts(
    parts: Sequence[Mapping[str, Any]], stored: Sequence[Mapping[str, Any]] | None = None
) -> list[list[Any]]:
    """The parts without their texts, each behind the length of the text that it has in `text_of`.

    A message has its text once, however many parts it came in. Of `stored` parts, those whose bytes
    are not kept lose them here, too.
    """
    taken: list[list[Any]] = []
    kept = iter(stored or ())
    for part in parts:
        member = text_member(part)
        rest = {name: value for name, value in part.items() if name != member}
        if stored is not None and (member or _is_attachment(part)):
            rest = _without_bytes(rest) if "size" in next(kept) else rest
        taken.append([len(part[member]) if member else None, rest])
    return taken


def _is_attachment(part: Mapping[str, Any]) -> bool:
    """Whether it refers to something. One whose bytes were not kept comes back without any."""
    return part["type"] in ATTACHMENTS and _refers(part)


def _refers(part: Mapping[str, Any]) -> bool:
    return any(
        _refers(value) if isinstance(value, Mapping) else name in _REFERENCES and bool(value)
        for name, value in part.items()
    )


def _without_bytes(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_bytes(value) if isinstance(value, Mapping) else value
        for name, value in part.items()
        if name not in _BYTES or isinstance(value, Mapping)
    }


def _kept(
    taken: Sequence[Sequence[Any]], stored: Sequence[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The stored parts of pictures, files and sounds, as far as it is known which is which."""
    of_files = [part for part in stored if part["type"] != "text"]
    # One that came without its bytes was not stored as one.
    is_each = len(of_files) == sum(rest["type"] in ATTACHMENTS for _, rest in taken)
    return iter(of_files if is_each else ())


def _by_id(part: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The part, with the file's id where the wire has a member for it."""
    if "attachment_id" not in stored:
        return part
    file_id = file_id_of(stored["attachment_id"])
    match part["type"]:
        case "input_image" | "input_file" | "image_url":
            return part | {"file_id": file_id}
        case "input_audio":
            return part | {"input_audio": {**part.get("input_audio", {}), "id": file_id}}
        case "file":
            return part | {"file": {**part.get("file", {}), "file_id": file_id}}
    return part


def with_texts(
    taken: Sequence[Sequence[Any]], said: str, stored: Sequence[Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """The parts that `without_texts` has taken apart; `said` is their text, unless `stored` has it.

    The text of a message with pictures has lines for those, too. What is kept here comes back by
    the id of its file, in place of its bytes.
    """
    kept = _kept(taken, stored or ())
    texts = iter([part["text"] for part in stored if part["type"] == "text"] if stored else ())
    parts, start = [], 0
    for length, rest in taken:
        part = dict(rest)
        if part["type"] in ATTACHMENTS and (file := next(kept, None)):
            part = _by_id(part, file)
        if length is not None and (member := text_member(part)):
            part[member] = next(texts, "") if stored else said[start : start + length]
            start += length + 1
        parts.append(part)
    return parts
