"""TODO map."""

from sessions_app.domain.figures import daily, distinct, totals

__all__ = ["daily", "distinct", "totals"]
