"""What the library wants done, said without doing it.

All logic is written once, as generators ("flows") that yield an effect and are sent its outcome.
`Client` performs effects with blocking calls, `AsyncClient` with `await`; neither knows a rule.

    Flow ──▶ Send, Open, Read, Wait, Exclusively ──▶ Client or AsyncClient ──▶ httpx
    Flow ──▶ Emit ──────────────────────────────────▶ the caller's `for`
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chat_sessions_client.errors import ChatSessionsError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request, ready to be sent; `path` is below the base URL."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names are in lower case. A stream that is open has no `body`."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether the service did what it was asked to."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; the outcome is its whole Answer, or Unreachable."""

    request: WireRequest


@dataclass(frozen=True, slots=True)
class Open:
    """Send a request whose answer is read piece by piece, unless it is a refusal."""

    request: WireRequest


@dataclass(frozen=True, slots=True)
class Read:
    """The next bytes of what was opened last; None at its end."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exclusively:
    """Run a flow while no other of this client's runs in this way; the outcome is its own."""

    flow: "Flow[None]"


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand a value to the caller."""

    value: Any


Effect = Send | Open | Read | Wait | Exclusively | Emit
Flow = Generator[Effect, Any, T]


class Values(Generic[T]):
    """Names the type of what a flow emits, which its own type does not."""


def emitted(flow: Flow[T]) -> Flow[None]:
    """A flow that emits the result of another."""
    yield Emit((yield from flow))


class Steps:
    """A flow on its way: `effect` is what it waits for, None at its end."""

    def __init__(self, flow: Flow[None]) -> None:
        self._flow = flow
        self.effect: Effect | None = None
        self.go_on(None)

    def go_on(self, outcome: Any) -> None:
        """Tell the flow what came of its effect."""
        try:
            self.effect = self._flow.send(outcome)
        except StopIteration:
            self.effect = None

    def fail(self, error: ChatSessionsError) -> None:
        """Tell the flow that its effect failed; it may try again, or raise."""
        try:
            self.effect = self._flow.throw(error)
        except StopIteration:
            self.effect = None

    def close(self) -> None:
        """The caller wants no more."""
        self._flow.close()
