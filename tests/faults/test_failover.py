"""Clients keep writing while the primary is killed or frozen, and retry with their keys.

Nothing that was acknowledged may be lost, nothing may be doubled, and what cannot be answered is
answered 503 in bounded time. Short by default; `--slow` makes it twenty faults.
"""

import json
import signal
import threading
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions_app.services.audits import integrity
from tests.conftest import person
from tests.faults.replica_set import ReplicaSet
from tests.waiting import joined, within

WRITERS = 4
# A request may need several operations, each bounded by the timeout; a hang is far beyond this.
HANG_SECONDS = 30
FROZEN_SECONDS = 4


@dataclass
class Writer:
    """One client: sends its messages in order, each until it is acknowledged."""

    number: int
    client: APIClient
    session_ids: list[str]
    statuses: list[int] = field(default_factory=list)
    slowest: float = 0.0
    acknowledged: dict[tuple[str, str], int] = field(default_factory=dict)
    wrong: list[Any] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        for n in count():
            if stop.is_set():
                return
            for session_id in self.session_ids:
                self._send(session_id, f"{self.number}:{n}", stop)

    def _send(self, session_id: str, key: str, stop: threading.Event) -> None:
        for _ in within(HANG_SECONDS * 2, f"the append of {key}", pause=0):
            begun = time.monotonic()
            response = self.client.post(
                f"/session/{session_id}/message", {"content": key, "client_id": key}
            )
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.statuses.append(response.status_code)
            if response.status_code in {200, 201}:
                self.acknowledged[session_id, key] = response.json()["seq"]
                return
            if response.status_code != 503 or "Retry-After" not in response.headers:
                self.wrong.append((response.status_code, response.content))
                return
            time.sleep(0.1)


def _fault(replica_set: ReplicaSet, *, freeze: bool) -> None:
    primary = replica_set.primary()
    if freeze:
        primary.signal(signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        primary.signal(signal.SIGCONT)
    else:
        primary.kill()
        time.sleep(1)
        replica_set.primary()
        primary.start()
    replica_set.wait_until_whole()


def test_nothing_acknowledged_is_lost_or_doubled(
    replica_set: ReplicaSet, request: pytest.FixtureRequest
) -> None:
    faults = 20 if request.config.getoption("--slow") else 2
    owner = person()
    shared = owner.client.post("/session/create", {}).json()["session_id"]
    writers = []
    for number in range(WRITERS):
        client = APIClient(raise_request_exception=False)
        client.credentials(**owner.client._credentials)
        own = client.post("/session/create", {}).json()["session_id"]
        writers.append(Writer(number, client, [shared, own]))
    stop = threading.Event()
    threads = [threading.Thread(target=writer.run, args=(stop,)) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        for number in range(faults):
            _fault(replica_set, freeze=number % 2 == 1)
    finally:
        stop.set()
        joined(*threads, seconds=HANG_SECONDS * 2)
    assert [writer.wrong for writer in writers] == [[]] * WRITERS
    assert max(writer.slowest for writer in writers) < HANG_SECONDS
    _check(owner.client, writers)
    statuses = [status for writer in writers for status in writer.statuses]
    # for whoever runs it with -s
    print({status: statuses.count(status) for status in sorted(set(statuses))}, f"{faults} faults")  # noqa: T201


def _check(client: APIClient, writers: list[Writer]) -> None:
    for session_id in {session_id for writer in writers for session_id in writer.session_ids}:
        export = client.get(f"/session/{session_id}/export?format=json")
        whole = json.loads(b"".join(export.streaming_content))
        stored = {message["client_id"]: message["seq"] for message in whole["messages"]}
        assert len(stored) == whole["message_count"]  # no key stands twice
        assert sorted(stored.values()) == list(range(1, len(stored) + 1))
        for writer in writers:
            sent = {key: seq for (at, key), seq in writer.acknowledged.items() if at == session_id}
            assert sent.items() <= stored.items()
            own = [seq for key, seq in stored.items() if key.startswith(f"{writer.number}:")]
            assert own == sorted(own)
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []
