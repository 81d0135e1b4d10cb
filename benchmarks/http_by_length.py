"""Does a client notice how long a session is?

The same questions as `store_by_length`, asked over HTTP of the service as `serve` runs it, with one
worker, which knows its sessions: append with a key, the newest 50, a `recent` window of 2,000
tokens, the last 10, and a page of 50 from the middle. Every round asks each length once, over one
connection. Appends go to a session of their own, so that the one that is read keeps its length;
that one grows by a message a round. Topics are judged before, as a conversation's turns would do.
"""

import http.client
import json
import os
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from benchmarks.harness import contexts, conversations, load, report, rounds, service, store

LENGTHS = (10, 100, 1_000, 100_000)
WORDS = 60
TARGETS = {
    "append keyed": 1.3,
    "newest 50": 1.3,
    "recent context of 2,000 tokens": 1.3,
    "delta of 10": 1.5,
    "middle page of 50": 2.0,
}

Calls = dict[str, Callable[[], object]]


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--lengths", type=int, nargs="+")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    lengths = options.lengths or ([10, 1_000] if options.short else LENGTHS)
    number = options.rounds or (20 if options.short else 150)
    result = report.Report("http_by_length")
    os.environ["WORKERS"] = "1"
    with store.own_store(options.dir, result) as client:
        os.environ["THROTTLE_USER"] = "6000000/min"
        user = service.users(1)[0]
        with service.served(client) as served:
            connection = http.client.HTTPConnection(load.HOST, served.client.port)
            calls = {length: _calls(connection, user, length) for length in lengths}
            for name, target in TARGETS.items():
                of_length = {length: calls[length][name] for length in lengths}
                samples = rounds.interleaved(of_length, rounds=number, warm_up=20)
                result.by_length(name, samples, target=target)
    result.table()


def _calls(connection: http.client.HTTPConnection, user: service.User, length: int) -> Calls:
    """Each thing that is measured."""
    report.progress(f"two sessions of {length:,} messages …")
    read, grown = (conversations.create(user.id, length, words=WORDS) for _ in range(2))
    contexts.prepare(read, user.id)
    middle, numbers = max(0, length // 2 - 25), count()
    get = partial(_call, connection, user.token, "GET")

    def append() -> None:
        body = {"content": conversations.text(1, WORDS), "client_id": f"sent-{next(numbers)}"}
        _call(connection, user.token, "POST", f"/session/{grown}/message", body)

    queries = {
        "newest 50": "",
        "recent context of 2,000 tokens": "/context?strategy=recent&max_tokens=2000",
        "delta of 10": f"/messages?after={max(0, length - 10)}&limit=10",
        "middle page of 50": f"/messages?after={middle}",
    }
    reads = {name: partial(get, f"/session/{read}{query}") for name, query in queries.items()}
    return {"append keyed": append, **reads}


def _call(
    connection: http.client.HTTPConnection, token: str, method: str, path: str, body: Any = None
) -> None:
    """One request; raises RuntimeError for an error."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection.request(method, path, body and json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {answer[:200]!r}")


if __name__ == "__main__":
    main()
