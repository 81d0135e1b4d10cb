"""How fast does a sweep end sessions, and what does it cost the appends beside it?

A database of many sessions with two messages each, of which some are due: their documents are made
by the repository's own codec, the due ones with a bucket and a block of annotations that have to go
with them, and inserted with w:1. For each mode (archive, delete) and for the purge of old archives
a process of its own runs `expire_sessions` while this one appends through the services, so many
messages a second (`--appends`) one after the other to sessions chosen at random. Before each sweep
and after it the same appends are timed alone; the ratio is that of the p95 beside the sweep to the
p95 alone. An append is timed from when it was due, so that none hides behind a slow one.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import uuid_utils
from pymongo import WriteConcern

from benchmarks.harness import conversations, report, store
from benchmarks.many_sessions import _template
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.identifiers import bucket_id
from sessions_app.domain.lifecycle import to_milliseconds
from sessions_app.services import messages

RATE, SLOWER = 2_000, 1.5
BATCH = 5_000
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
    parser.add_argument("--appends", type=float, default=200.0, help="a second, beside a sweep")
    given = parser.parse_args()
    total = given.sessions or (20_000 if given.short else 1_000_000)
    due = given.due or (5_000 if given.short else 100_000)
    result = report.Report("expiry")
    with store.own_store(given.dir, result, cache_gb=store.LARGE_CACHE_GB) as client:
        active = Filling(client).stored(total - due)
        for kind in (kind for kind in KINDS if kind not in given.skip):
            Filling(client).due(kind, due)
            _measure(result, client, kind, due, total, active, given.appends)
    result.table()


class Filling:
    """Sessions into the store, quickly."""

    def __init__(self, client: store.Client) -> None:
        self._database = client[store.DATABASE]
        self._now = to_milliseconds(conversations.now())
        self._template = _template(self._now)

    def stored(self, number: int) -> list[str]:
        """Sessions that are not due; the ids of some to append to."""
        report.progress(f"{number:,} sessions …")
        ends = self._now + timedelta(days=30)
        ids = self._insert(self._documents(number, {"expires_at": ends}))
        return random.Random(3).sample(ids, min(APPENDED_TO, len(ids)))

    def due(self, kind: str, number: int) -> None:
        """Sessions that are due, each with what belongs to it."""
        report.progress(f"{number:,} sessions due to {kind} …")
        fields: dict[str, Any] = {"expires_at": self._now - timedelta(days=1)}
        if kind == "purge":
            long_ago = self._now - timedelta(days=400)
            fields = {"status": "archived", "archived_at": long_ago, "expires_at": None}
        ids = self._insert(self._documents(number, fields))
        held = self._template["messages"] * 8
        for name in ("message_buckets", "message_annotations"):
            belongings = (
                {
                    "_id": bucket_id(session_id, 1),
                    "session_id": session_id,
                    "first_seq": 1,
                    **(
                        {"messages": held, "last_seq": len(held), "revision": 0}
                        if name == "message_buckets"
                        else {"count": 16, "vectors": bytes(16 * 384)}
                    ),
                }
                for session_id in ids
            )
            self._insert(belongings, name)
        # A sweep sees what a majority has: this waits until that is all of it.
        self._database["markers"].insert_one({})

    def _documents(self, number: int, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for n in range(number):
            moment: datetime = self._now + timedelta(milliseconds=n)
            document = self._template | {
                "_id": str(uuid_utils.uuid7()),
                "user_id": f"user-{n % OWNERS}",
                "updated_at": moment - timedelta(days=2),
                "created_at": moment - timedelta(days=2),
                **fields,
            }
            if document["expires_at"] is None:
                del document["expires_at"]
            else:
                document["expires_at"] += timedelta(milliseconds=n)
            yield document

    def _insert(self, documents: Iterator[dict[str, Any]], name: str = "sessions") -> list[str]:
        collection = self._database.get_collection(name, write_concern=WriteConcern(w=1))
        ids: list[str] = []
        while batch := list(islice(documents, BATCH)):
            collection.insert_many(batch, ordered=False)
            ids += [document["_id"] for document in batch]
        return ids


def _measure(
    result: report.Report,
    client: store.Client,
    kind: str,
    due: int,
    total: int,
    active: list[str],
    a_second: float,
) -> None:
    owners = _owners(client, active)
    seconds = max(3.0, min(20.0, due / 5_000))
    before = _appends(owners, threading.Timer(seconds, lambda: None), a_second)
    sweep = Sweep(kind)
    during = _appends(owners, sweep, a_second)
    after = _appends(owners, threading.Timer(seconds, lambda: None), a_second)
    alone = [ms for _, ms in before + after]
    fate, _ = KINDS[kind]
    if sweep.result[fate] != due or not sweep.result["complete"]:
        raise SystemExit(f"the sweep ended {sweep.result}, not {due:,}")
    # Python's start is none of the sweep's, and would not disturb the appends of a service.
    receipt = client[store.DATABASE]["sweeps"].find_one({"_id": sweep.result["sweep_id"]}) or {}
    began, ended = receipt["started_at"], receipt["finished_at"]
    beside = [ms for moment, ms in during if began <= moment <= ended]
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


class Sweep(threading.Thread):
    """`expire_sessions` as a process; `result` is what it printed."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._arguments = KINDS[kind][1]
        self.result: dict[str, Any] = {}

    def run(self) -> None:
        """Wait for it."""
        done = subprocess.run(
            [sys.executable, "manage.py", "expire_sessions", "--json", *self._arguments],
            cwd=ROOT,
            env=os.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        self.result = json.loads(done.stdout)


def _owners(client: store.Client, ids: list[str]) -> list[tuple[str, str]]:
    found = client[store.DATABASE]["sessions"].find({"_id": {"$in": ids}}, {"user_id": 1})
    return [(stored["_id"], stored["user_id"]) for stored in found]


def _appends(
    owners: list[tuple[str, str]], beside: Any, a_second: float
) -> list[tuple[datetime, float]]:
    """When each append began and its milliseconds, so many a second while `beside` runs."""
    chosen = random.Random(4)
    samples: list[tuple[datetime, float]] = []
    beside.start()
    due = time.perf_counter()
    while beside.is_alive():
        due += 1 / a_second
        time.sleep(max(0.0, due - time.perf_counter()))
        session_id, user_id = chosen.choice(owners)
        draft = MessageDraft(role=Role.USER, content="Where should the garden table stand?")
        moment = conversations.now()
        messages.message_append(session_id=session_id, user_id=user_id, draft=draft, now=moment)
        samples.append((moment, (time.perf_counter() - due) * 1_000))
    beside.join()
    return samples


if __name__ == "__main__":
    main()
