"""What does a queryset cost, where the driver could be asked instead?

One query of each kind is sent in turn by the driver, by a queryset that returns dictionaries and by
one that returns documents, in this process. `ratio` compares the median with that of the driver.
`cpu_ratio` does so for the CPU of this process alone, whatever MongoDB and others do meanwhile.
"""

import itertools
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import uuid4

from pymongo import ReturnDocument

from benchmarks.harness import conversations, report, store

USER = "queryset-cost"
LENGTH = 300  # messages of the long session, of which a tail holds up to 128
DRIVER, DICTIONARIES, DOCUMENTS = "driver", "queryset", "documents"
Asks = Mapping[str, Callable[[], Any]]


def main() -> None:
    """Parse, ask, compare."""
    parser = store.arguments(__doc__)
    parser.add_argument("--rounds", type=int, help="of each kind of query")
    options = parser.parse_args()
    rounds = options.rounds or (100 if options.short else 1_000)
    result = report.Report("queryset_cost")
    with store.own_store(options.dir, result):
        for kind, asks in kinds().items():
            samples = in_turn(asks, rounds)
            base, base_cpu = map(median, samples[DRIVER])
            for way, (taken, cpu) in samples.items():
                result.add(
                    kind,
                    variant=way,
                    p50_ms=round(median(taken), 3),
                    ratio=round(median(taken) / base, 2),
                    cpu_us=round(median(cpu)),
                    cpu_ratio=round(median(cpu) / base_cpu, 2),
                )
    result.table()


def in_turn(asks: Asks, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Milliseconds, and microseconds of CPU, of each call by way, after some that only warm up."""
    samples: dict[str, tuple[list[float], list[float]]] = {way: ([], []) for way in asks}
    ways = list(asks)
    for number in range(-10, rounds):
        for way in ways:
            started, cpu = time.perf_counter(), time.thread_time()
            asks[way]()
            cpu, took = time.thread_time() - cpu, time.perf_counter() - started
            if number >= 0:
                samples[way][0].append(took * 1_000)
                samples[way][1].append(cpu * 1_000_000)
        ways.reverse()
    return samples


def kinds() -> dict[str, Asks]:
    """The kinds of query, each in the ways that there are of it."""
    ids = [conversations.create(USER, 4, words=20) for _ in range(30)]
    long_id = conversations.create(USER, LENGTH, words=20)
    return {
        "a session's header": _header(ids[3]),
        "a page of 20 sessions": _page(),
        "a guarded change": _change(ids[4]),
        "a count by an index": _count(),
        "the newest 50 messages": _newest(long_id),
        "buckets of 128 messages": _buckets(long_id),
        "an append": _append(ids[5], ids[6]),
    }


def _header(session_id: str) -> Asks:
    from sessions_app.documents import Session, collection
    from sessions_app.repository import log

    asked = Session.objects(pk=session_id).owned_by(USER)
    return {
        DRIVER: lambda: collection(Session).find_one(
            {"_id": session_id, "user_id": USER}, log.HEADER
        ),
        DICTIONARIES: lambda: Session.objects(pk=session_id).owned_by(USER).headers().first(),
        DOCUMENTS: lambda: asked.exclude("messages", "summary").first(),
    }


def _page() -> Asks:
    from sessions_app.documents import Session, collection
    from sessions_app.repository import log

    now = datetime.now(UTC)
    query = {"user_id": USER, "status": "active", "expires_at": {"$not": {"$lte": now}}}

    def asked() -> Any:
        return Session.objects.owned_by(USER).active().unexpired(now).newest_first().limit(21)

    return {
        DRIVER: lambda: list(
            collection(Session)
            .find(query, log.HEADER)
            .sort([("updated_at", -1), ("_id", -1)])
            .limit(21)
        ),
        DICTIONARIES: lambda: list(asked().headers()),
        DOCUMENTS: lambda: list(asked().exclude("messages", "summary")),
    }


def _change(session_id: str) -> Asks:
    from sessions_app.documents import Session, collection
    from sessions_app.repository import log

    numbers = itertools.count()

    def asked() -> Any:
        return Session.objects(pk=session_id, user_id=USER, status="active")

    return {
        DRIVER: lambda: collection(Session).find_one_and_update(
            {"_id": session_id, "user_id": USER, "status": "active"},
            {"$set": {"title": f"{next(numbers)}"}, "$inc": {"version": 1}},
            projection=log.HEADER,
            return_document=ReturnDocument.AFTER,
        ),
        "queryset, update_one": lambda: asked().update_one(
            set__title=f"{next(numbers)}", inc__version=1
        ),
        "queryset, modify": lambda: (
            asked().headers().modify(new=True, set__title=f"{next(numbers)}", inc__version=1)
        ),
    }


def _count() -> Asks:
    from sessions_app.documents import Session, collection

    return {
        DRIVER: lambda: collection(Session).count_documents(
            {"user_id": USER}, hint="user_status_activity"
        ),
        DICTIONARIES: lambda: Session.objects.owned_by(USER).hint("user_status_activity").count(),
    }


def _newest(session_id: str) -> Asks:
    from sessions_app.documents import Session, collection

    def asked() -> Any:
        return Session.objects(pk=session_id, user_id=USER).fields(slice__messages=-50)

    return {
        DRIVER: lambda: collection(Session).find_one(
            {"_id": session_id, "user_id": USER}, {"messages": {"$slice": -50}}
        ),
        DICTIONARIES: lambda: asked().as_pymongo().first(),
        DOCUMENTS: lambda: asked().first(),
    }


def _buckets(session_id: str) -> Asks:
    from sessions_app.documents import MessageBucket, collection
    from sessions_app.repository import log

    return {
        DRIVER: lambda: list(
            collection(MessageBucket).find(log.buckets_of_range(session_id, 1, 128)).sort("_id", 1)
        ),
        DICTIONARIES: lambda: list(
            MessageBucket.objects.of_session(session_id).order_by("pk").limit(2).as_pymongo()
        ),
        DOCUMENTS: lambda: list(
            MessageBucket.objects.of_session(session_id).order_by("pk").limit(2)
        ),
    }


def _append(driven: str, asked: str) -> Asks:
    """`$push` as the store does it, without the spill; each way on a session of its own."""
    from sessions_app.documents import Message, Session, collection

    def message() -> dict[str, Any]:
        return {
            "id": f"msg_{uuid4().hex}",
            "role": "user",
            "content": "word " * 20,
            "timestamp": datetime.now(UTC),
            "token_count": 20,
        }

    return {
        DRIVER: lambda: collection(Session).find_one_and_update(
            {"_id": driven, "user_id": USER, "status": "active"},
            {
                "$push": {"messages": {"$each": [message()], "$slice": -64}},
                "$inc": {"message_count": 1, "token_count": 20, "version": 1},
            },
            projection={"message_count": 1},
            return_document=ReturnDocument.AFTER,
        ),
        "queryset, __raw__": lambda: (
            Session.objects(pk=asked, user_id=USER, status="active")
            .only("message_count")
            .modify(
                new=True,
                __raw__={"$push": {"messages": {"$each": [message()], "$slice": -64}}},
                inc__message_count=1,
                inc__token_count=20,
                inc__version=1,
            )
        ),
        "save() of a document": lambda: _save(Session.objects.get(pk=asked), Message, message()),
    }


def _save(session: Any, kind: Any, fields: dict[str, Any]) -> None:
    # What a newcomer would write. It loses what others append meanwhile.
    session.messages = [*session.messages[-63:], kind(**fields)]
    session.message_count += 1
    session.save()


if __name__ == "__main__":
    main()
