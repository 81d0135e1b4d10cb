"""A primary whose secondaries are gone: it is one for a while yet, and takes no writes."""

import signal
from pathlib import Path

import pytest

from sessions_app.repository import health
from tests.drills import Saw
from tests.faults.conftest import connected
from tests.faults.replica_set import three
from tests.waiting import wait_until

PROBE_MS = 1_000


@pytest.mark.drill(3, "the primary has no majority")
def test_a_primary_without_a_majority_is_not_ready_though_it_says_that_it_is_primary(
    tmp_path: Path, saw: Saw
) -> None:
    with three(tmp_path, election_ms=20_000) as replica_set, connected(replica_set.uri):
        wait_until(lambda: health.majority_takes_writes(PROBE_MS))
        primary = replica_set.primary()
        others = [member for member in replica_set.members if member is not primary]
        for member in others:
            member.signal(signal.SIGSTOP)
        try:
            assert health.primary_is_up(10 * PROBE_MS)
            assert not health.majority_takes_writes(PROBE_MS)
        finally:
            for member in others:
                member.signal(signal.SIGCONT)
        wait_until(lambda: health.majority_takes_writes(PROBE_MS))
    saw("it says that it is primary; not ready until a secondary was back")
