"""TODO map."""

from sessions_app.services.transfer.conversations import session_stream
from sessions_app.services.transfer.importing import sessions_import
from sessions_app.services.transfer.sessions import Selection, first_record, sessions_export
from sessions_app.services.transfer.sources import FORMATS, Source, source_read

__all__ = [
    "FORMATS",
    "Selection",
    "Source",
    "first_record",
    "session_stream",
    "sessions_export",
    "sessions_import",
    "source_read",
]
