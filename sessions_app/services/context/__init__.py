"""TODO map."""

from sessions_app.services.context.candidates import Gathered, gather
from sessions_app.services.context.planning import (
    ContextWindow,
    Instruction,
    context_plan,
    context_reset,
    window_laid_out,
    window_policy,
)
from sessions_app.services.context.summaries import (
    Outcome,
    enabled,
    session_owner,
    summary_candidates,
    summary_extend,
    summary_shown,
)

__all__ = [
    "ContextWindow",
    "Gathered",
    "Instruction",
    "Outcome",
    "context_plan",
    "context_reset",
    "enabled",
    "gather",
    "session_owner",
    "summary_candidates",
    "summary_extend",
    "summary_shown",
    "window_laid_out",
    "window_policy",
]
