"""TODO map."""

from sessions_app.repository.turns import leases, records

__all__ = ["leases", "records"]
