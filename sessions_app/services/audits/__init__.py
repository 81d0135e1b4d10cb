"""Audits of stored data, and what they repair.

`integrity` checks every session and bucket, and repairs what can be derived. `windows` replays each
session's window under every strategy and checks its promises. `rebuilding` makes vectors and topics
again, for a command.
"""

from sessions_app.services.audits.attachments import CheckedFinding
from sessions_app.services.audits.integrity import (
    IntegrityCheck,
    Selection,
    integrity_check,
)
from sessions_app.services.audits.rebuilding import annotations_catch_up, annotations_rebuild
from sessions_app.services.audits.windows import context_audit, listed_sessions, session_count

__all__ = [
    "CheckedFinding",
    "IntegrityCheck",
    "Selection",
    "annotations_catch_up",
    "annotations_rebuild",
    "context_audit",
    "integrity_check",
    "listed_sessions",
    "session_count",
]
