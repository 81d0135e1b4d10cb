"""Figures: numbers about all sessions, never about a person.

`daily` holds the figures of a day and how things stand now; `distinct` estimates the number of
users of a day from a sketch that names none; `totals` holds the totals for monitoring.
"""

from sessions_app.domain.figures import daily, distinct, totals

__all__ = ["daily", "distinct", "totals"]
