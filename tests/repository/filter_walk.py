"""Every query about filters and about the line before a turn, for the test that explains them."""

from itertools import product
from typing import Any

from sessions_app.domain.data import NewLease, SessionFilter, SessionPosition, Status
from sessions_app.domain.drafts import SessionDraft
from sessions_app.repository import log
from sessions_app.repository.turns import queue
from sessions_app.services import sessions
from sessions_app.services.sessions import bulk, filters
from tests.repository.conftest import OWNER, new_session, now

WANTED = (
    SessionFilter(tag="t"),
    SessionFilter(tag="t", metadata={"k": "v"}, pinned=True),
    SessionFilter(metadata={"k": "v"}),
    SessionFilter(metadata={"k": "v", "l": "w"}, pinned=False),
    SessionFilter(pinned=True),
    SessionFilter(pinned=False),
    SessionFilter(temporary=True),
    SessionFilter(tag="t", status=Status.ARCHIVED),
)


def walk_filters() -> None:
    """Sessions with all of it, listed, counted, archived and deleted."""
    kept: dict[str, Any] = {"tags": ["t", "u"], "metadata": {"k": "v", "l": "w"}}
    for pinned, temporary in ((True, False), (False, False), (False, True)):
        draft = SessionDraft(**kept, pinned=pinned, temporary=temporary)
        made = sessions.session_create(user_id=OWNER, draft=draft, now=now())
    position = SessionPosition(made.created_at, made.session_id)
    for wanted, (place, backwards) in product(
        WANTED, ((None, False), (position, False), (position, True))
    ):
        sessions.session_list(
            user_id=OWNER,
            wanted=wanted,
            limit=20,
            position=place,
            backwards=backwards,
            now=now(),
        )
    for wanted, by in product((SessionFilter(), *WANTED), (None, "tag", "metadata.k")):
        filters.sessions_count(user_id=OWNER, wanted=wanted, by=by, now=now())
    for act, wanted in (
        (bulk.sessions_archive, SessionFilter(tag="t")),
        (bulk.sessions_delete, SessionFilter(tag="t", status=Status.ARCHIVED)),
        (bulk.sessions_delete, SessionFilter(temporary=True)),
    ):
        act(user_id=OWNER, chosen=bulk.Chosen(10, wanted), dry_run=False, now=now())


def walk_queue() -> None:
    """A request that waits, is next, and leaves."""
    session_id = new_session().session_id
    assert queue.join(session_id=session_id, user_id=OWNER, ticket="turn_1", most=1)
    assert not queue.join(session_id=session_id, user_id=OWNER, ticket="turn_2", most=1)
    queue.renew(session_id=session_id, ticket="turn_1")
    standing = queue.standing(session_id=session_id, ticket="turn_1")
    assert standing is not None
    assert standing.is_next
    assert log.waiting.is_awaited(session_id, NewLease("turn_3", "here"))
    queue.leave(session_id=session_id, ticket="turn_1")
    assert queue.standing(session_id=session_id, ticket="turn_1") is None
