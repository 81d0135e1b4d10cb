"""Turns: one model call at a time in a session, as tasks of the worker's event loop.

    view (thread)          event loop                                 threads

    taking, completions
      │ what is asked for
      ▼
    starting ────────────▶ RunningTurn (turn), one task a turn
      │  message + lease     plan the window ──────────────────────▶ MongoDB
      │  in one write        ask the model ◀── pieces ── providers
      │                        │
      │                        ▼
      ◀── a Feed ──────────  Feed (fanout) ──▶ Reader ──▶ one client's stream
      │                        │               Reader ──▶ another's
      ▼                        ▼
    waits, or lets the       store the reply, give up the lease ───▶ MongoDB
    gateway stream it
                           Worker (worker), one a process
                             renew   its turns' leases ────────────▶ MongoDB
                             watch   cancels, losses, erasures
                             tell    readers at other workers
                             follow  turns of other workers ──▶ Feed ──▶ Readers here
                             sweep   turns whose workers are gone (settling)

`taking` is what the REST routes call, `completions` what OpenAI's wire does; `following` reads a
turn that runs elsewhere or has ended, `repeats` finds the one of an earlier attempt, `settling`
says what became of one whose worker is gone, and `integrity` finds what nobody has passed by.
`queueing` lets requests wait behind a turn in progress; `unstored` calls the model beside turns.
`storing` says what is kept of a turn, `afterwards` makes what nobody waits for.
Why it is so: docs/decisions/0022 and 0040.
"""

from sessions_app.services.turns.completions import (
    CompletionRequest,
    completion_check,
    completion_start,
)
from sessions_app.services.turns.fanout import (
    Context,
    Delta,
    Done,
    Event,
    Failed,
    Feed,
    Outcome,
    Place,
    Reader,
    Stored,
    Thinking,
    place,
)
from sessions_app.services.turns.following import message_at as turn_message
from sessions_app.services.turns.integrity import turns_check
from sessions_app.services.turns.queueing import Patience, turn_queued
from sessions_app.services.turns.repeats import turn_holding, turn_repeated
from sessions_app.services.turns.settling import settle as turn_settled
from sessions_app.services.turns.slots import Slot
from sessions_app.services.turns.starting import feed_of as turn_feed
from sessions_app.services.turns.taking import (
    TurnRequest,
    TurnResult,
    message_erased,
    nothing_new,
    turn_attach,
    turn_begun,
    turn_cancel,
    turn_continue,
    turn_regenerate,
    turn_start,
    turn_stop,
    turn_wait,
    turns_look_after,
    turns_name_instance,
    turns_settle_dead,
    turns_shut_down,
)
from sessions_app.services.turns.turn import ModelCall
from sessions_app.services.turns.unstored import SideCall, turn_unstored
from sessions_app.services.turns.unstored import max_chars as unstored_max_chars

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
    "Patience",
    "Place",
    "Reader",
    "SideCall",
    "Slot",
    "Stored",
    "Thinking",
    "TurnRequest",
    "TurnResult",
    "completion_check",
    "completion_start",
    "message_erased",
    "nothing_new",
    "place",
    "turn_attach",
    "turn_begun",
    "turn_cancel",
    "turn_continue",
    "turn_feed",
    "turn_holding",
    "turn_message",
    "turn_queued",
    "turn_regenerate",
    "turn_repeated",
    "turn_settled",
    "turn_start",
    "turn_stop",
    "turn_unstored",
    "turn_wait",
    "turns_check",
    "turns_look_after",
    "turns_name_instance",
    "turns_settle_dead",
    "turns_shut_down",
    "unstored_max_chars",
]
