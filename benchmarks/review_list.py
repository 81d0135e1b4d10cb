"""How long do staff wait for the list of conversations, whatever they filter by?

One database with 1,000,000 sessions (`--sessions`) of two messages each, of 20,000 users, a fifth
of them archived, one in 500 flagged, sizes and topics spread as such things are: most small, few
large. The first page is asked for from the view to the HTML, by a member of staff who is signed in,
so the line in the read log, names and permissions are in it:

- each choice of each filter alone, each order, a user, a day;
- combinations of choices drawn at random from all that the page offers, each drawn once.

Last, what the list's index costs an append: appends in turn to a database without it and one with.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

from benchmarks.harness import bulk, conversations, report, rounds, store
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.repository import indexes

TARGET_MS = 150
USERS = 20_000
WITHOUT, WITH = "benchmark_without", "benchmark_with"


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--sessions", type=int)
    parser.add_argument("--combinations", type=int)
    parser.add_argument("--rounds", type=int, help="of each single filter")
    parser.add_argument("--appends", type=int)
    options = parser.parse_args()
    number = options.sessions or (50_000 if options.short else 1_000_000)
    combinations = options.combinations or (40 if options.short else 400)
    times = options.rounds or (5 if options.short else 20)
    appends = options.appends or (300 if options.short else 2_000)
    result = report.Report("review_list")
    with store.own_store(options.dir, result) as client:
        if "append" not in options.skip:
            _measure_appends(client, result, appends)
        store.use_database(client, store.DATABASE)
        _fill(client, number)
        page = _Page()
        for name, query in page.single():
            samples = [rounds.milliseconds(partial(page.ask, query)) for _ in range(times + 2)][2:]
            _add(result, name, samples, sessions=number)
        drawn = list(islice(page.combined(), combinations))
        samples = [rounds.milliseconds(partial(page.ask, query)) for query in drawn]
        slowest = drawn[samples.index(max(samples))]
        _add(result, "combinations", samples, sessions=number, slowest=slowest)
    result.table()


def _add(result: report.Report, name: str, samples: list[float], **more: Any) -> None:
    figures = report.timing(samples)
    held = figures["p95_ms"] <= TARGET_MS
    result.add(
        name, **figures, max_ms=round(max(samples), 1), target_ms=TARGET_MS, holds=held, **more
    )


class _Page:
    """The list, asked for by a superuser through Django's own test client."""

    def __init__(self) -> None:
        from django.conf import settings
        from django.contrib.auth import get_user_model
        from django.core.management import call_command
        from django.test import Client, override_settings

        call_command("migrate", verbosity=0)
        # Without collecting files, which takes an installation; the addresses take as long.
        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}).enable()
        user = get_user_model().objects.create_superuser("staff", password=store.SECRET)
        self._client = Client(HTTP_HOST="127.0.0.1")
        self._client.force_login(user)

    def ask(self, query: str) -> None:
        """The first page; fails when it is none."""
        response = self._client.get(f"/admin/conversations/?{query}")
        assert response.status_code == 200, (query, response.content[:300])
        assert b"result_list" in response.content or b"empty" in response.content

    def single(self) -> Iterator[tuple[str, str]]:
        """Each choice by itself, by name."""
        from sessions_app.domain.review import Order
        from sessions_app.review.conversations.filters import FILTERS

        yield "no filter", ""
        for name, (_, values) in FILTERS.items():
            for value in values:
                yield f"{name}={value}", f"{name}={value}"
        for order in Order:
            yield f"order {order.value}", f"o={order.value}"
        today = conversations.now()
        yield "one day", f"year={today:%Y}&month={today:%m}&day={today:%d}"
        yield "a user", "q=user-17"
        yield "a user's large ones", "q=user-17&messages=1000"

    def combined(self) -> Iterator[str]:
        """Combinations of two choices and more, each with some order, none twice."""
        from sessions_app.domain.review import Order
        from sessions_app.review.conversations.filters import FILTERS

        chosen, seen = random.Random(3), set[str]()
        while True:
            names = chosen.sample(sorted(FILTERS), chosen.randint(2, len(FILTERS)))
            parts = [f"{name}={chosen.choice(sorted(FILTERS[name][1]))}" for name in sorted(names)]
            parts += [f"o={chosen.choice(list(Order)).value}"] if chosen.random() < 0.5 else []
            query = "&".join(parts)
            if query not in seen:
                seen.add(query)
                yield query


def _fill(client: store.Client, number: int) -> None:
    report.progress(f"{number:,} sessions …")
    indexes.ensure()
    bulk.insert(client[store.DATABASE], _documents(number))


def _documents(number: int) -> Iterator[dict[str, Any]]:
    """Sessions as the repository stores them; the figures that are filtered by are drawn."""
    now, chosen = to_milliseconds(conversations.now()), random.Random(1)
    original = bulk.template(now)
    for at in range(number):
        active_at = now - timedelta(seconds=(number - at) * 40)
        fields: dict[str, Any] = {
            "message_count": min(100_000, int(chosen.paretovariate(0.9) * 2)),
            "token_count": min(9_000_000, int(chosen.paretovariate(0.8) * 60)),
            "expires_at": None,
        }
        if topics := chosen.choice((0, 1, 1, 2, 3, 5, 12)):
            fields["topic"] = {
                "judged": 2, "current": topics, "start_seq": 1, "recent": [[1, topics]],
            }  # fmt: skip
        if chosen.random() < 0.2:
            fields |= {"status": "archived", "archived_at": active_at}
        elif chosen.random() < 0.95:
            days = chosen.choice((30, 30, 30, 90, 900))
            fields["expires_at"] = active_at + timedelta(days=days)
        if chosen.random() < 0.002:
            fields |= {"flagged": True, "flagged_at": active_at}
        if chosen.random() < 0.001:
            fields["legal_hold"] = True
        yield bulk.copy(original, f"user-{at % USERS}", active_at, **fields)


def _measure_appends(client: store.Client, result: report.Report, number: int) -> None:
    from sessions_app.documents import review_indexes

    appends = {}
    for name in (WITHOUT, WITH):
        store.use_database(client, name)
        indexes.ensure()
        if name == WITHOUT:
            client[name].sessions.drop_index(review_indexes.EVERY)
        appends[name] = conversations.appends()
    samples = rounds.interleaved(
        appends, rounds=number, warm_up=20, before=partial(store.use_database, client)
    )
    rounds.compare(result, "append, {} the index", samples, {WITHOUT: "without", WITH: "with"})


if __name__ == "__main__":
    main()
