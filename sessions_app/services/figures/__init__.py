"""Figures: numbers about all sessions, for staff and for monitoring.

`tallies` counts in each worker's memory what happens; `keeping` is the thread that hands the counts
over and refreshes what is due. `dashboard` reads the days and the current state; `totals` counts
over all sessions for the metrics.
"""

from sessions_app.services.figures.dashboard import Dashboard, dashboard_get, refresh
from sessions_app.services.figures.keeping import keeper
from sessions_app.services.figures.totals import figures_get

__all__ = ["Dashboard", "dashboard_get", "figures_get", "keeper", "refresh"]
