"""Which way of keeping a chat session holds what it promises, and at what price?

Each way of `benchmarks/session_strategies` is a small Django site under granian, two workers each,
all of them up at once on loopback, the stores on the same disk. Turns have a question of 24 words
and an answer of 96 that the client brings along, so that no model's time is in any figure.

    python -m benchmarks.session_strategies [--short] [--skip bytes lengths …]
"""

from benchmarks.harness import report, store
from benchmarks.session_strategies import lengths, promises, servers, storage, variants, wire

# Tokens of the run about revocation; the service's own default is five minutes.
LIFETIME_SECONDS = 4.0


def main() -> None:
    """Parse, serve all, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument(
        "--strategies", nargs="+", choices=variants.ALL, default=variants.ALL, metavar="NAME"
    )
    parser.add_argument("--lengths", type=int, nargs="+", help="messages in the conversation")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--turns", type=int, help="of each strategy, length and round")
    parser.add_argument("--conversations", type=int, help="to store")
    parser.add_argument("--grow-to", type=int, help="turns whose bytes are counted")
    given = parser.parse_args()
    result = report.Report("session_strategies")
    with store.own_store(given.dir, result) as client:
        with servers.serve_all(client, given.strategies) as sites:
            if "storage" not in given.skip:
                number = given.conversations or (50 if given.short else 1_000)
                storage.measure(result, sites, client, number, turns=20)
            if "bytes" not in given.skip:
                last = given.grow_to or (30 if given.short else 1_000)
                wire.measure(result, sites, [n for n in _TURNS if n < last] + [last])
            if "lengths" not in given.skip:
                lengths.measure(
                    result,
                    sites,
                    given.lengths or ([2, 20, 200] if given.short else [2, 20, 200, 2_000]),
                    given.rounds or (2 if given.short else 6),
                    given.turns or (16 if given.short else 64),
                )
            if "promises" not in given.skip:
                promises.two_devices(result, sites)
                promises.replayed(result, sites)
                promises.lost_worker(result, sites)
        if "promises" not in given.skip:
            with servers.serve_all(
                client, given.strategies, TOKEN_SECONDS=str(LIFETIME_SECONDS)
            ) as sites:
                promises.revoked(result, sites, LIFETIME_SECONDS)
    result.table()


_TURNS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


if __name__ == "__main__":
    main()
