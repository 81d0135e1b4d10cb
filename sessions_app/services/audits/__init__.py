"""TODO map."""

from sessions_app.services.audits.integrity import Checked, integrity_check
from sessions_app.services.audits.rebuilding import annotations_rebuild
from sessions_app.services.audits.windows import context_audit, listed_sessions, session_count

__all__ = [
    "Checked",
    "annotations_rebuild",
    "context_audit",
    "integrity_check",
    "listed_sessions",
    "session_count",
]
