"""How fast does a sweep end sessions, and what does it cost the appends beside it?

A database of many sessions with two messages each, of which some are due, with a bucket and a block
of annotations that have to go with them. For each mode (archive, delete) and for the purge of old
archives a process of its own runs `expire_sessions`, while the running service is sent so many
appends a second over HTTP (`--appends`), to sessions chosen at random, each at its time whatever
the others take. Before each sweep and after it the same appends are timed alone; the ratio is that
of the p95 beside the sweep to the p95 alone.

50 appends a second are six times what such a store takes on the average: a million sessions of 20
messages that last 30 days make 8 messages a second. All of it shares the machine: the sweeper,
the service's workers, MongoDB and the client.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.harness import bulk, conversations, load, report, service, store
from benchmarks.harness.paced import PacedClient, Sample
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.domain.sessions.lifecycle import to_milliseconds

RATE, SLOWER = 2_000, 1.5
OWNERS = 5_000
APPENDED_TO = 2_000
KINDS = {
    "archive": ("archived", ["--mode", "archive"]),
    "delete": ("deleted", ["--mode", "delete"]),
    "purge": ("purged", ["--mode", "archive"]),
}
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Parse, fill, and for each kind of ending: append alone, beside a sweep, and alone again."""
    parser = store.arguments(__doc__)
    parser.add_argument("--sessions", type=int, help="stored (1,000,000; short: 20,000)")
    parser.add_argument("--due", type=int, help="of them, for each kind (100,000; short: 5,000)")
    parser.add_argument("--appends", type=float, default=50.0, help="a second, beside a sweep")
    options = parser.parse_args()
    total = options.sessions or (20_000 if options.short else 1_000_000)
    due = options.due or (5_000 if options.short else 100_000)
    result = report.Report("expiry")
    with store.own_store(options.dir, result, cache_gb=store.LARGE_CACHE_GB) as client:
        active = Filling(client).stored(total - due)
        os.environ["THROTTLE_USER"] = ""
        with service.served(client) as served:
            appends = Appends(served.client.port, _requests(client, active), options.appends)
            appends.during(lambda: time.sleep(5.0 if options.short else 20.0))
            for kind in (kind for kind in KINDS if kind not in options.skip):
                Filling(client).due(kind, due)
                _measure(result, client, kind, due, total, appends)
    result.table()


class Filling:
    """Sessions into the store, quickly."""

    def __init__(self, client: store.Client) -> None:
        self._database = client[store.DATABASE]
        self._now = to_milliseconds(conversations.now())
        self._template = bulk.template(self._now)

    def stored(self, number: int) -> list[str]:
        """Sessions that are not due; the ids of some to append to."""
        report.progress(f"{number:,} sessions …")
        ids = self._insert(number, expires_at=self._now + timedelta(days=30))
        return random.Random(3).sample(ids, min(APPENDED_TO, len(ids)))

    def due(self, kind: str, number: int) -> None:
        """Sessions that are due, each with a bucket and a block of annotations."""
        report.progress(f"{number:,} sessions due to {kind} …")
        if kind == "purge":
            long_ago = self._now - timedelta(days=400)
            ids = self._insert(number, status="archived", archived_at=long_ago, expires_at=None)
        else:
            ids = self._insert(number, expires_at=self._now - timedelta(days=1))
        run = self._template["messages"] * 8
        belongings: dict[str, dict[str, Any]] = {
            "message_buckets": {"messages": run, "last_seq": len(run), "revision": 0},
            "message_annotations": {"count": len(run), "vectors": bytes(len(run) * 384)},
        }
        for name, fields in belongings.items():
            documents = (
                {"_id": bucket_id(one, 1), "session_id": one, "first_seq": 1, **fields}
                for one in ids
            )
            bulk.insert(self._database, documents, name)

    def _insert(self, number: int, **fields: Any) -> list[str]:
        start = self._now - timedelta(days=2)
        documents = (
            bulk.copy(
                self._template, f"user-{n % OWNERS}", start + timedelta(milliseconds=n), **fields
            )
            for n in range(number)
        )
        return bulk.insert(self._database, documents)


class Appends:
    """What the service is sent, and so many of it a second."""

    def __init__(self, port: int, requests: Sequence[str], a_second: float) -> None:
        self._port, self._requests, self._rate = port, requests, a_second

    def during(self, work: Callable[[], None]) -> list[Sample]:
        """Send while `work` is done; each append's time and milliseconds."""
        client = PacedClient(self._port, self._requests, rate=self._rate)
        work()
        return client.stop()


def _measure(
    result: report.Report, client: store.Client, kind: str, due: int, total: int, appends: Appends
) -> None:
    seconds = max(5.0, min(30.0, due / 3_000))
    swept: dict[str, Any] = {}
    before = appends.during(lambda: time.sleep(seconds))
    during = appends.during(lambda: swept.update(_sweep(kind)))
    after = appends.during(lambda: time.sleep(seconds))
    alone = [ms for _, ms in before + after]
    fate, _ = KINDS[kind]
    if swept[fate] != due or not swept["complete"]:
        raise SystemExit(f"the sweep ended {swept}, not {due:,}")
    # Python's start is none of the sweep's, and would not disturb the appends of a service.
    receipt = client[store.DATABASE]["sweeps"].find_one({"_id": swept["sweep_id"]}) or {}
    began, ended = receipt["started_at"], receipt["finished_at"]
    beside = [ms for moment, ms in during if began.timestamp() <= moment <= ended.timestamp()]
    rate = due / (ended - began).total_seconds()
    result.add(
        f"{kind}: sessions a second",
        sessions_in_all=total,
        due=due,
        seconds=round((ended - began).total_seconds(), 1),
        per_second=round(rate),
        ratio=round(rate / RATE, 2),
        target=1.0,
        bound="at least",
    )
    result.add(f"{kind}: appends alone", **report.timing(alone))
    result.add(
        f"{kind}: appends beside it",
        **report.timing(beside),
        ratio=round(report.quantile(beside, 0.95) / report.quantile(alone, 0.95), 2),
        target=SLOWER,
    )


def _sweep(kind: str) -> dict[str, Any]:
    """Run `expire_sessions` as a process; what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", "expire_sessions", "--json", *KINDS[kind][1]],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def _requests(client: store.Client, ids: list[str]) -> list[str]:
    """An append to each of these sessions, in the name of its owner."""
    found = client[store.DATABASE]["sessions"].find({"_id": {"$in": ids}}, {"user_id": 1})
    body = {"content": "Where should the garden table stand?"}
    return [
        load.request(
            "POST",
            f"/session/{stored['_id']}/message",
            token=service.user(stored["user_id"]).token,
            body=body,
        )
        for stored in found
    ]


if __name__ == "__main__":
    main()
