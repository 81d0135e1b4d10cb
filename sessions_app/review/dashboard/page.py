"""The dashboard. It shows aggregated figures only.

Nothing on it is about a person and no conversation is read, so nothing goes into the read log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from sessions_app import clock
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.figures.daily import Figure
from sessions_app.review.dashboard import jobs
from sessions_app.review.dashboard.charts import Chart, Series, chart, in_bytes, short
from sessions_app.review.permissions import May
from sessions_app.services.figures import Dashboard, dashboard_get

SPANS = (7, 30, 90)
_SPAN = 30


@dataclass(frozen=True, slots=True)
class Tile:
    """One number, and the page that it links to."""

    label: str
    value: str
    note: str = ""
    address: str = ""
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart with its title, its total and a note."""

    key: str
    title: str
    headline: str
    note: str
    chart: Chart
    address: str = ""
    link: str = ""
    first_column: str = "Day"
    wide: bool = False


def context(request: HttpRequest) -> Mapping[str, Any]:
    """The template's context; empty without the permission to see conversations."""
    if not request.user.has_perm(May.VIEW):
        return {}
    requested_days = request.GET.get("days", "")
    days = int(requested_days) if requested_days in {str(span) for span in SPANS} else _SPAN
    try:
        figures = dashboard_get(days=days, now=clock.now())
        job_tables = jobs.tables(now=clock.now())
    except StorageUnavailable as error:
        return {"dashboard_problem": error.detail}
    return {
        "jobs": job_tables,
        "dashboard": {
            "is_empty": figures.is_empty,
            "at": figures.standing.at,
            "spans": [(span, span == days) for span in SPANS],
            "days": days,
            "tiles": _tiles(figures),
            "panels": [make(figures) for make in _PANELS],
        },
    }


