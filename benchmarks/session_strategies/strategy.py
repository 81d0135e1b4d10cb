"""What every way of keeping a session answers to, whatever it keeps and where.

A turn is the same everywhere: find out who asks, have the newest `PAGE` messages in hand (a model
would be sent them), add the question and the answer. The answer is given by the caller, so that no
model's time is in any figure.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpRequest

PAGE = 50

# (role, content)
Message = tuple[str, str]


class NotSignedIn(Exception):
    """Nobody, or nobody any more."""


@dataclass(frozen=True)
class Kept:
    """What the client is told, and what it must carry to its next request."""

    count: int
    newest: Sequence[Message]
    conversation: str = ""
    token: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)


class Strategy(ABC):
    """One way. A `conversation` is named by those that can hold several for one user."""

    @abstractmethod
    def start(self, request: HttpRequest, user: str, history: Sequence[Message]) -> Kept:
        """Sign `user` in and begin a conversation with a history."""

    @abstractmethod
    def turn(
        self, request: HttpRequest, conversation: str, added: Sequence[Message], key: str
    ) -> Kept:
        """Add a question and its answer; `key` is the same when a client tries again."""

    @abstractmethod
    def read(self, request: HttpRequest, conversation: str) -> Kept:
        """The newest messages."""

    @abstractmethod
    def end(self, request: HttpRequest) -> None:
        """Sign out, as far as the server can."""
