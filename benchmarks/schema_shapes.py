"""One document per message, one growing array, or tail and buckets?

The three shapes of benchmarks/shapes hold the same conversation on the same `mongod` with the same
write concern (majority, journaled). The first two are bare driver calls; tail and buckets is the
service's own code, which also checks, counts tokens and stores a message once per key. Each
question is asked of all shapes and lengths in turn, round by round. At last messages are pushed
into one array until MongoDB refuses.

    python -m benchmarks.schema_shapes [--short] [--lengths 10 100 …]
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count

from pymongo.errors import DocumentTooLarge, OperationFailure

from benchmarks.harness import conversations, report, rounds, store
from benchmarks.shapes.bare import DocumentPerMessage, GrowingArray, message
from benchmarks.shapes.ours import TailAndBuckets
from benchmarks.shapes.shape import Bytes, Shape

DATABASE, TOGETHER = "shapes_bare", "shapes_together"
LENGTHS = (10, 100, 1_000, 10_000, 100_000)
# Messages of this benchmark that a document of 16 MB can hold, roughly; measured at the end.
_ARRAY_HOLDS = 25_000
_LONG_READ = 10_000


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", help="messages in the session")
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    lengths = given.lengths or (LENGTHS[:3] if given.short else LENGTHS)
    number = given.rounds or (15 if given.short else 60)
    result = report.Report("schema_shapes")
    with store.own_store(given.dir, result) as client:
        shapes: dict[tuple[str, int], Shape] = {}
        for length in lengths:
            found = list(_filled(client, length))
            _bytes(result, client, found, length)
            shapes |= {(shape.name, length): shape for shape in found}
        for length in lengths:
            # Again, and all in one database: the service remembers what it wrote last in one.
            ours = TailAndBuckets(client, TOGETHER)
            ours.fill(length)
            shapes[ours.name, length] = ours
        _times(result, shapes, number)
        if "limit" not in given.skip:
            _limit(result, client)
    result.table()


def _filled(client: store.Client, length: int) -> Iterator[Shape]:
    """The shapes that can hold so much."""
    database = client[DATABASE]
    shapes: list[Shape] = [DocumentPerMessage(database, length)]
    if length <= _ARRAY_HOLDS:
        shapes.append(GrowingArray(database, length))
    shapes.append(TailAndBuckets(client, f"shapes_{length}"))
    for shape in shapes:
        report.progress(f"{shape.name}: {length:,} messages …")
        shape.fill(length)
        yield shape


def _times(result: report.Report, shapes: Mapping[tuple[str, int], Shape], number: int) -> None:
    """Every shape and length in each round; reading a very long session whole, in fewer."""
    numbers = count(10_000_000)
    long = {key: shape for key, shape in shapes.items() if key[1] >= _LONG_READ}
    short = {key: shape for key, shape in shapes.items() if key not in long}
    questions: list[tuple[str, Mapping[tuple[str, int], Shape], int, Callable[[Shape], object]]] = [
        ("append", shapes, number, lambda shape: shape.append(next(numbers))),
        ("window of 50", shapes, number, lambda shape: shape.window()),
        ("all messages", short, number, lambda shape: shape.everything()),
        ("all messages", long, max(3, number // 10), lambda shape: shape.everything()),
    ]
    for question, asked, times, ask in questions:
        report.progress(f"{question} …")
        calls = {key: partial(ask, shape) for key, shape in asked.items()}
        samples = rounds.interleaved(calls, rounds=times, warm_up=2)
        for (name, length), taken in samples.items():
            result.add(question, shape=name, messages=length, **report.timing(taken))


def _bytes(result: report.Report, client: store.Client, shapes: list[Shape], length: int) -> None:
    client.admin.command("fsync")  # a checkpoint: until then the files hold what the last one did
    for shape in shapes:
        database = getattr(shape, "database", DATABASE)
        stats = [client[database].command("collStats", one) for one in shape.collections()]
        size = Bytes(
            *(
                int(sum(one[key] for one in stats))
                for key in ("size", "storageSize", "totalIndexSize")
            )
        )
        result.add(
            "bytes",
            shape=shape.name,
            messages=length,
            data_kb=round(size.data / 1e3, 1),
            disk_kb=round(size.disk / 1e3, 1),
            index_kb=round(size.indexes / 1e3, 1),
        )


def _limit(result: report.Report, client: store.Client) -> None:
    """Push until MongoDB refuses: a hundred at a time, then one by one."""
    report.progress("growing array: until MongoDB refuses …")
    array, held = GrowingArray(client[DATABASE], 0), 0
    array.fill(0)
    refusal = ""
    for size in (conversations.BATCH, 1):
        while True:
            try:
                array.push([message(held + place) for place in range(1, size + 1)])
            except (DocumentTooLarge, OperationFailure) as error:
                refusal = str(error).partition(", full error")[0]
                break
            held += size
    size = client[DATABASE].command("collStats", array.collections()[0])["size"]
    result.add(
        "limit", shape=array.name, messages=held, data_kb=round(size / 1e3, 1), refusal=refusal
    )


if __name__ == "__main__":
    main()
