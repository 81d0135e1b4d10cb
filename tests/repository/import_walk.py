"""Walks the queries about users' imports."""

from dataclasses import replace
from datetime import timedelta

from sessions_app.domain.imports import ImportStatus
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import imports, records
from tests.repository.conftest import OWNER, now


def walk_imports(session_id: str) -> None:
    """Begin an import, write how far it is, read it, and forget it."""
    moment = lifecycle.to_milliseconds(now())
    assert imports.begin(import_id="imp_1", user_id=OWNER, attempt="1", now=moment)
    job = replace(imports.read("imp_1", user_id=OWNER), status=ImportStatus.DONE, fraction=1.0)
    later = replace(job, updated_at=moment + timedelta(seconds=1))
    assert imports.save(later, attempt="1")
    assert [each.fraction for each in imports.of_user(OWNER)] == [1.0]
    imports.remove_all_of(OWNER)
    assert records.importing.is_owned(session_id, user_id=OWNER)
    records.importing.take_back("nowhere")
