"""Checks that attachments have their bytes, and that bytes have their attachment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sessions_app.domain.audit.integrity import Damage, Finding
from sessions_app.repository import attachments


@dataclass(frozen=True, slots=True)
class CheckedFinding:
    """A finding, and whether it has been repaired."""

    finding: Finding
    repaired: bool


def check_attachments(*, repair: bool) -> Iterator[CheckedFinding]:
    """Findings of two readings each: an upload or a removal may have been half visible to one."""
    for attachment_id, problem in _twice(attachments.auditing.missing_bytes):
        yield CheckedFinding(
            Finding("", Damage.MISSING_BYTES, f"{attachment_id}: {problem}"), repaired=False
        )
    for session_id, attachment_id in _twice(attachments.auditing.missing_facts):
        finding = Finding(session_id, Damage.MISSING_ATTACHMENT, attachment_id)
        yield CheckedFinding(finding, repaired=False)
    for (blob,) in _twice(_nobodys):
        if repair:
            attachments.blobs.delete(blob)
        yield CheckedFinding(Finding("", Damage.ORPHANED_BYTES, blob), repaired=repair)


def _nobodys() -> Iterator[tuple[str]]:
    return ((blob,) for blob in attachments.auditing.nobodys_bytes())


def _twice(look: Callable[[], Iterator[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    first = set(look())
    return sorted(first & set(look())) if first else []
