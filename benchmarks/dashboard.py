"""What do the figures by day cost, and how long does the admin's first page take?

- `page`: GET /admin/ by a signed-in superuser, in this process, with 1,000,000 sessions stored and
  90 days of figures;
- `refresh`: what one worker does every ten seconds: the first time, and from then on;
- `append`: the same appends in turn with and without counting them.
"""

from collections import Counter
from datetime import timedelta
from functools import partial

from benchmarks.harness import bulk, conversations, report, rounds, store
from sessions_app.documents import StandingFigures
from sessions_app.domain.figures.daily import DayTally, Figure, day_of
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.repository import figures as figures_store
from sessions_app.services import figures
from sessions_app.services.tallies import tallies

PAGE_TARGET_MS = 150


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--total", type=int, help="sessions")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    total = options.total or (20_000 if options.short else 1_000_000)
    number = options.rounds or (20 if options.short else 200)
    result = report.Report("dashboard")
    with store.own_store(options.dir, result) as client:
        report.progress(f"{total:,} sessions …")
        _fill(client, total)
        _fill_days()
        _measure_refresh(result, total)
        _measure_page(result, total, number)
        _measure_appends(result, number * 5)
    result.table()


def _fill(client: store.Client, total: int) -> None:
    """Sessions of many users, over the last 60 days; half of them are due within a month."""
    now = to_milliseconds(conversations.now())
    original, every = bulk.template(now), timedelta(days=60) / total
    moments = (now - every * (total - number) for number in range(total))
    documents = (
        bulk.copy(original, f"user-{number // 50}", to_milliseconds(moment),
                  expires_at=to_milliseconds(moment + timedelta(days=30)))
        for number, moment in enumerate(moments)
    )  # fmt: skip
    bulk.insert(client[store.DATABASE], documents)


def _fill_days() -> None:
    for back in range(90):
        day = day_of(conversations.now() - timedelta(days=back))
        counts = Counter(dict.fromkeys(Figure, 1000 + back))
        figures_store.daily.add(day, DayTally(counts, dict.fromkeys(range(1500), 3)))
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
    def counting(counted: bool) -> None:
        tallies.counts = counted

    append = conversations.appends()
    samples = rounds.interleaved(
        {False: append, True: append}, rounds=number, warm_up=20, before=counting
    )
    rounds.compare(result, "append, {}", samples, {False: "not counted", True: "counted"})


if __name__ == "__main__":
    main()
