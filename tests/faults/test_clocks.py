"""The clocks of a replica set's members, and of hosts whose clocks are wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from chatproject.mongod import embedded
from sessions_app import clock
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.repository import clocks, log
from sessions_app.services import context, erasure, messages, sessions
from tests.chatproject.conftest import Service
from tests.drills import Saw
from tests.faults.replica_set import ReplicaSet
from tests.faults.talks import READY_SECONDS, Talk
from tests.repository.conftest import OWNER, new_session, now

pytestmark = pytest.mark.xdist_group("hosts with clocks of their own")


def test_every_member_is_read_and_of_one_machine_they_agree(replica_set: ReplicaSet) -> None:
    replica_set.wait_until_whole()
    readings = clocks.readings()
    assert len({reading.server for reading in readings}) == len(replica_set.members) == 3
    for reading in readings:
        assert abs(reading.ahead) <= reading.uncertainty + timedelta(seconds=1)


def test_the_primarys_clock_has_a_zone(replica_set: ReplicaSet) -> None:
    assert abs(clocks.server_time() - datetime.now(UTC)) < timedelta(seconds=10)


FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SIGNING_KEY = "x" * 50
HOUR = 3_600


class Hosts:
    """A service whose clock is right, and others on its store whose clocks are not."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        secrets = dict.fromkeys(("SECRET_KEY", "JWT_SIGNING_KEY"), SIGNING_KEY)
        more = {**secrets, "WORKERS": "1"}
        first = Service(directory / "store", **more).ready(READY_SECONDS)
        self.settings = more | {"MONGODB_URI": str(embedded.endpoint(first.data_dir))}
        self.here, self._started = first, [first]

    def off_by(self, offset: str) -> Service:
        wrong = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset}
        there = Service(self._directory / offset, **self.settings, **wrong)
        self._started.append(there)
        return there.ready(READY_SECONDS)

    def end(self) -> None:
        for service in reversed(self._started):
            service.kill()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    running = Hosts(tmp_path_factory.mktemp("hosts"))
    yield running
    running.end()


def lasting(token: str) -> str:
    """The same token with an end that no clock of these has reached."""
    claims = jwt.decode(token, SIGNING_KEY, ["HS256"], options={"verify_signature": False})
    claims["exp"] += 100 * 24 * HOUR
    return jwt.encode(claims, SIGNING_KEY, "HS256")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.drill(8, "a host's clock is wrong")
@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed")
@pytest.mark.parametrize(
    ("offset", "seconds"), [("+1h", HOUR), ("+40d", 40 * 24 * HOUR), ("-1h", -HOUR)]
)
def test_a_wrong_clock_ends_no_session_and_dates_no_message(
    hosts: Hosts, saw: Saw, offset: str, seconds: int
):
    there = hosts.off_by(offset)
    # A token is good from the moment on that the clock showed which made it.
    mine = Talk(there if seconds < 0 else hosts.here)
    mine.token, mine.service = lasting(mine.token), hosts.here
    assert mine.request("PATCH", json={"ttl_seconds": HOUR}).status_code == 200
    before = moment(mine.request("GET").json()["expires_at"])

    mine.service = there
    assert mine.request("GET").status_code == 200
    stored = mine.request("POST", "message", json={"content": "x"})
    assert stored.status_code == 201, stored.text
    dated = moment(stored.json()["timestamp"])
    assert abs(dated - datetime.now(UTC)) < timedelta(seconds=60)
    assert mine.request("PATCH", json={"title": "Renamed there"}).status_code == 200

    mine.service = hosts.here
    after = moment(mine.request("GET").json()["expires_at"])
    assert before <= after < before + timedelta(seconds=60)

    ready = there.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["clock"] == f"{seconds:+d} s from MongoDB's"
    assert "chat_clock_off_seconds" in there.get("/metrics").text
    assert hosts.here.get("/readyz").status_code == 200
    saw(f"{offset}: no 410, nothing dated wrong; the host is not ready, and says why")


def test_activity_only_extends_a_timeout(database: Any) -> None:
    session_id = new_session(ttl_seconds=HOUR).session_id
    log.memory.forget()

    def expires_at() -> datetime:
        at: datetime = database.sessions.find_one({"_id": session_id})["expires_at"]
        return at

    before = expires_at()
    late = now() - timedelta(seconds=1_800)
    draft = MessageDraft(role=Role.USER, content="x")
    at_late = {"session_id": session_id, "user_id": OWNER, "now": late}
    messages.message_append(draft=draft, **at_late)
    sessions.session_update(changes={"title": "x"}, versions=None, **at_late)
    context.context_reset(undo=False, **at_late)
    erasure.message_delete(seq=1, **at_late)
    assert expires_at() == before
    # The owner may shorten it all the same.
    changes = {"ttl_seconds": 60}
    where = {"session_id": session_id, "user_id": OWNER, "now": now()}
    sessions.session_update(changes=changes, versions=None, **where)
    assert expires_at() < now() + timedelta(seconds=61)


def test_the_time_is_mongodbs_as_far_as_it_is_known() -> None:
    ahead = datetime.now(UTC) + timedelta(hours=2)
    try:
        clock.read(ahead, at=clock.steady())
        assert abs(clock.now() - ahead) < timedelta(seconds=5)
        assert clock.off_by() == pytest.approx(-2 * HOUR, abs=5)
        assert not clock.is_right()
        # Ids have the same time in them: their first 48 bits are its milliseconds.
        assert clock.uuid7().int >> 80 == pytest.approx(ahead.timestamp() * 1_000, abs=5_000)
    finally:
        clock.forget()
    assert clock.is_right()
