"""Transfer: sessions out of this service, and into it from exports and other programs.

`exporting` streams one conversation, or all sessions as records. `sources` recognises what an
import reads and turns it into records; `importing` checks and stores them, whatever their source.
"""

from sessions_app.services.transfer.exporting import (
    Bytes,
    Selection,
    first_record,
    session_attachments,
    session_stream,
    sessions_export,
)
from sessions_app.services.transfer.importing import sessions_import
from sessions_app.services.transfer.sources import FORMATS, Source, source_read

__all__ = [
    "FORMATS",
    "Bytes",
    "Selection",
    "Source",
    "first_record",
    "session_attachments",
    "session_stream",
    "sessions_export",
    "sessions_import",
    "source_read",
]
