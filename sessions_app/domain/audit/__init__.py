"""Audits: pure checks of stored data against the promises of the service.

`integrity` checks whether a stored session is whole, `expiry` whether sessions ended when they
should, `windows` whether a planned window keeps its promises. `tally` adds up the results of a
window audit and `plot` draws them. `pages` is a session as the commands list it.
"""

from sessions_app.domain.audit import expiry, integrity, pages, plot, tally, windows

__all__ = ["expiry", "integrity", "pages", "plot", "tally", "windows"]
