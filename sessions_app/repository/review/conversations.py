"""Everybody's sessions, as staff find them, and the flag that staff set on one.

A page takes two looks: one over an index that holds all that the list is filtered by, bounded in
how many of its entries it may see, and one at the documents of the page, by `_id`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sessions_app.documents import Session, review_indexes
from sessions_app.documents.querysets import SessionQuerySet
from sessions_app.domain import data
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.limits import (
    REVIEW_COUNTED,
    REVIEW_LOOKED_THROUGH,
    REVIEW_PAGE,
    REVIEW_READ_THROUGH,
)
from sessions_app.domain.review import (
    ConversationCursor,
    ConversationFilter,
    ConversationPage,
    Order,
    Reviewed,
)
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored

_OF_A_USER = "user_status_activity"
# Both of them, so that the index of a user's list can be walked in the order of activity.
_ANY_STATUS = {"$in": [status.value for status in data.Status]}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Path(NamedTuple):
    """How a list is answered: the index, the value that it is sorted by, what of the filter comes
    before that in the index, and how many entries may be looked at."""

    name: str
    value: str
    prefix: Stored
    bound: int


@failures.translated
def find_page(
    *, wanted: ConversationFilter, order: Order, cursor: ConversationCursor | None
) -> ConversationPage:
    """A page of conversations from `cursor` on, in `order`."""
    if wanted.session_ids:
        return _by_ids(wanted, order)
    path, span, rest = _path(wanted, order)
    walk = _Walk(path, order, {**path.prefix, **span}, cursor)
    edge = _edge(walk) if rest else None
    matches = list(_keys(walk, walk.between(edge, rest)).limit(REVIEW_COUNTED + 1))
    page, more = matches[:REVIEW_PAGE], len(matches) > REVIEW_PAGE
    last = page[-1] if more else edge
    return ConversationPage(
        rows=_rows([stored["_id"] for stored in page]),
        matches=len(matches),
        next_cursor=ConversationCursor(last[path.value], last["_id"]) if last else None,
        looked_to=edge[path.value] if edge is not None and not more else None,
    )


@failures.translated
def read_one(session_id: str) -> Reviewed:
    """A session's header with what staff have set on it; raises SessionNotFound."""
    rows = _rows([session_id])
    if not rows:
        raise SessionNotFound
    return rows[0]


@failures.translated
def read_many(session_ids: Sequence[str]) -> list[Reviewed]:
    """The headers of those that there are, in the order of their ids as given."""
    return _rows(session_ids)


@failures.translated
def set_flag(*, session_id: str, at: datetime | None) -> bool:
    """Flag a session at a time, or take its flag away (None); False when that changes nothing.

    Neither its version nor its activity changes: its owner is not to notice. Raises
    SessionNotFound.
    """
    session = Session.objects(pk=session_id)
    if at is None:
        changed = session.flagged().update_one(unset__flagged=1, unset__flagged_at=1)
    else:
        changed = session.filter(flagged__ne=True).update_one(set__flagged=True, set__flagged_at=at)
    if not changed and not session.exists():
        raise SessionNotFound
    return bool(changed)


@failures.translated
def activity_bounds() -> tuple[datetime, datetime] | None:
    """The oldest and the newest last activity; None without sessions."""
    by_activity = Session.objects.hint(review_indexes.EVERY).only("updated_at").as_pymongo()
    oldest = by_activity.order_by("updated_at", "pk").first()
    newest = by_activity.order_by("-updated_at", "-pk").first()
    return (oldest["updated_at"], newest["updated_at"]) if oldest and newest else None


def _path(wanted: ConversationFilter, order: Order) -> tuple[_Path, Stored, Stored]:
    """The index to walk, the bounds within it, and what is judged on the way."""
    rest = _filters(wanted)
    prefix: Stored = {}
    value = "expires_at" if order.by_expiry else "updated_at"
    index, bound = review_indexes.EVERY, REVIEW_LOOKED_THROUGH
    if order.by_expiry:
        index, bound = review_indexes.EXPIRING, REVIEW_READ_THROUGH
    elif wanted.user_ids:
        index, bound = _OF_A_USER, REVIEW_READ_THROUGH
        prefix = {"user_id": rest.pop("user_id"), "status": rest.pop("status", _ANY_STATUS)}
    elif wanted.rating:
        index, value, bound = review_indexes.RATED, "rated_at", REVIEW_READ_THROUGH
    elif wanted.flagged:
        index, prefix = review_indexes.FLAGGED, {"flagged": rest.pop("flagged")}
    elif wanted.legal_hold:
        index, prefix = review_indexes.HELD, {"legal_hold": rest.pop("legal_hold")}
    span = {value: rest.pop(value)} if value in rest else {}
    if (order.by_expiry or value == "rated_at") and not span:
        span = {value: {"$gte": _EPOCH}}  # the index holds only those that have one
    return _Path(index, value, prefix, bound), span, rest


