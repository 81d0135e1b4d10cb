"""Many writers on one session: gapless, in each writer's order, nobody left waiting for ever."""

import threading
from collections import defaultdict
from typing import Any

import pytest

from sessions_app.services.audits import integrity
from tests.repository.conftest import append, new_session, read_all

pytestmark = pytest.mark.mongod("writers that meet")

WRITERS, EACH = 8, 60


def _write(session_id: str, writer: int, errors: list[Exception]) -> None:
    try:
        for n in range(EACH):
            for _ in range(2):
                append(session_id, f"{writer}:{n}", f"{writer}:{n}")
    except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
        errors.append(error)


def test_eight_writers_sending_everything_twice_leave_each_message_once(database: Any) -> None:
    session_id = new_session().session_id
    errors: list[Exception] = []
    threads = [
        threading.Thread(target=_write, args=(session_id, writer, errors))
        for writer in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    stored = read_all(session_id)
    assert errors == []
    assert [message.seq for message in stored] == list(range(1, WRITERS * EACH + 1))
    of_writer = defaultdict(list)
    for message in stored:
        writer, n = map(int, message.content.split(":"))
        of_writer[writer].append(n)
    assert dict(of_writer) == {writer: list(range(EACH)) for writer in range(WRITERS)}
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []
