"""Transfer: sessions out of this service, and into it from exports and other programs.

- `exporting` streams one conversation, or all sessions as records
- `formats` tells what a value is of; `sources` opens what an import reads (`source`), `reading`
  says which conversations are in it, `making` turns them into records, and `attaching` keeps their
  pictures and files
- `importing` checks records, whatever their source, and puts sessions together; `storing` stores
  them in batches; a `report` counts, and `outcome` judges what came of it
"""

from sessions_app.services.transfer.exporting import (
    Bytes,
    Selection,
    first_record,
    session_attachments,
    session_stream,
    sessions_export,
)
from sessions_app.services.transfer.formats import FORMATS
from sessions_app.services.transfer.importing import sessions_import
from sessions_app.services.transfer.outcome import nothing_imported, seconds_estimated
from sessions_app.services.transfer.report import ImportReport
from sessions_app.services.transfer.source import Source, SourceReading
from sessions_app.services.transfer.sources import source_read

__all__ = [
    "FORMATS",
    "Bytes",
    "ImportReport",
    "Selection",
    "Source",
    "SourceReading",
    "first_record",
    "nothing_imported",
    "seconds_estimated",
    "session_attachments",
    "session_stream",
    "sessions_export",
    "sessions_import",
    "source_read",
]
