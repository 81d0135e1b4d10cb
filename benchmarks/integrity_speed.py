"""How long does `check_integrity` take for a million sessions, in one process and in two?

Sessions of two messages, and one in fifty with 150, which has buckets. Seconds are of the wall; the
rate is sessions a second. A check that is stopped goes on where it was, so a rate is all it takes.
"""

import time
from datetime import UTC, datetime, timedelta

from benchmarks.harness import bulk, conversations, report, store
from sessions_app.services.audits import IntegrityCheck

# A million in ten minutes.
TARGET = 1_000_000 / 600
LONG = 150
SHARE = 50


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--sessions", type=int)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    number = options.sessions or (5_000 if options.short else 1_000_000)
    result = report.Report("integrity_speed")
    with store.own_store(options.dir, result, cache_gb=store.LARGE_CACHE_GB) as client:
        report.progress(f"{number:,} sessions …")
        _fill(client, number)
        for processes in options.processes:
            began = time.perf_counter()
            check = IntegrityCheck(repair=False, processes=processes)
            findings = list(check.run(lambda _: None))
            seconds = time.perf_counter() - began
            rate = check.reached.checked / seconds
            result.add(
                f"check in {processes} process{'es' if processes > 1 else ''}",
                sessions=check.reached.checked,
                findings=len(findings),
                seconds=round(seconds, 1),
                rate=round(rate),
                ratio=round(rate / TARGET, 2),
            )
    result.table()


def _fill(client: store.Client, number: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    original = bulk.template(now)
    copies = (
        bulk.copy(original, f"user-{n % 10_000}", now - timedelta(seconds=n % 1_000_000))
        for n in range(number - number // SHARE)
    )
    bulk.insert(client[store.DATABASE], copies)
    long_id = conversations.create("user-long", LONG, words=30)
    database = client[store.DATABASE]
    session = database.sessions.find_one({"_id": long_id}) or {}
    buckets = list(database.message_buckets.find({"session_id": long_id}))
    copied = [
        bulk.copy(session, f"user-{n % 10_000}", now - timedelta(seconds=n % 1_000_000))
        for n in range(number // SHARE - 1)
    ]
    ids = bulk.insert(database, copied)
    of_copies = (
        bucket | {"_id": f"{session_id}/{bucket['first_seq']:012}", "session_id": session_id}
        for session_id in ids
        for bucket in buckets
    )
    bulk.insert(database, of_copies, "message_buckets")


if __name__ == "__main__":
    main()
