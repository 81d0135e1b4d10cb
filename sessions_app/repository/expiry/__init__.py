"""The end of sessions: which are due, ending them, and auditing that exactly those have ended.

- `sweeps`: archives, deletes and purges what is due, in transactions that the receipt counts
- `expiring`: the page of a user's sessions that are about to expire
- `retiming`: another default timeout for sessions that are idle
- `audit`: every session's times and every sweep's receipt
"""

from sessions_app.repository.expiry import audit, expiring, retiming, sweeps

__all__ = ["audit", "expiring", "retiming", "sweeps"]
