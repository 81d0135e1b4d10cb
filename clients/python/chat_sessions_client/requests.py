"""One call of a route: what is sent, and how its answer is read."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import quote

from chat_sessions_client.effects import Answer, WireRequest

T = TypeVar("T")
# The header by which a service key says for whom it asks.
END_USER: Final = "X-End-User"
# In a body: null, where None means that the member is left out.
NULL: Final = object()


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """A call of a route; members of `query` and `body` that are None are left out.

    `content` is a body that is no JSON, whose type `headers` name.
    `repeatable` says whether it may be sent again when its answer was lost. `is_signed` is False
    for the routes that give tokens. `names_end_user` is False for those about all of an
    application's users.
    """

    method: str
    path: str
    read: Callable[[Answer], T]
    query: Mapping[str, object] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    is_signed: bool = True
    names_end_user: bool = True

    def on_the_wire(self, headers: Mapping[str, str]) -> WireRequest:
        """The request with the client's headers, such as the one that signs it."""
        sent = {"Accept": "application/json", **headers, **self.headers}
        if not self.names_end_user:
            sent.pop(END_USER, None)
        body = self.content
        if self.body is not None:
            sent.setdefault("Content-Type", "application/json")
            members = {name: _or_null(value) for name, value in given(self.body).items()}
            body = json.dumps(members, ensure_ascii=False).encode()
        query = {name: _text(value) for name, value in given(self.query).items()}
        return WireRequest(self.method, self.path, query, sent, body)


def given(values: Mapping[str, object]) -> dict[str, object]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def address(*parts: str | int) -> str:
    """A path of these parts, whatever is in them."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def new_key() -> str:
    """An idempotency key, made once for one call and all its repeats."""
    return uuid.uuid4().hex


def read_json(answer: Answer) -> Any:
    """The answer's JSON."""
    return json.loads(answer.body)


def read_nothing(answer: Answer) -> None:
    """An answer without a body."""


def reads(kind: type[T]) -> Callable[[Answer], T]:
    """Reads an answer's JSON as a typed dictionary."""
    return lambda answer: cast("T", read_json(answer))


def _or_null(value: object) -> object:
    return None if value is NULL else value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
