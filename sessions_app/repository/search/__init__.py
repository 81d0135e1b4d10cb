"""TODO map."""

from sessions_app.repository.search import index, reading

__all__ = ["index", "reading"]
