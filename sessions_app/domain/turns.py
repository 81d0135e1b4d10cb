"""One turn: a model call for the newest messages of a session, from asking to the stored reply."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sessions_app.domain.errors import (
    InvalidInput,
    ProviderError,
    ProviderTimeout,
    SessionError,
    StorageUnavailable,
    TurnFailed,
    TurnInterrupted,
)

CANCELLED = "cancelled"
"""The `finish_reason` of a reply that somebody stopped."""


class TurnState(StrEnum):
    """How far a turn is: it ends once, and stays as it ended."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model was sent: `kept` messages of `token_count` tokens, `dropped` left out.

    `seqs` are the kept ones as runs of first and last; `summary` is the run that a summary stood
    for.
    """

    token_count: int
    max_tokens: int
    strategy: str
    kept: int
    dropped: int
    seqs: Sequence[tuple[int, int]]
    summary: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as recorded. `user_seq` is the last message it answers; `text` its reply so far.

    `fingerprint` tells the parameters it was asked for with from others. `regenerates` marks one
    whose reply takes the place of an earlier one.
    """

    turn_id: str
    session_id: str
    user_id: str
    state: TurnState
    user_seq: int
    started_at: datetime
    deadline: datetime
    client_id: str | None = None
    fingerprint: str = ""
    regenerates: bool = False
    assistant_seq: int | None = None
    ended_at: datetime | None = None
    seen: Seen | None = None
    text: str = ""
    model: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error_code: str | None = None
    error_detail: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state is not TurnState.RUNNING

    def failure(self) -> SessionError:
        """What went wrong in a failed turn, to be raised again."""
        return failure(self.error_code or "", self.error_detail or "")


def failure(code: str, detail: str) -> SessionError:
    """The error that `code` and `detail` were recorded of."""
    kind = next((kind for kind in _FAILURES if kind.code == code), None)
    if kind is not None:
        return kind(detail)
    if code == TurnFailed.code or not code:
        return TurnFailed()
    error = InvalidInput(detail)
    error.code = code
    return error


_FAILURES: tuple[type[SessionError], ...] = (
    ProviderTimeout,
    ProviderError,
    StorageUnavailable,
    TurnInterrupted,
)


def runs(seqs: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending seqs as runs of first and last, both included."""
    seq_runs: list[tuple[int, int]] = []
    for seq in seqs:
        if seq_runs and seq_runs[-1][1] == seq - 1:
            seq_runs[-1] = (seq_runs[-1][0], seq)
        else:
            seq_runs.append((seq, seq))
    return seq_runs
