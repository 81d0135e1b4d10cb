"""What do the figures by day cost, and how long does the admin's first page take?

- `page`: GET /admin/ by a signed-in superuser, in this process, with 1,000,000 sessions stored and
  90 days of figures;
- `refresh`: what one worker does every ten seconds: the first time, and from then on;
- `append`: the same appends in turn with and without counting them.
"""

import statistics
from collections import Counter
from datetime import timedelta
from functools import partial

from benchmarks.harness import conversations, report, rounds, store
from benchmarks.harness.searched import insert_sessions
from sessions_app.documents import StandingFigures
from sessions_app.domain.figures.daily import Figure, Tally, day_of
from sessions_app.repository import figures as figures_store
from sessions_app.services import figures, messages
from sessions_app.services.figures import tallies

PAGE_TARGET_MS = 150


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--total", type=int, help="sessions")
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    total = given.total or (20_000 if given.short else 1_000_000)
    number = given.rounds or (20 if given.short else 200)
    result = report.Report("dashboard")
    with store.own_store(given.dir, result) as client:
        report.progress(f"{total:,} sessions …")
        insert_sessions(client[store.DATABASE].sessions, total)
        _fill_days()
        _measure_refresh(result, total)
        _measure_page(result, total, number)
        _measure_appends(result, number * 5)
    result.table()


def _fill_days() -> None:
    for back in range(90):
        day = day_of(conversations.now() - timedelta(days=back))
        counts = Counter(dict.fromkeys(Figure, 1000 + back))
        figures_store.daily.add(day, Tally(counts, dict.fromkeys(range(1500), 3)))
        figures_store.daily.count_users(day, over=back > 1)


def _measure_refresh(result: report.Report, total: int) -> None:
    now = conversations.now()
    first = rounds.milliseconds(partial(figures.refresh, now=now))
    again = []
    for _ in range(5):
        StandingFigures.objects.update_one(set__due_at=now)
        again.append(rounds.milliseconds(partial(figures.refresh, now=now)))
    result.add("refresh, the first", sessions=total, ms=round(first, 1))
    result.add("refresh", sessions=total, **report.timing(again))


def _measure_page(result: report.Report, total: int, number: int) -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from accounts.models import User

    # Files by their plain names: collecting them is no part of the question.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    call_command("migrate", verbosity=0)
    lead = User.objects.create_superuser("lead", password="some long words here")
    browser = Client(headers={"host": "localhost"})
    browser.force_login(lead)
    for days in (30, 90):
        ask = partial(browser.get, f"/admin/?days={days}")
        assert b"panel-messages" in ask().content
        times = [rounds.milliseconds(ask) for _ in range(number)]
        p95 = report.timing(times)["p95_ms"]
        result.add(
            f"page, {days} days",
            sessions=total,
            **report.timing(times),
            ratio=p95,
            target=PAGE_TARGET_MS,
        )


def _measure_appends(result: report.Report, number: int) -> None:
    ids = [conversations.create("appender", 60, words=40) for _ in range(8)]
    samples: dict[bool, list[float]] = {False: [], True: []}
    for turn, order in enumerate(rounds.orders(samples, number)):
        for counted in order:
            tallies.counts = counted
            append = partial(
                messages.message_append,
                session_id=ids[turn % len(ids)],
                user_id="appender",
                draft=conversations.drafts(turn, turn, words=40, keyed=False)[0],
                now=conversations.now(),
            )
            took = rounds.milliseconds(append)
            if turn > 20:
                samples[counted].append(took)
    base = statistics.median(samples[False])
    for counted, times in samples.items():
        ratio = round(statistics.median(times) / base, 3)
        label = "counted" if counted else "not counted"
        result.add(f"append, {label}", **report.timing(times), ratio=ratio, target=1.05)


if __name__ == "__main__":
    main()
