"""How many of a user's sessions a filter means, and which values they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessions_app import tracing
from sessions_app.domain.data import SessionFilter
from sessions_app.domain.limits import SESSIONS_COUNTED
from sessions_app.repository.sessions import filtered
from sessions_app.repository.sessions.filtered import ValueCount

BY_TAG, BY_METADATA = "tag", "metadata."


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of sessions; `complete` is false where there are more than are counted.

    `values` are counted of the newest SESSIONS_COUNTED.
    """

    count: int
    complete: bool
    values: Sequence[ValueCount] | None = None


@tracing.step
def sessions_count(
    *, user_id: str, wanted: SessionFilter, by: str | None, now: datetime
) -> Counted:
    """Count the sessions, and with `by` (`tag`, or `metadata.` and a key) each of their values."""
    whose: dict[str, Any] = {"user_id": user_id, "wanted": wanted, "now": now}
    count = filtered.count(**whose)
    values = None
    if by == BY_TAG:
        values = filtered.count_by_tag(**whose)
    elif by is not None:
        values = filtered.count_by_metadata(**whose, key=by.removeprefix(BY_METADATA))
    return Counted(min(count, SESSIONS_COUNTED), count <= SESSIONS_COUNTED, values)
