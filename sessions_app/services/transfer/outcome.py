"""What came of an import, or would come of it."""

from sessions_app.domain.foreign.shapes import ENCRYPTED
from sessions_app.services.transfer.report import ImportReport
from sessions_app.services.transfer.source import SourceReading

# What storing adds to reading and checking, of the processor time of imports of ten messages each.
_SESSIONS_PER_SECOND = 500
_MESSAGES_PER_SECOND = 20_000
_SHOWN = 5


def nothing_imported(reading: SourceReading, done: ImportReport) -> str | None:
    """The sentence for an import that imports nothing; None for another.

    Everything may be there already, and an export of this service may be of an empty store.
    """
    if reading.format == "native" or done.sessions + done.already_there + done.of_erased_users:
        return None
    reasons = [f"{count:,} × {name}" for name, count in sorted(reading.left.items())]
    reasons = [*reading.refused[:_SHOWN], *reasons[:_SHOWN]]
    if reading.left[ENCRYPTED]:
        reasons.append("encrypted items can be read only with the key that encrypted them")
    seen = f"; {reading.seen}" if reading.seen else ""
    return f"nothing was imported: {'; '.join(reasons) or 'there is nothing in it'}{seen}"


def seconds_estimated(done: ImportReport, seconds_read: float) -> float:
    """About how long an import takes whose dry run took so long."""
    storing = done.sessions / _SESSIONS_PER_SECOND + done.messages / _MESSAGES_PER_SECOND
    return round(seconds_read + storing, 1)
