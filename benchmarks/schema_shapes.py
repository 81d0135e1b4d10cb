"""One document per message, one growing array, or tail and buckets?

The three shapes hold the same conversation on the same `mongod` with the same write concern
(majority, journaled). The first two are bare driver calls; tail and buckets is the service's own
code, which also checks, counts tokens and stores a message once per key. An append and the newest
50 messages are asked of all shapes and lengths in turn. At last messages are pushed into one array
until MongoDB refuses.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

from pymongo.errors import DocumentTooLarge, OperationFailure

from benchmarks.harness import conversations, report, rounds, store
from benchmarks.harness.conversations import BATCH, now
from sessions_app.services import messages, sessions

LENGTHS = (10, 100, 1_000, 10_000, 100_000)
PER_MESSAGE, ARRAY, OURS = "document per message", "growing array", "tail and buckets"
WINDOW, WORDS, OWNER, SESSION = 50, 60, "owner", {"_id": "session", "user_id": "owner"}
# Messages of this benchmark that a document of 16 MB can hold, roughly; measured at the end.
_ARRAY_HOLDS = 25_000

Shape = tuple[Callable[[int], object], Callable[[], object]]  # append number …, the window
Database = Any


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", help="messages in the session")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    lengths = options.lengths or (LENGTHS[:3] if options.short else LENGTHS)
    number = options.rounds or (15 if options.short else 60)
    result = report.Report("schema_shapes")
    with store.own_store(options.dir, result) as client:
        database = client["shapes"]
        shapes: dict[tuple[str, int], Shape] = {}
        for length in lengths:
            report.progress(f"{length:,} messages in each shape …")
            shapes[PER_MESSAGE, length] = per_message(database, length)
            if length <= _ARRAY_HOLDS:
                shapes[ARRAY, length] = growing_array(database, length)
            shapes[OURS, length] = tail_and_buckets(length)
        numbers = count(10_000_000)
        appends = {key: partial(lambda do: do(next(numbers)), shapes[key][0]) for key in shapes}
        windows = {key: window for key, (_, window) in shapes.items()}
        for question, calls in (("append", appends), (f"window of {WINDOW}", windows)):
            samples = rounds.interleaved(calls, rounds=number, warm_up=2)
            for (shape, length), taken in samples.items():
                result.add(question, shape=shape, messages=length, **report.timing(taken))
        if "limit" not in options.skip:
            _limit(result, database)
    result.table()


def per_message(database: Database, length: int) -> Shape:
    """A counter in the session's document gives `seq`; then the message is inserted."""
    headers, stored = database[f"headers_{length}"], database[f"messages_{length}"]
    stored.create_index([("session_id", 1), ("seq", 1)], unique=True)
    for run in _runs(length):
        stored.insert_many([{"session_id": "session", "seq": n, **_message(n)} for n in run])
    headers.insert_one(SESSION | {"message_count": length})

    def append(number: int) -> object:
        header = headers.find_one_and_update(SESSION, {"$inc": {"message_count": 1}})
        seq = header["message_count"] + 1
        return stored.insert_one({"session_id": "session", "seq": seq, **_message(number)})

    def window() -> object:
        newest = stored.find({"session_id": "session"}).sort("seq", -1).limit(WINDOW)
        return headers.find_one(SESSION), list(newest)[::-1]

    return append, window


def growing_array(database: Database, length: int) -> Shape:
    """All messages in the session's document, pushed at the end."""
    stored = database[f"array_{length}"]
    stored.insert_one(SESSION | {"message_count": 0, "messages": []})
    for run in _runs(length):
        _push(stored, run)
    newest = {"messages": {"$slice": -WINDOW}}
    return lambda number: _push(stored, [number]), lambda: stored.find_one(SESSION, newest)


def tail_and_buckets(length: int) -> Shape:
    """The service's own session."""
    who = {"session_id": conversations.create(OWNER, length, words=WORDS), "user_id": OWNER}

    def append(number: int) -> object:
        draft = conversations.drafts(number, number, words=WORDS)[0]
        return messages.message_append(**who, draft=draft, now=now())

    return append, lambda: sessions.session_get(**who, limit=WINDOW, now=now())


def _runs(length: int) -> Iterator[range]:
    for first, last in conversations.batches(1, length):
        yield range(first, last + 1)


def _push(stored: Database, numbers: "range | list[int]") -> object:
    update = {
        "$push": {"messages": {"$each": [_message(number) for number in numbers]}},
        "$inc": {"message_count": len(numbers)},
    }
    return stored.find_one_and_update(SESSION, update, projection={"message_count": 1})


def _message(number: int) -> dict[str, Any]:
    """A message with the fields that the service stores, too."""
    draft = conversations.drafts(number, number, words=WORDS)[0]
    return {
        "id": f"msg_{number:032d}",
        "role": draft.role.value,
        "content": draft.content,
        "timestamp": now(),
        "token_count": WORDS,
        "client_id": draft.client_id,
    }


def _limit(result: report.Report, database: Database) -> None:
    """Push until MongoDB refuses: a hundred at a time, then one by one."""
    report.progress("growing array: until MongoDB refuses …")
    growing_array(database, 0)
    stored, length, refusal = database["array_0"], 0, ""
    for size in (BATCH, 1):
        try:
            while True:
                _push(stored, range(length + 1, length + size + 1))
                length += size
        except (DocumentTooLarge, OperationFailure) as error:
            refusal = str(error).partition(", full error")[0]
    kilobytes = round(database.command("collStats", "array_0")["size"] / 1e3, 1)
    result.add("limit", shape=ARRAY, messages=length, data_kb=kilobytes, refusal=refusal)


if __name__ == "__main__":
    main()