def _filters(wanted: ConversationFilter) -> Stored:
    filters: Stored = {
        "status": wanted.status.value if wanted.status else None,
        "flagged": _yes_or_no(wanted.flagged),
        "legal_hold": _yes_or_no(wanted.legal_hold),
        "user_id": {"$in": list(wanted.user_ids)} if wanted.user_ids else None,
        "message_count": _between(wanted.messages.low, wanted.messages.high),
        "token_count": _between(wanted.tokens.low, wanted.tokens.high),
        "topic.current": _between(wanted.topics.low, wanted.topics.high),
        "expires_at": _between(wanted.expires_from, wanted.expires_before),
        "updated_at": _between(wanted.active_from, wanted.active_before),
    }
    if wanted.topics.low is None and wanted.topics.high is not None:
        # A session that has not been judged yet has no topic at all.
        filters["topic.current"] = {"$not": {"$gte": wanted.topics.high}}
    if wanted.never_expires:
        # Judged on the index, where "is missing" would have to be looked up in the document.
        filters["expires_at"] = {"$not": {"$gte": _EPOCH}}
    if wanted.rating:
        filters[f"rated_{wanted.rating.value}"] = {"$gt": 0}
    return {name: value for name, value in filters.items() if value is not None}


def _yes_or_no(value: bool | None) -> Any:
    return {"$ne": True} if value is False else value


def _between(low: Any, high: Any) -> Stored | None:
    bounds = {"$gte": low, "$lt": high}
    return {name: bound for name, bound in bounds.items() if bound is not None} or None


class _Walk(NamedTuple):
    """A way along an index: which one, in which direction, what all of it holds to, and the place
    that it begins behind."""

    path: _Path
    order: Order
    query: Stored
    cursor: ConversationCursor | None

    def between(self, edge: Stored | None, rest: Stored) -> Stored:
        """What lies behind the cursor, up to and with `edge`, and passes `rest`."""
        value = self.path.value
        behind, before = ("$lt", "$gt") if self.order.descending else ("$gt", "$lt")
        query = [self.query, rest]
        first = (self.cursor.moment, {behind: self.cursor.session_id}) if self.cursor else None
        last = (edge[value], {f"{before}e": edge["_id"]}) if edge else None
        if first and last and first[0] == last[0]:
            return _all_of([*query, {value: first[0], "_id": first[1] | last[1]}])
        # Each part is a range of the index by itself: a condition on a tie beside the range would
        # be looked up in the documents.
        middle = [{value: {sign: end[0]}} for sign, end in ((behind, first), (before, last)) if end]
        ties = [{value: end[0], "_id": end[1]} for end in (first, last) if end]
        parts = [_all_of([*query, *middle]), *(_all_of([*query, tie]) for tie in ties)]
        return {"$or": parts} if ties else parts[0]


def _all_of(conditions: Sequence[Stored]) -> Stored:
    conditions = [condition for condition in conditions if condition]
    return {"$and": conditions} if conditions else {}


def _keys(walk: _Walk, query: Stored) -> SessionQuerySet:
    """The ids and the sorted values of what `query` finds on the way."""
    sign = "-" if walk.order.descending else ""
    value = walk.path.value
    # `__raw__` because the filter is built as ranges of an index, which Q objects would regroup.
    keys = Session.objects(__raw__=query).only("pk", value).as_pymongo()
    return keys.order_by(f"{sign}{value}", f"{sign}pk").hint(walk.path.name)


def _edge(walk: _Walk) -> Stored | None:
    """The last entry that may be looked at; None when there are not that many."""
    # Not `first`, which would put its own limit in place of this one.
    entries = _keys(walk, walk.between(None, {})).skip(walk.path.bound - 1).limit(1)
    return next(iter(entries), None)


def _by_ids(wanted: ConversationFilter, order: Order) -> ConversationPage:
    """Those of the named sessions that pass the other filters; they are few."""
    named = Session.objects(pk__in=list(wanted.session_ids), __raw__=_filters(wanted))
    matches = log.with_liveness(named.headers())
    value = "expires_at" if order.by_expiry else "updated_at"
    matches.sort(
        key=lambda stored: (_moment(stored.get(value)), stored["_id"]), reverse=order.descending
    )
    return ConversationPage([_reviewed(stored) for stored in matches], len(matches), None, None)


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else _EPOCH


def _rows(session_ids: Sequence[str]) -> list[Reviewed]:
    """The sessions as they are now, in this order; without those deleted meanwhile."""
    if not session_ids:
        return []
    sessions = Session.objects(pk__in=list(session_ids)).headers()
    rows = {stored["_id"]: _reviewed(stored) for stored in log.with_liveness(sessions)}
    return [rows[session_id] for session_id in session_ids if session_id in rows]


def _reviewed(stored: Mapping[str, Any]) -> Reviewed:
    flagged_at = stored.get("flagged_at") if stored.get("flagged") else None
    return Reviewed(
        log.decode_listed(stored),
        flagged_at if isinstance(flagged_at, datetime) else None,
        rated_up=_number(stored.get("rated_up")),
        rated_down=_number(stored.get("rated_down")),
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
