"""The first page of the admin: how the service is used, drawn. Aggregated figures only.

So nothing here is about a person, nothing of a conversation is read, and no line is due in the
read log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.figures.daily import Figure
from sessions_app.review.dashboard.charts import Chart, Series, chart, in_bytes, short
from sessions_app.review.permissions import May
from sessions_app.services.figures import Dashboard, dashboard_get

SPANS = (7, 30, 90)
_SPAN = 30


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that is looked at first, and where it leads."""

    label: str
    value: str
    note: str = ""
    address: str = ""
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart with its title, what it comes to, and what to know about it."""

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
    """What the template draws; nothing for those who may not see conversations."""
    if not request.user.has_perm(May.VIEW):
        return {}
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(span) for span in SPANS} else _SPAN
    try:
        found = dashboard_get(days=days, now=timezone.now())
    except StorageUnavailable as error:
        return {"dashboard_problem": error.detail}
    return {
        "dashboard": {
            "is_empty": found.is_empty,
            "at": found.standing.at,
            "spans": [(span, span == days) for span in SPANS],
            "days": days,
            "tiles": _tiles(found),
            "panels": [make(found) for make in _PANELS],
        }
    }


def conversations(**query: str) -> str:
    """The address of the list of conversations, with a filter."""
    address = reverse("admin:review_conversation_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def _tiles(found: Dashboard) -> list[Tile]:
    today, standing = found.days[-1], found.standing
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
            "unless they are used",
            conversations(expiry="soon"),
        ),
        Tile(
            "Storage",
            in_bytes(standing.data_bytes + standing.index_bytes),
            f"{in_bytes(standing.index_bytes)} of it indexes",
        ),
    ]


def _places(found: Dashboard) -> list[str]:
    return [f"{day.day:%a} {day.day.day} {day.day:%b}" for day in found.days]


def _counted(found: Dashboard, figure: Figure) -> list[float | None]:
    return [day.counts.get(figure, 0) if day.counts else None for day in found.days]


def _sum(values: Sequence[float | None]) -> float:
    return sum(value or 0 for value in values)


def _sessions(found: Dashboard) -> Panel:
    values = [day.sessions for day in found.days]
    return Panel(
        "sessions",
        "New conversations",
        short(_sum(values)),
        "Created on each day and still there.",
        chart(_places(found), [Series("Conversations", "fill-a", values)]),
        conversations(),
        "All conversations",
        wide=True,
    )


def _messages(found: Dashboard) -> Panel:
    series = [
        Series("From people", "fill-a", _counted(found, Figure.USER_MESSAGES)),
        Series("From models", "fill-b", _counted(found, Figure.ASSISTANT_MESSAGES)),
        Series("System and tools", "fill-c", _counted(found, Figure.OTHER_MESSAGES)),
    ]
    return Panel(
        "messages",
        "Messages",
        short(sum(_sum(one.values) for one in series)),
        "Stored on each day.",
        chart(_places(found), series),
        wide=True,
    )


def _people(found: Dashboard) -> Panel:
    values = [day.users for day in found.days]
    best = max((value or 0 for value in values), default=0)
    return Panel(
        "people",
        "Active people",
        f"{short(best)} at most",
        "Different people with a message stored, accurate to about 2 %; no list of them is kept.",
        chart(_places(found), [Series("People", "fill-d", values)]),
    )


def _tokens(found: Dashboard) -> Panel:
    values = _counted(found, Figure.TOKENS)
    return Panel(
        "tokens",
        "Tokens stored",
        short(_sum(values)),
        "In the messages of each day.",
        chart(_places(found), [Series("Tokens", "fill-b", values)], say=short),
    )


def _windows(found: Dashboard) -> Panel:
    kept, dropped = (_counted(found, name) for name in (Figure.WINDOW_KEPT, Figure.WINDOW_DROPPED))
    used, budget = (
        _sum(_counted(found, name)) for name in (Figure.WINDOW_TOKENS, Figure.WINDOW_BUDGET)
    )
    every = _sum(kept) + _sum(dropped)
    share = f"{_sum(dropped) / every:.0%} trimmed" if every else "no model calls"
    full = f" Windows were {used / budget:.0%} full on average." if budget else ""
    series = [
        Series("Kept", "fill-d", _shares(kept, dropped)),
        Series("Trimmed", "fill-e", _shares(dropped, kept)),
    ]
    return Panel(
        "windows",
        "Context windows",
        share,
        f"Of a conversation's messages, how many each model call was sent.{full}",
        chart(_places(found), series, say=lambda value: f"{value:.0f} %", top=100),
    )


def _shares(values: Sequence[float | None], others: Sequence[float | None]) -> list[float | None]:
    return [
        None if value is None or not value + (other or 0) else 100 * value / (value + (other or 0))
        for value, other in zip(values, others, strict=True)
    ]


def _turns(found: Dashboard) -> Panel:
    turns, failed = (_counted(found, name) for name in (Figure.TURNS, Figure.FAILED_TURNS))
    well = [
        None if all_ is None else all_ - (bad or 0) for all_, bad in zip(turns, failed, strict=True)
    ]
    lost = _sum(failed)
    return Panel(
        "turns",
        "Model calls",
        short(_sum(turns)),
        f"{short(lost)} of them failed." if lost else "None of them failed.",
        chart(
            _places(found), [Series("Answered", "fill-b", well), Series("Failed", "fill-f", failed)]
        ),
    )


def _shifts(found: Dashboard) -> Panel:
    values = _counted(found, Figure.TOPIC_SHIFTS)
    return Panel(
        "shifts",
        "Topic shifts",
        short(_sum(values)),
        "Where a conversation turned to something else, as far as it has been judged.",
        chart(_places(found), [Series("Shifts", "fill-c", values)]),
        conversations(topics="several"),
        "Conversations with shifts",
    )


def _expiring(found: Dashboard) -> Panel:
    start = found.days[-1].day
    days = [start + timedelta(days=n) for n in range(len(found.standing.expiring))]
    places = ["Today", *(f"{day:%a} {day.day}" for day in days[1:])]
    return Panel(
        "expiring",
        "Expiring soon",
        short(sum(found.standing.expiring)),
        "On each of the next days, unless something happens in them.",
        chart(places, [Series("Conversations", "fill-e", found.standing.expiring)]),
        conversations(expiry="soon"),
        "Those that expire",
    )


def _storage(found: Dashboard) -> Panel:
    values = [day.storage_bytes for day in found.days]
    return Panel(
        "storage",
        "Storage",
        in_bytes(found.standing.data_bytes + found.standing.index_bytes),
        "Data and indexes on the database's disk, at the end of each day.",
        chart(_places(found), [Series("Size", "fill-a", values)], say=in_bytes),
    )


def _flagged(found: Dashboard) -> Panel:
    waiting = [float(count) for count in found.standing.flagged]
    return Panel(
        "flagged",
        "Flagged queue",
        short(sum(waiting)),
        "By how long they have waited.",
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
