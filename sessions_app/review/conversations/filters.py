"""The filters at the side of the list: what each choice means, and the links that choose it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sessions_app.domain.data import Status
from sessions_app.domain.review import ConversationFilter, Order, Span
from sessions_app.review.dashboard import periods

SOON = timedelta(days=7)
_TEXT = ("q", "by")
_DATE = ("year", "month", "day")


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a filter."""

    label: str
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: its title, and its choices with "All" first."""

    name: str
    title: str
    choices: Sequence[Choice]
    active: bool


Change = Callable[[ConversationFilter, datetime], ConversationFilter]


def _sets(**changes: Any) -> Change:
    return lambda wanted, _now: replace(wanted, **changes)


def _sizes(name: str, bounds: Sequence[tuple[str, str, int | None, int | None]]) -> Any:
    return {key: (label, _sets(**{name: Span(low, high)})) for key, label, low, high in bounds}


# Name → title, and value → label and meaning.
FILTERS: Mapping[str, tuple[str, Mapping[str, tuple[str, Change]]]] = {
    "flagged": (
        "Flagged",
        {"yes": ("Flagged", _sets(flagged=True)), "no": ("Not flagged", _sets(flagged=False))},
    ),
    "status": (
        "Status",
        {status.value: (status.value.capitalize(), _sets(status=status)) for status in Status},
    ),
    "expiry": (
        "Expiry",
        {
            "expired": ("Expired", lambda w, now: replace(w, expires_before=now)),
            "soon": (
                "Within 7 days",
                lambda w, now: replace(w, expires_from=now, expires_before=now + SOON),
            ),
            "later": ("Later", lambda w, now: replace(w, expires_from=now + SOON)),
            "never": ("Never", _sets(never_expires=True)),
        },
    ),
    "hold": (
        "Legal hold",
        {
            "yes": ("On hold", _sets(legal_hold=True)),
            "no": ("Not on hold", _sets(legal_hold=False)),
        },
    ),
    "topics": (
        "Topics",
        _sizes("topics", [("one", "At most one", None, 2), ("several", "With shifts", 2, None),
                          ("many", "Ten or more", 10, None)]),
    ),
    "messages": (
        "Messages",
        _sizes("messages", [("0", "None", None, 1), ("1", "1 to 9", 1, 10),
                            ("10", "10 to 99", 10, 100), ("100", "100 to 999", 100, 1_000),
                            ("1000", "1,000 and more", 1_000, None)]),
    ),
    "tokens": (
        "Tokens",
        _sizes("tokens", [("0", "Under 1,000", None, 1_000),
                          ("1000", "1,000 to 9,999", 1_000, 10_000),
                          ("10000", "10,000 to 99,999", 10_000, 100_000),
                          ("100000", "100,000 and more", 100_000, None)]),
    ),
}  # fmt: skip
# Those that an index begins with: their conversations are few, and all are found at once.
_FEW = {"flagged": "yes", "hold": "yes"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a list asks for; unknown names and values are passed over."""

    given: Mapping[str, str]

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """From a request's query."""
        given = {name: query[name].strip() for name in (*_TEXT, "o", "place") if query.get(name)}
        for name, (_, values) in FILTERS.items():
            if query.get(name) in values:
                given[name] = query[name]
        for name in _DATE:
            value = query.get(name, "")
            if not value.isdecimal() or len(value) > 4:
                break
            given[name] = value
        return cls(given)

    @property
    def text(self) -> str:
        """What is searched for."""
        return self.given.get("q", "")[:200]

    @property
    def in_text(self) -> bool:
        """Whether it is searched for in what was said."""
        return self.given.get("by") == "text"

    @property
    def order(self) -> Order:
        """The order asked for; what expires is sorted by that unless an index makes it few."""
        with_default = self.given.get("o", "")
        if with_default in set(Order):
            order = Order(with_default)
            if not (order.by_expiry and self.given.get("expiry") == "never"):
                return order
        few = any(self.given.get(name) == value for name, value in _FEW.items()) or self.text
        if self.given.get("expiry") in {"expired", "soon", "later"} and not few:
            return Order.SOONEST_EXPIRY
        return Order.NEWEST_ACTIVITY

    def wanted(self, now: datetime) -> ConversationFilter:
        """The filter but for what is searched for."""
        wanted = ConversationFilter()
        for name, (_, values) in FILTERS.items():
            if name in self.given:
                wanted = values[self.given[name]][1](wanted, now)
        start, end = self.period()
        return replace(wanted, active_from=start, active_before=end)

    def period(self) -> tuple[datetime | None, datetime | None]:
        """The year, month or day that is drilled down to; a date that is none is no bound."""
        return periods.period([self.given[name] for name in _DATE if name in self.given])

    def link(self, **changes: str | None) -> str:
        """The address with some of it changed (None leaves one out), from the first page on."""
        given = {**self.given, "place": None, **changes}
        return "?" + urlencode({name: value for name, value in given.items() if value})

    def filters(self) -> list[Filter]:
        """The side of the page."""
        return [
            Filter(
                name,
                title,
                [
                    Choice("All", self.link(**{name: None}), name not in self.given),
                    *(
                        Choice(label, self.link(**{name: value}), self.given.get(name) == value)
                        for value, (label, _) in values.items()
                    ),
                ],
                name in self.given,
            )
            for name, (title, values) in FILTERS.items()
        ]

    def hidden(self) -> list[tuple[str, str]]:
        """What a search must not lose."""
        return [(n, v) for n, v in self.given.items() if n not in {*_TEXT, "place"}]

    @property
    def cleared(self) -> str:
        """The address without any filter."""
        return "?" + urlencode({name: self.given[name] for name in ("o",) if name in self.given})

    @property
    def any_filter(self) -> bool:
        """Whether anything is filtered or searched for."""
        return bool(self.given.keys() - {"o", "place", "by"})
