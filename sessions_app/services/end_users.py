"""An application's users."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain.applications import KnownPage, namespace
from sessions_app.domain.errors import ProofInProgress
from sessions_app.repository import end_users
from sessions_app.services.throttling import caller_key, one_at_a_time

# An erasure with its proof reads the whole store; one that has died blocks others for so long.
_ERASURE_SECONDS = 900.0


@tracing.step
def end_users_list(*, application_id: str, after: str, limit: int) -> KnownPage:
    """The application's users who have sessions, behind the id `after`."""
    return end_users.page(application_id=application_id, after=after, limit=limit)


@contextmanager
def erasing(application_id: str, *, now: datetime) -> Iterator[None]:
    """Erase one user of an application at a time; raises ProofInProgress."""
    key = caller_key(scope="erasure", caller=namespace(application_id))
    with one_at_a_time(key=key, seconds=_ERASURE_SECONDS, now=now) as is_ours:
        if not is_ours:
            raise ProofInProgress
        yield
