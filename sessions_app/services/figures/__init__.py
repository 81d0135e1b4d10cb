"""TODO map."""

from sessions_app.services.figures.dashboard import Dashboard, dashboard_get, refresh
from sessions_app.services.figures.keeping import keeper
from sessions_app.services.figures.totals import figures_get

__all__ = ["Dashboard", "dashboard_get", "figures_get", "keeper", "refresh"]
