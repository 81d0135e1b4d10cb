"""Turns as JSON values."""

from typing import Any

from sessions_app.api.wire import values
from sessions_app.domain.turns import Seen
from sessions_app.services.turns import TurnResult


def result(turn: TurnResult) -> dict[str, Any]:
    """What came of a turn, at its end."""
    return {
        "user_message": values.message(turn.user_message) if turn.user_message else None,
        "assistant_message": values.message(turn.message) if turn.message else None,
        "context": (
            {
                "token_count": turn.seen.token_count,
                "kept": turn.seen.kept,
                "dropped": turn.seen.dropped,
            }
            if turn.seen
            else None
        ),
    }


def cancelled(turn: TurnResult) -> dict[str, Any]:
    """How a turn ended that was to be stopped."""
    return {
        "state": turn.state.value,
        "assistant_message": values.message(turn.message) if turn.message else None,
    }


def seen(what: Seen) -> dict[str, Any]:
    """What the model is sent."""
    return {
        "token_count": what.token_count,
        "max_tokens": what.max_tokens,
        "strategy": what.strategy,
        "kept": what.kept,
        "dropped": what.dropped,
        "seqs": [list(run) for run in what.seqs],
        "summary": list(what.summary) if what.summary else None,
    }
