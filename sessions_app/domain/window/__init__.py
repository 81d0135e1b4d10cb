"""The context window: which messages a model call is sent within a token budget, and why.

`planning` decides, over candidates and with a reason for each; `filling` is its state while it
works. `units` keeps tool calls with their results; `cuts` chooses a start that stays put for
several turns, and `layout` quotes recalled messages behind it, both for the provider's prompt
cache. `summaries` says what a rolling summary is extended by and how it is shown. `data` holds the
policy, the plan and the reasons; `candidates` how much of a session is read for a plan.
"""

from sessions_app.domain.candidate import Ranking, WindowMessage
from sessions_app.domain.window.candidates import MOST_READ, NEWEST, RUNS, SKETCHES, WHOLE_SESSION
from sessions_app.domain.window.data import Reason, WindowPlan, WindowPolicy
from sessions_app.domain.window.layout import Recalled, quotation_cost, recall
from sessions_app.domain.window.planning import (
    MIN_BUDGET,
    Layout,
    Strategy,
    WindowBudgetError,
    must_hold,
    plan_window,
)
from sessions_app.domain.window.summaries import (
    EXTENSION_MESSAGES,
    Extension,
    ShownSummary,
    Summary,
    clipped,
    extension,
    fits_whole,
    length_bound,
    newest_start,
    overflows,
    request,
    shown,
    visible_from,
)

__all__ = [
    "EXTENSION_MESSAGES",
    "MIN_BUDGET",
    "MOST_READ",
    "NEWEST",
    "RUNS",
    "SKETCHES",
    "WHOLE_SESSION",
    "Extension",
    "Layout",
    "Ranking",
    "Reason",
    "Recalled",
    "ShownSummary",
    "Strategy",
    "Summary",
    "WindowBudgetError",
    "WindowMessage",
    "WindowPlan",
    "WindowPolicy",
    "clipped",
    "extension",
    "fits_whole",
    "length_bound",
    "must_hold",
    "newest_start",
    "overflows",
    "plan_window",
    "quotation_cost",
    "recall",
    "request",
    "shown",
    "visible_from",
]
