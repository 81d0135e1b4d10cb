"""The parameters of a model call that are passed on as they are, and the types that they have."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.errors import InvalidInput

NUMBER, WHOLE, TEXT, TRUTH, OBJECT, LIST = (
    (int, float), (int,), (str,), (bool,), (dict,), (list,)
)  # fmt: skip
# A server would refuse other types too, but only after the question has been stored.
TYPES: Mapping[str, tuple[type, ...]] = {
    "temperature": NUMBER,
    "top_p": NUMBER,
    "presence_penalty": NUMBER,
    "frequency_penalty": NUMBER,
    "seed": WHOLE,
    "stop": TEXT + LIST,
    "tools": LIST,
    "tool_choice": TEXT + OBJECT,
    "parallel_tool_calls": TRUTH,
    "response_format": OBJECT,
    "logit_bias": OBJECT,
    "user": TEXT,
    "reasoning_effort": TEXT,
}
_NAMES = {
    int: "a whole number", str: "text", bool: "true or false",
    dict: "an object", list: "a list",
}  # fmt: skip


def check(name: str, value: Any, types: tuple[type, ...]) -> None:
    """Raise InvalidInput where a value that is there has none of the types."""
    wrong = isinstance(value, bool) and bool not in types
    if value is not None and (wrong or not isinstance(value, types)):
        names = (_NAMES[kind] for kind in types)
        expected = "a number" if types == NUMBER else " or ".join(names)
        error = InvalidInput(f"Expected {expected}.", attr=name)
        error.code = "invalid_type"
        raise error
