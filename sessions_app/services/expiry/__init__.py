"""Expiry: ending sessions whose timeout or retention has passed, and proving it.

`sweeping` archives or deletes expired sessions and purges old archives; it also lists the sessions
that expire soon. `retiming` applies a changed default timeout to idle sessions. `auditing` checks
that everything due has ended and nothing else, and that clocks agree.
"""

from sessions_app.services.expiry.auditing import AuditProgress, audit_count, expiry_audit_run
from sessions_app.services.expiry.retiming import sessions_retime
from sessions_app.services.expiry.sweeping import (
    expiry_count,
    expiry_plan,
    expiry_preview,
    expiry_sweep,
    session_list_expiring,
)

__all__ = [
    "AuditProgress",
    "audit_count",
    "expiry_audit_run",
    "expiry_count",
    "expiry_plan",
    "expiry_preview",
    "expiry_sweep",
    "session_list_expiring",
    "sessions_retime",
]
