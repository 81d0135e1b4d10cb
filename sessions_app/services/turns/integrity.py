"""Finding turns and leases that nobody looks after any more, and ending them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sessions_app.domain.audit.integrity import Damage, Finding
from sessions_app.domain.errors import SessionNotFound
from sessions_app.repository import turns
from sessions_app.services.audits import CheckedFinding
from sessions_app.services.turns import settling

# A running service ends them within half a minute; what is older, none has passed by.
OVERLOOKED = timedelta(minutes=2)
_MOST = 10_000


def turns_check(*, repair: bool, now: datetime) -> Iterator[CheckedFinding]:
    """Yield each turn and each lease that is long overdue; with `repair`, end it as failed.

    A turn whose reply was stored before its worker died is recorded as done.
    """
    before = now - OVERLOOKED
    for turn in turns.records.overdue(before=before, limit=_MOST):
        if repair:
            try:
                settling.settle(turn, now=now)
            except SessionNotFound:
                continue
        finding = Finding(turn.session_id, Damage.OVERDUE_TURN, turn.turn_id)
        yield CheckedFinding(finding, repaired=repair)
    last = ""
    while found := turns.leases.overdue(after=last, before=before):
        for session_id, turn_id in found:
            if repair:
                turns.leases.release_overdue(session_id=session_id, turn_id=turn_id, now=now)
            finding = Finding(session_id, Damage.OVERDUE_LEASE, turn_id)
            yield CheckedFinding(finding, repaired=repair)
        last = found[-1][0]
