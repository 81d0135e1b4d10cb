"""Finding turns and leases that nobody looks after any more, and ending them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sessions_app.domain.audit.integrity import Damage, Finding
from sessions_app.domain.errors import SessionNotFound
from sessions_app.repository.turns import leases, records
from sessions_app.services.audits import CheckedFinding
from sessions_app.services.turns import settling

# A running service ends them within half a minute; what is older, none has passed by.
OVERLOOKED = timedelta(minutes=2)


def turns_check(*, repair: bool, now: datetime) -> Iterator[CheckedFinding]:
    """Yield each turn and each lease that is long overdue; with `repair`, end it as failed.

    A turn whose reply was stored before its worker died is recorded as done. A lease that has run
    out is in order where the record of its turn has ended: the next turn takes the session over.
    """
    before = now - OVERLOOKED
    for turn in settling.abandoned(before):
        if repair:
            try:
                settling.end(turn, now)
            except SessionNotFound:
                continue
        finding = Finding(turn.session_id, Damage.OVERDUE_TURN, turn.turn_id)
        yield CheckedFinding(finding, repaired=repair)
    last = ""
    while lapsed := leases.overdue(after=last, before=before):
        last = lapsed[-1][0]
        recorded = records.read(lapsed)
        for session_id, turn_id in lapsed:
            turn_of_it = recorded.get(turn_id)
            if turn_of_it is not None and turn_of_it.ended:
                continue
            if repair:
                leases.release_lapsed(session_id=session_id, turn_id=turn_id)
            finding = Finding(session_id, Damage.OVERDUE_LEASE, turn_id)
            yield CheckedFinding(finding, repaired=repair)
