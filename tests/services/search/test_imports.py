"""What is imported has happened long ago, and is found all the same."""

import json
from datetime import timedelta
from typing import Any

from sessions_app.domain.data import Status
from sessions_app.domain.records.writing import line
from sessions_app.domain.search.data import SearchFilter
from sessions_app.repository.search import index as search_index
from sessions_app.services import sessions
from sessions_app.services.search import indexing as search_indexing
from sessions_app.services.search import querying as search
from sessions_app.services.transfer import exporting as session_exports
from sessions_app.services.transfer import importing as imports
from tests.repository.conftest import OWNER, append, new_session, now


def exported() -> list[Any]:
    taken = session_exports.sessions_export(selection=session_exports.Selection(user_id=OWNER))
    return [json.loads(line(record)) for record in taken]


def test_an_imported_session_is_found_at_once(session: Any, find: Any) -> None:
    append(session.session_id, "a needle")
    records = exported()
    sessions.session_delete(session_id=session.session_id, user_id=OWNER)
    append(new_session().session_id, "straw")
    later = now() + timedelta(days=1)
    for user_id in (OWNER, None):
        search_indexing.catch_up(user_id=user_id, seconds=60, now=later)
    assert search_index.progress(search_indexing.EVERYBODY) > session.created_at
    assert find("needle") == []
    imports.sessions_import(
        numbered=enumerate(records), user_id=None, dry_run=False, progress=lambda _: None
    )
    assert find("needle") == [1]
    everybodys = search.search_all(
        text="needle",
        limit=5,
        wanted=SearchFilter(status=Status.ACTIVE),
        staff_id="9",
        now=now(),
    )
    assert [hit.seq for hit in everybodys.hits] == [1]
