"""TODO map."""

from sessions_app.repository.expiry import audit, expiring, retiming, sweeps

__all__ = ["audit", "expiring", "retiming", "sweeps"]
