"""The filters at the side of the list: what each choice means, and the links that choose it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sessions_app.domain.data import Rating, Status
from sessions_app.domain.review import ConversationFilter, Order, Span
from sessions_app.review.dashboard import periods

NOW = timedelta(0)
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


# Adds one choice to what the list is filtered by, at a moment.
Narrowing = Callable[[ConversationFilter, datetime], ConversationFilter]


def _expires(*, start: timedelta | None = None, end: timedelta | None = None) -> Narrowing:
    """Those that expire within these bounds, counted from now."""
    return lambda conversations, now: replace(
        conversations,
        expires_from=None if start is None else now + start,
        expires_before=None if end is None else now + end,
    )


def _sets(**changes: Any) -> Narrowing:
    return lambda conversations, _now: replace(conversations, **changes)


def _sizes(name: str, bounds: Sequence[tuple[str, str, int | None, int | None]]) -> Any:
    return {key: (label, _sets(**{name: Span(low, high)})) for key, label, low, high in bounds}


# Name → title, and value → label and what it narrows the list to.
FILTERS: Mapping[str, tuple[str, Mapping[str, tuple[str, Narrowing]]]] = {
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
            "expired": ("Expired", _expires(end=NOW)),
            "soon": ("Within 7 days", _expires(start=NOW, end=SOON)),
            "later": ("Later", _expires(start=SOON)),
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
    "feedback": (
        "Feedback",
        {
            "down": ("Thumbs down", _sets(rating=Rating.DOWN)),
            "up": ("Thumbs up", _sets(rating=Rating.UP)),
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
# An index begins with these filters: few conversations match, and all of them are read at once.
_SELECTIVE = {"flagged": "yes", "hold": "yes"}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The query of a list's address; unknown names and values are ignored."""

    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "ListQuery":
        names = (*_TEXT, "o", "cursor")
        parameters = {name: query[name].strip() for name in names if query.get(name)}
        for name, (_, values) in FILTERS.items():
            if query.get(name) in values:
                parameters[name] = query[name]
        for name in _DATE:
            value = query.get(name, "")
            if not value.isdecimal() or len(value) > 4:
                break
            parameters[name] = value
        return cls(parameters)

    @property
    def text(self) -> str:
        return self.parameters.get("q", "")[:200]

    @property
    def in_text(self) -> bool:
        """Whether titles and messages are searched, rather than users and ids."""
        return self.parameters.get("by") == "text"

    @property
    def order(self) -> Order:
        """By default, a filter by expiry sorts by expiry, unless few conversations match."""
        name = self.parameters.get("o", "")
        if name in set(Order):
            order = Order(name)
            if not (order.by_expiry and self.parameters.get("expiry") == "never"):
                return order
        selective = (
            any(self.parameters.get(name) == value for name, value in _SELECTIVE.items())
            or self.text
        )
        if self.parameters.get("expiry") in {"expired", "soon", "later"} and not selective:
            return Order.SOONEST_EXPIRY
        return Order.NEWEST_ACTIVITY

    def conversations(self, now: datetime) -> ConversationFilter:
        """What the list is filtered by, without the search."""
        conversations = ConversationFilter()
        for name, (_, values) in FILTERS.items():
            if name in self.parameters:
                _, narrow = values[self.parameters[name]]
                conversations = narrow(conversations, now)
        start, end = self.period()
        return replace(conversations, active_from=start, active_before=end)

    def period(self) -> tuple[datetime | None, datetime | None]:
        """The bounds of the chosen year, month or day; an impossible date bounds nothing."""
        return periods.period([self.parameters[name] for name in _DATE if name in self.parameters])

    def link(self, **changes: str | None) -> str:
        """The address of the first page with these changes; None removes a parameter."""
        parameters = {**self.parameters, "cursor": None, **changes}
        return "?" + urlencode({name: value for name, value in parameters.items() if value})

    def filters(self) -> list[Filter]:
        return [
            Filter(
                name,
                title,
                [
                    Choice("All", self.link(**{name: None}), name not in self.parameters),
                    *(
                        Choice(
                            label, self.link(**{name: value}), self.parameters.get(name) == value
                        )
                        for value, (label, _) in values.items()
                    ),
                ],
                name in self.parameters,
            )
            for name, (title, values) in FILTERS.items()
        ]

    def chips(self) -> list[Choice]:
        """What the list is filtered by, each with the link that takes it away."""
        chips = [
            Choice(f"{title}: {values[self.parameters[name]][0]}", self.link(**{name: None}), True)
            for name, (title, values) in FILTERS.items()
            if name in self.parameters
        ]
        if self.text:
            where = "Words" if self.in_text else "User or id"
            chips.insert(0, Choice(f"{where}: {self.text}", self.link(q=None, by=None), True))
        if days := [self.parameters[name] for name in _DATE if name in self.parameters]:
            label = f"Active: {'-'.join(days)}"
            chips.append(Choice(label, self.link(**dict.fromkeys(_DATE)), True))
        return chips

    def hidden(self) -> list[tuple[str, str]]:
        """Parameters that the search form sends along, so that searching keeps the filters."""
        excluded = {*_TEXT, "cursor"}
        return [(name, value) for name, value in self.parameters.items() if name not in excluded]

    @property
    def cleared(self) -> str:
        """The address without any filter, in the same order."""
        return "?" + urlencode({"o": self.parameters["o"]} if "o" in self.parameters else {})

    @property
    def any_filter(self) -> bool:
        """Whether there is a filter or a search."""
        return bool(self.parameters.keys() - {"o", "cursor", "by"})
