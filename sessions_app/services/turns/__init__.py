"""TODO map."""

from sessions_app.services.turns.completions import CompletionRequest, completion_start
from sessions_app.services.turns.events import (
    Context,
    Delta,
    Done,
    Event,
    Failed,
    Place,
    Reader,
    Stored,
    place,
)
from sessions_app.services.turns.feeds import Feed, Outcome
from sessions_app.services.turns.integrity import turns_check
from sessions_app.services.turns.runs import ModelCall
from sessions_app.services.turns.slots import Slot
from sessions_app.services.turns.taking import (
    TurnRequest,
    TurnResult,
    turn_attach,
    turn_cancel,
    turn_regenerate,
    turn_start,
    turn_wait,
    turns_look_after,
    turns_shut_down,
)

__all__ = [
    "CompletionRequest",
    "Context",
    "Delta",
    "Done",
    "Event",
    "Failed",
    "Feed",
    "ModelCall",
    "Outcome",
    "Place",
    "Reader",
    "Slot",
    "Stored",
    "TurnRequest",
    "TurnResult",
    "completion_start",
    "place",
    "turn_attach",
    "turn_cancel",
    "turn_regenerate",
    "turn_start",
    "turn_wait",
    "turns_check",
    "turns_look_after",
    "turns_shut_down",
]
