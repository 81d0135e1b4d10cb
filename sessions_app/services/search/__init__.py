"""TODO map."""

from sessions_app.services.search.indexing import fall_back, progress_key
from sessions_app.services.search.querying import search_all, search_own
from sessions_app.services.search.rebuilding import search_rebuild

__all__ = ["fall_back", "progress_key", "search_all", "search_own", "search_rebuild"]
