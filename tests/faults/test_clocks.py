"""The clocks of every member of a replica set."""

from datetime import UTC, datetime, timedelta

from sessions_app.repository import clocks
from tests.faults.replica_set import ReplicaSet


def test_every_member_is_read_and_of_one_machine_they_agree(replica_set: ReplicaSet) -> None:
    replica_set.wait_until_whole()
    readings = clocks.readings()
    assert len({reading.server for reading in readings}) == len(replica_set.members) == 3
    for reading in readings:
        assert abs(reading.ahead) <= reading.uncertainty + timedelta(seconds=1)


def test_the_primarys_clock_has_a_zone(replica_set: ReplicaSet) -> None:
    assert abs(clocks.server_time() - datetime.now(UTC)) < timedelta(seconds=10)
