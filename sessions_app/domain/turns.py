"""One turn: a model call for the newest messages of a session, from asking to the stored reply."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sessions_app.domain.dialect import Refusal
from sessions_app.domain.errors import (
    InvalidInput,
    NothingToAnswer,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
    SessionError,
    StorageUnavailable,
    TurnFailed,
    TurnInterrupted,
)
from sessions_app.domain.responses import ResponseTerms

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
    """A turn as recorded. `user_seq` is the last message it answers; `text` its reply so far and
    `thoughts` what the model has thought, under its server's name for them.

    `fingerprint` tells the parameters it was asked for with from others. `regenerates` marks one
    whose reply takes the place of an earlier one. `early_thoughts` are the characters of the
    thoughts that came before the reply's first; `refuses` says that the reply is a refusal.
    `response` is set where it was asked for as a response of the OpenAI wire.
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
    thoughts: str = ""
    thought_member: str = ""
    early_thoughts: int | None = None
    refuses: bool = False
    response: ResponseTerms | None = None
    model: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error_code: str | None = None
    error_detail: str | None = None
    error_attr: str | None = None
    error_refusal: Mapping[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state is not TurnState.RUNNING

    def failure(self) -> SessionError:
        """What went wrong in a failed turn, to be raised again."""
        error = failure(self.error_code or "", self.error_detail or "", self.error_refusal)
        error.attr = error.attr or self.error_attr
        return error


def reply_id(turn_id: str) -> str:
    """The id of the message that a turn stores, which its readers are told while it is written."""
    return f"msg_{turn_id.removeprefix('turn_')}"


def recorded_refusal(error: SessionError) -> dict[str, Any] | None:
    """What a turn's record holds of the refusal of a model's server; None for any other error."""
    if isinstance(error, ProviderBusy):
        return {**asdict(error.refusal), "retry_after": error.retry_after}
    return asdict(error.refusal) if isinstance(error, ProviderRefused) else None


def failure(code: str, detail: str, refusal: Mapping[str, Any] | None = None) -> SessionError:
    """The error that `code`, `detail` and `refusal` were recorded of."""
    if refusal is not None:
        known_refusal = dict(refusal)
        retry_after = known_refusal.pop("retry_after", None)
        if code == ProviderBusy.code:
            return ProviderBusy(Refusal(**known_refusal), retry_after=retry_after)
        return ProviderRefused(Refusal(**known_refusal))
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
    NothingToAnswer,
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
