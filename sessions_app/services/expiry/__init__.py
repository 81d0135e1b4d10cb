"""TODO map."""

from sessions_app.services.expiry.auditing import Audited, audit_count, expiry_audit_run
from sessions_app.services.expiry.retiming import sessions_retime
from sessions_app.services.expiry.sweeping import (
    expiry_count,
    expiry_plan,
    expiry_preview,
    expiry_sweep,
    session_list_expiring,
)

__all__ = [
    "Audited",
    "audit_count",
    "expiry_audit_run",
    "expiry_count",
    "expiry_plan",
    "expiry_preview",
    "expiry_sweep",
    "session_list_expiring",
    "sessions_retime",
]
