"""Search over messages and titles, for a user's own sessions and, for staff, over all.

`indexing` keeps the index up to date when somebody searches; `querying` answers a search from the
index and from what is not indexed yet; `attached` reads what attachments say; `rebuilding` indexes
sessions ahead of time, for a command.
"""

from sessions_app.services.search.indexing import (
    catch_up,
    fall_back,
    index_again,
    progress_key,
    session_index,
)
from sessions_app.services.search.querying import search_all, search_own
from sessions_app.services.search.rebuilding import search_rebuild

__all__ = [
    "catch_up",
    "fall_back",
    "index_again",
    "progress_key",
    "search_all",
    "search_own",
    "search_rebuild",
    "session_index",
]
