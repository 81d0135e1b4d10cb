"""Quotas: how much one user may store, what an application's users may together, and a day's.

`stored` counts sessions, messages and bytes, `daily` what is done in a day, `applications` knows
what each application has set, and `gate` puts them together for whoever stores something.
"""

from sessions_app.services.quotas import applications, stored
from sessions_app.services.quotas.daily import (
    SCOPES,
    SEARCHES,
    search_take,
    searches_of_today,
    tokens_of_today,
    tokens_require,
    tokens_spent,
)
from sessions_app.services.quotas.gate import (
    doubt,
    erased,
    forget,
    note,
    taken,
    usage,
    weighed,
)
from sessions_app.services.quotas.stored import Gate, give_back, limits, require, take

__all__ = [
    "SCOPES",
    "SEARCHES",
    "Gate",
    "applications",
    "doubt",
    "erased",
    "forget",
    "give_back",
    "limits",
    "note",
    "require",
    "search_take",
    "searches_of_today",
    "stored",
    "take",
    "taken",
    "tokens_of_today",
    "tokens_require",
    "tokens_spent",
    "usage",
    "weighed",
]
