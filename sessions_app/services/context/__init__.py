"""The context window of a session: what a model call is sent, and why.

`candidates` reads the messages that may be in a window, with a bound that does not depend on the
session's length. `planning` gathers what a window is made of: the session's policy, its topics, the
candidates, a summary. `fitting` puts these and a recalled quotation through the pure planner of
`domain.window` until they fit the budget, `attached` chooses the newest pictures, `writing` makes
the request of what is kept. `resets` starts the window anew and undoes that.
`summaries` extends a session's rolling summary after a turn, and says which one a window shows.
"""

from sessions_app.services.context.candidates import Candidates, gather
from sessions_app.services.context.fitting import window_written
from sessions_app.services.context.planning import (
    ContextWindow,
    context_plan,
    require_whole,
    window_policy,
)
from sessions_app.services.context.resets import context_reset
from sessions_app.services.context.summaries import (
    ExtensionOutcome,
    enabled,
    session_owner,
    summary_candidates,
    summary_extend,
    summary_shown,
)
from sessions_app.services.context.writing import Instruction, LaidOut, write_unstored

__all__ = [
    "Candidates",
    "ContextWindow",
    "ExtensionOutcome",
    "Instruction",
    "LaidOut",
    "context_plan",
    "context_reset",
    "enabled",
    "gather",
    "require_whole",
    "session_owner",
    "summary_candidates",
    "summary_extend",
    "summary_shown",
    "window_policy",
    "window_written",
    "write_unstored",
]
