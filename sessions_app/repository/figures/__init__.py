"""Figures over all sessions, kept so that one worker counts for all. None is about a person.

- `totals`: the gauges of `GET /metrics`, counted from indexes alone
- `daily`: what workers count as it happens, by day, and how things stand, for staff's first page
"""

from sessions_app.repository.figures import daily, totals

__all__ = ["daily", "totals"]
