"""TODO map."""

from sessions_app.repository.figures import daily, totals

__all__ = ["daily", "totals"]
