"""Finding turns and leases that nobody looks after any more, and ending them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sessions_app.domain.audit.integrity import Damage, Finding
from sessions_app.domain.errors import SessionNotFound
from sessions_app.repository.turns import leases
from sessions_app.repository.turns import records as turns
from sessions_app.services.audits.integrity import Checked
from sessions_app.services.turns import settling as turn_settling

# A running service ends them within half a minute; what is older, none has passed by.
OVERLOOKED = timedelta(minutes=2)
_MOST = 10_000


def turns_check(*, repair: bool, now: datetime) -> Iterator[Checked]:
    """Yield each turn and each lease that is long overdue; with `repair`, end it as failed.

    A turn whose reply was stored before its worker died is recorded as done.
    """
    before = now - OVERLOOKED
    for turn in turns.overdue(before=before, limit=_MOST):
        if repair:
            try:
                turn_settling.settle(turn, now=now)
            except SessionNotFound:
                continue
        finding = Finding(turn.session_id, Damage.OVERDUE_TURN, turn.turn_id)
        yield Checked(finding, repaired=repair)
    last = ""
    while found := leases.overdue(after=last, before=before):
        for session_id, turn_id in found:
            if repair:
                leases.release_overdue(session_id=session_id, turn_id=turn_id, now=now)
            finding = Finding(session_id, Damage.OVERDUE_LEASE, turn_id)
            yield Checked(finding, repaired=repair)
        last = found[-1][0]
