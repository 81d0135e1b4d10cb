"""Whether a turn's lease is good is known wherever a session is read, by MongoDB's clock."""

from datetime import timedelta
from typing import Any

import pytest

from sessions_app.domain.data import SessionFilter
from sessions_app.repository import log, sessions
from sessions_app.repository.review import conversations
from sessions_app.repository.sessions import holds
from tests.repository.conftest import OWNER, new_session, now


@pytest.mark.parametrize(("minutes", "live"), [(5, True), (-5, False)])
def test_a_lease_is_as_good_in_every_reading(database: Any, minutes: int, live: bool) -> None:
    session_id = new_session().session_id
    deadline = now() + timedelta(minutes=minutes)
    lease = {"id": "turn_1", "owner": "worker", "deadline": deadline}
    database.sessions.update_one({"_id": session_id}, {"$set": {"turn": lease}})
    listed = sessions.list_page(
        user_id=OWNER, wanted=SessionFilter(), now=now(), limit=5, position=None, backwards=False
    )
    header = log.read_header(session_id=session_id, user_id=OWNER)
    readings = [
        header,
        log.read_any_header(session_id),
        *listed.sessions,
        conversations.read_one(session_id).session,
        holds.set_hold(session_id=session_id, legal_hold=True),
        sessions.change(session=header, changes={"title": "x"}, now=now(), versions=None),
    ]
    assert len(readings) == 6
    assert [reading.turn and reading.turn.is_live for reading in readings] == [live] * 6
