"""TODO map."""

from sessions_app.services.context.candidates import Gathered, gather
from sessions_app.services.context.planning import (
    ContextWindow,
    context_plan,
    context_reset,
    window_policy,
    window_written,
)
from sessions_app.services.context.summaries import (
    Outcome,
    enabled,
    session_owner,
    summary_candidates,
    summary_extend,
    summary_shown,
)
from sessions_app.services.context.writing import Instruction, LaidOut

__all__ = [
    "ContextWindow",
    "Gathered",
    "Instruction",
    "LaidOut",
    "Outcome",
    "context_plan",
    "context_reset",
    "enabled",
    "gather",
    "session_owner",
    "summary_candidates",
    "summary_extend",
    "summary_shown",
    "window_policy",
    "window_written",
]
