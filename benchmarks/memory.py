"""Does a worker's memory grow with the requests it answers, or with the sessions it reads?

Two questions. First, the service runs over HTTP with its own settings and answers appends, reads,
pages and lists over many sessions; after every twentieth of the requests the resident memory of its
workers is read. Flat means that at the end it is at most a tenth over what it was after the first
fifth, when caches have filled. Second, random pages of one long session are read through the
services in this process: what this process gained, and what MongoDB sent (the server's own count of
bytes), beside what the whole session takes.
"""

import itertools
import os
import random
import statistics
from collections.abc import Iterator

import psutil

from benchmarks.harness import conversations, load, report, service, store
from sessions_app.services import messages

TARGET = 1.1
SAMPLES = 20
SETTLED = SAMPLES // 5
PAGE, PAGES, WORDS = 50, 500, 60
# A page is spread over at most three buckets of 64 messages.
PAGE_TARGET = 5.0
USER = "benchmark"


def main() -> None:
    """Parse, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--requests", type=int)
    parser.add_argument("--users", type=int, default=256)
    parser.add_argument("--messages", type=int, help="of the long session")
    options = parser.parse_args()
    number = options.requests or (5_000 if options.short else 100_000)
    length = options.messages or (10_000 if options.short else 100_000)
    result = report.Report("memory")
    with store.own_store(options.dir, result) as client:
        if "requests" not in options.skip:
            _requests(result, client, number, options.users)
        if "pages" not in options.skip:
            _pages(result, client, length)
    result.table()


def _requests(result: report.Report, client: store.Client, number: int, users: int) -> None:
    with service.served(client) as served:
        report.progress(f"{number:,} requests …")
        stream = _mixed(users)
        resident: list[float] = []
        for _ in range(SAMPLES):
            sent = list(itertools.islice(stream, number // SAMPLES))
            served.run(sent, connections=8, expected={200, 201})
            resident.append(served.workers_rss() / 2**20)
        workers = len(served.workers())
    settled, last = statistics.median(resident[SETTLED - 1 : SETTLED + 2]), resident[-1]
    result.add(
        "resident memory of the workers",
        requests=number,
        workers=workers,
        mb_settled=round(settled, 1),
        mb_at_end=round(last, 1),
        mb_series=[round(mb) for mb in resident],
        ratio=round(last / settled, 3),
        target=TARGET,
    )


def _mixed(number: int) -> Iterator[str]:
    """Two appends, a read, a page and a list, of one session after the other, without end."""
    users = service.users(number)
    ids = [conversations.create(user.id, 150, words=WORDS) for user in users]
    body = {"content": conversations.text(1, WORDS)}
    for count in itertools.count():
        user, path = users[count % number], f"/session/{ids[count % number]}"
        for method, place in (
            ("POST", f"{path}/message"),
            ("POST", f"{path}/message"),
            ("GET", path),
            ("GET", f"{path}/messages?after={count % 100}"),
            ("GET", "/session"),
        ):
            posted = body if method == "POST" else None
            yield load.request(method, place, token=user.token, body=posted)


def _pages(result: report.Report, client: store.Client, length: int) -> None:
    report.progress(f"a session of {length:,} messages …")
    session_id = conversations.create(USER, length, words=WORDS)
    database = client[store.DATABASE]
    whole = database.command("collStats", "message_buckets")["size"]
    places = random.Random(4).choices(range(max(1, length - 2 * PAGE)), k=PAGES)
    own = psutil.Process(os.getpid())
    _read(session_id, places[0])
    before, sent = own.memory_info().rss, _bytes_out(client)
    for place in places:
        _read(session_id, place)
    grown, sent = own.memory_info().rss - before, _bytes_out(client) - sent
    of_page = whole / length * PAGE
    result.add(
        "random pages of a long session",
        messages=length,
        pages=PAGES,
        session_mb=round(whole / 2**20, 1),
        mb_gained=round(grown / 2**20, 2),
        kb_sent_per_page=round(sent / PAGES / 2**10, 1),
        kb_of_a_page=round(of_page / 2**10, 1),
        ratio=round(sent / PAGES / of_page, 2),
        target=PAGE_TARGET,
    )


def _read(session_id: str, after: int) -> None:
    messages.message_page(
        session_id=session_id,
        user_id=USER,
        after=after,
        before=None,
        limit=PAGE,
        now=conversations.now(),
    )


def _bytes_out(client: store.Client) -> int:
    return int(client.admin.command("serverStatus")["network"]["bytesOut"])


if __name__ == "__main__":
    main()
