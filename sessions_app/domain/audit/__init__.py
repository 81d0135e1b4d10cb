"""TODO map."""

from sessions_app.domain.audit import expiry, integrity, pages, plot, tally, windows

__all__ = ["expiry", "integrity", "pages", "plot", "tally", "windows"]
