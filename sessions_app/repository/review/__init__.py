"""TODO map."""

from sessions_app.repository.review import conversations, notes, read_log

__all__ = ["conversations", "notes", "read_log"]
