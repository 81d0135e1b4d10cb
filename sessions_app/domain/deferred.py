"""Deferred work: what is done for a session behind its turns, by any process that serves."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is to be done; each at most once at a time for a session."""

    TOPICS = "topics"
    SEARCH = "search"
    TITLE = "title"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class DeferredPiece:
    """A piece of work that this process has claimed.

    `revision` grows each time that the piece is asked for, also while somebody works on it.
    `taken_over`: the process that had claimed it before never finished.
    """

    session_id: str
    user_id: str
    kind: Kind
    claimant: str
    revision: int
    attempts: int
    taken_over: bool = False