def conversations(**query: str) -> str:
    """The address of the list of conversations with these filters."""
    address = reverse("admin:review_conversation_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def _tiles(figures: Dashboard) -> list[Tile]:
    today, standing = figures.days[-1], figures.standing
    young, middling, old = standing.flagged
    flagged = young + middling + old
    waits = f"{old} for more than a week" if old else f"{middling} for more than a day"
    return [
        Tile("Conversations", short(standing.sessions), address=conversations()),
        Tile("People today", short(today.users or 0), "with a message stored"),
        Tile("Messages today", short(today.messages or 0)),
        Tile(
            "Flagged",
            short(flagged),
            waits if middling or old else "none waiting long" if flagged else "none flagged",
            conversations(flagged="yes"),
            alarming=bool(middling or old),
        ),
        Tile(
            "Expire within 7 days",
            short(sum(standing.expiring)),
            "unless used again",
            conversations(expiry="soon"),
        ),
        Tile(
            "Storage",
            in_bytes(standing.data_bytes + standing.index_bytes),
            f"{in_bytes(standing.index_bytes)} of it indexes",
        ),
    ]


def _day_labels(figures: Dashboard) -> list[str]:
    return [f"{day.day:%a} {day.day.day} {day.day:%b}" for day in figures.days]


def _counted(figures: Dashboard, figure: Figure) -> list[float | None]:
    return [day.counts.get(figure, 0) if day.counts else None for day in figures.days]


def _sum(values: Sequence[float | None]) -> float:
    return sum(value or 0 for value in values)


def _sessions(figures: Dashboard) -> Panel:
    values = [day.sessions for day in figures.days]
    return Panel(
        "sessions",
        "New conversations",
        short(_sum(values)),
        "Created that day and not deleted since.",
        chart(_day_labels(figures), [Series("Conversations", "fill-a", values)]),
        conversations(),
        "All conversations",
        wide=True,
    )


def _messages(figures: Dashboard) -> Panel:
    series = [
        Series("From people", "fill-a", _counted(figures, Figure.USER_MESSAGES)),
        Series("From models", "fill-b", _counted(figures, Figure.ASSISTANT_MESSAGES)),
        Series("System and tools", "fill-c", _counted(figures, Figure.OTHER_MESSAGES)),
    ]
    return Panel(
        "messages",
        "Messages",
        short(sum(_sum(part.values) for part in series)),
        "Stored that day.",
        chart(_day_labels(figures), series),
        wide=True,
    )


def _people(figures: Dashboard) -> Panel:
    values = [day.users for day in figures.days]
    most = max((value or 0 for value in values), default=0)
    return Panel(
        "people",
        "Active people",
        f"{short(most)} at most",
        "People with a message stored, accurate to about 2 %; no list of them is kept.",
        chart(_day_labels(figures), [Series("People", "fill-d", values)]),
    )


def _tokens(figures: Dashboard) -> Panel:
    values = _counted(figures, Figure.TOKENS)
    return Panel(
        "tokens",
        "Tokens stored",
        short(_sum(values)),
        "Tokens in the messages of that day.",
        chart(_day_labels(figures), [Series("Tokens", "fill-b", values)], write=short),
    )


def _windows(figures: Dashboard) -> Panel:
    kept, dropped = (
        _counted(figures, name) for name in (Figure.WINDOW_KEPT, Figure.WINDOW_DROPPED)
    )
    used, budget = (
        _sum(_counted(figures, name)) for name in (Figure.WINDOW_TOKENS, Figure.WINDOW_BUDGET)
    )
    considered = _sum(kept) + _sum(dropped)
    share = f"{_sum(dropped) / considered:.0%} trimmed" if considered else "no model calls"
    full = f" Windows were {used / budget:.0%} full on average." if budget else ""
    series = [
        Series("Kept", "fill-d", _shares(kept, dropped)),
        Series("Trimmed", "fill-e", _shares(dropped, kept)),
    ]
    return Panel(
        "windows",
        "Context windows",
        share,
        f"The share of its conversation that each model call was sent.{full}",
        chart(_day_labels(figures), series, write=lambda value: f"{value:.0f} %", top=100),
    )


def _shares(values: Sequence[float | None], others: Sequence[float | None]) -> list[float | None]:
    return [
        None if value is None or not value + (other or 0) else 100 * value / (value + (other or 0))
        for value, other in zip(values, others, strict=True)
    ]


def _turns(figures: Dashboard) -> Panel:
    turns, failed = (_counted(figures, name) for name in (Figure.TURNS, Figure.FAILED_TURNS))
    answered = [
        None if count is None else count - (failures or 0)
        for count, failures in zip(turns, failed, strict=True)
    ]
    failures = _sum(failed)
    return Panel(
        "turns",
        "Model calls",
        short(_sum(turns)),
        f"{short(failures)} failed." if failures else "None failed.",
        chart(
            _day_labels(figures),
            [Series("Answered", "fill-b", answered), Series("Failed", "fill-f", failed)],
        ),
    )


def _shifts(figures: Dashboard) -> Panel:
    values = _counted(figures, Figure.TOPIC_SHIFTS)
    return Panel(
        "shifts",
        "Topic shifts",
        short(_sum(values)),
        "Messages that opened a new topic, among those judged so far.",
        chart(_day_labels(figures), [Series("Shifts", "fill-c", values)]),
        conversations(topics="several"),
        "Conversations with shifts",
    )


def _expiring(figures: Dashboard) -> Panel:
    start = figures.days[-1].day
    days = [start + timedelta(days=n) for n in range(len(figures.standing.expiring))]
    labels = ["Today", *(f"{day:%a} {day.day}" for day in days[1:])]
    return Panel(
        "expiring",
        "Expiring soon",
        short(sum(figures.standing.expiring)),
        "By day, unless the conversations are used again.",
        chart(labels, [Series("Conversations", "fill-e", figures.standing.expiring)]),
        conversations(expiry="soon"),
        "Expiring conversations",
    )


def _storage(figures: Dashboard) -> Panel:
    values = [day.storage_bytes for day in figures.days]
    return Panel(
        "storage",
        "Storage",
        in_bytes(figures.standing.data_bytes + figures.standing.index_bytes),
        "Data and indexes on disk, at the end of each day.",
        chart(_day_labels(figures), [Series("Size", "fill-a", values)], write=in_bytes),
    )


def _flagged(figures: Dashboard) -> Panel:
    waiting = [float(count) for count in figures.standing.flagged]
    return Panel(
        "flagged",
        "Flagged queue",
        short(sum(waiting)),
        "By time since the flag.",
        chart(
            ["Less than a day", "Up to a week", "Longer"],
            [Series("Conversations", "fill-f", waiting)],
        ),
        conversations(flagged="yes"),
        "Open the queue",
        "Waiting",
    )


_PANELS = (
    _sessions, _people, _messages, _tokens, _windows, _turns, _shifts, _expiring, _flagged,
    _storage,
)  # fmt: skip
