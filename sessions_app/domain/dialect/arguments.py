"""The arguments of a call: a JSON object as text, whatever a model or a client made of it."""

import ast
import json
import re
from typing import Any, NamedTuple, NoReturn

QUOTE_MAX_CHARS = 2_000
EMPTY = "{}"

# Matched to a stripped text. What lies inside is stripped afterwards: with `\s*` around `.*?` a run
# of white space would be tried from each of its characters.
_FENCE = re.compile(r"```(?:json)?[^\S\n]*\n(.*)```", re.DOTALL)
_SPACES = re.compile(r"\s*")
_TRAILING_COMMA = re.compile(r",\s*\}\s*\Z")
# Nothing but white space and what stands for nothing.
_NOTHING = {"", "null", "undefined", "none"}


class Arguments(NamedTuple):
    """What is sent as a call's arguments; `quoted` is what was there and could not be repaired."""

    text: str
    repaired: bool = False
    quoted: str | None = None


def as_object(value: Any) -> Arguments:
    """The arguments as a JSON object: as they are, repaired where that is certain, else empty."""
    if isinstance(value, dict):
        return Arguments(_written(value), repaired=True)
    if not isinstance(value, str):
        return Arguments(EMPTY, True, None if value is None else _written(value))
    if is_object(value):
        return Arguments(value)
    if value.strip().lower() in _NOTHING:
        return Arguments(EMPTY, repaired=True)
    repaired = _repaired(value)
    if repaired is not None:
        return Arguments(_written(repaired), repaired=True)
    return Arguments(EMPTY, True, value)


def is_object(text: str) -> bool:
    """Whether a text is a JSON object and nothing else."""
    return isinstance(_parsed(text), dict)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _repaired(text: str) -> dict[str, Any] | None:
    """The object that a text certainly means; None where that would be a guess."""
    unfenced = fence[1].strip() if (fence := _FENCE.fullmatch(text.strip())) else text
    inner = _parsed(unfenced)
    for meant in (
        inner,
        _parsed(inner) if isinstance(inner, str) else None,
        _lenient(unfenced),
        _last_of_several(unfenced),
        _parsed(_TRAILING_COMMA.sub("}", unfenced)),
        _python(unfenced),
    ):
        if isinstance(meant, dict):
            return meant
    return None


def _lenient(text: str) -> Any:
    """JSON whose texts hold control characters as they are."""
    try:
        return json.loads(text, strict=False, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _last_of_several(text: str) -> Any:
    """Of `{}` and one object behind it, the latter: some servers begin a stream with the former."""
    decoder, position = json.JSONDecoder(parse_constant=_refuse), 0
    objects: list[Any] = []
    try:
        while (position := _begins_at(text, position)) < len(text):
            value, position = decoder.raw_decode(text, position)
            objects.append(value)
    except (ValueError, RecursionError):
        return None
    full = [each for each in objects if each != {}]
    # The same object twice is that object.
    return full[0] if full and all(each == full[0] for each in full) else None


def _begins_at(text: str, position: int) -> int:
    spaces = _SPACES.match(text, position)
    return spaces.end() if spaces else position


def _python(text: str) -> Any:
    """A Python dictionary, which models write when they mean JSON."""
    try:
        value = ast.literal_eval(text.strip())
        json.dumps(value, allow_nan=False)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return value


def _written(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return EMPTY if isinstance(value, dict) else str(value)


def quotation(quoted: str) -> str:
    """What could not be sent as arguments, for the head of the call's result."""
    if len(quoted) > QUOTE_MAX_CHARS:
        half = QUOTE_MAX_CHARS // 2
        quoted = f"{quoted[:half]} […] {quoted[-half:]}"
    return f"(The arguments of this call were no JSON object: {quoted})"
