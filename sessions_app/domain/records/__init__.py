"""TODO map."""

from sessions_app.domain.records import reading, writing

__all__ = ["reading", "writing"]
