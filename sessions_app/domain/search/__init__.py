"""TODO map."""

from sessions_app.domain.search import data, query, text

__all__ = ["data", "query", "text"]
