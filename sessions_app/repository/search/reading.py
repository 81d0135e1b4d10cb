"""What a search reads: the blocks that may hold it, the messages themselves, their sessions."""

from collections.abc import Iterator, Sequence
from typing import Any

from sessions_app.documents import MessageBucket, SearchDocument, Session
from sessions_app.domain.search.data import SearchedSession, SearchedText, TextRange
from sessions_app.domain.search.query import SearchQuery
from sessions_app.domain.search.text import TERM_MAX_CHARS
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored
from sessions_app.repository.search.index import FIELDS, TITLE, searched

# Of many terms the longest say most; the text itself is compared with all of them.
_TERMS_ASKED = 6
_PLACE = {"session_id": 1, "first_seq": 1, "last_seq": 1}
_LAST_CHARACTER = "\U0010ffff"
_OF_A_MESSAGE = {f"messages.{name}": 1 for name in ("role", "content", "timestamp", "deleted")}


@failures.translated
def candidates(
    query: SearchQuery, *, user_id: str, titles: bool, skip: int, limit: int
) -> list[TextRange]:
    """A user's blocks with all the terms of a query, the newest first.

    For `titles`, sessions whose title has them, as the empty range 0 to 0.
    """
    found = SearchDocument._get_collection().find(
        {"user_id": user_id, **_asked(query, titles)}, _PLACE
    )
    return [_range(stored) for stored in _in_order(query, found).skip(skip).limit(limit)]


@failures.translated
def candidates_of_all(
    query: SearchQuery, *, titles: bool, skip: int, limit: int
) -> list[TextRange]:
    """The same of everybody's."""
    found = SearchDocument._get_collection().find(_asked(query, titles), _PLACE)
    return [_range(stored) for stored in _in_order(query, found).skip(skip).limit(limit)]


def _asked(query: SearchQuery, titles: bool) -> Stored:
    mark = TITLE if titles else ""
    wanted: list[Stored] = [{"terms": mark + term} for term in _telling(query)]
    return {"$and": wanted + [_beginning(mark + start) for start in _beginnings(query)]}


def _in_order(query: SearchQuery, found: Any) -> Any:
    """The newest first, where one whole term gives an index in that order.

    A beginning alone takes the words in their order, each with its newest first: to sort by time
    all blocks with a word like it would have to be read.
    """
    return found.sort("first_at", -1) if query.terms else found


def _range(stored: Stored) -> TextRange:
    return TextRange(stored["session_id"], stored["first_seq"], stored.get("last_seq", 0))


def _telling(query: SearchQuery) -> list[str]:
    return sorted(query.terms, key=lambda term: (-len(term), term))[:_TERMS_ASKED]


def _beginnings(query: SearchQuery) -> list[str]:
    starts = {*query.beginnings, *filter(None, [query.beginning[:TERM_MAX_CHARS]])}
    return sorted(starts, key=lambda term: (-len(term), term))[:_TERMS_ASKED]


def _beginning(start: str) -> Stored:
    """One term in the range: without `$elemMatch`, two different ones could meet the two bounds."""
    return {"terms": {"$elemMatch": {"$gte": start, "$lt": start + _LAST_CHARACTER}}}


@failures.translated
def sessions(session_ids: Sequence[str], *, user_id: str | None) -> dict[str, SearchedSession]:
    """The sessions of these that are there, and the user's, by id."""
    query: Stored = {"_id": {"$in": list(session_ids)}}
    if user_id is not None:
        query["user_id"] = user_id
    return {
        stored["_id"]: searched(stored) for stored in Session._get_collection().find(query, FIELDS)
    }


@failures.translated
def texts(ranges: Sequence[TextRange]) -> list[SearchedText]:
    """The messages of ranges that are not erased and say something, in order of their `seq`.

    The tails are read before the buckets, as `pages` does. Whose sessions these are is for the
    caller to know.
    """
    ids = list({wanted.session_id for wanted in ranges})
    tails = {
        held["_id"]: held
        for held in Session._get_collection().find(
            {"_id": {"$in": ids}}, {"tail_start": 1, **_OF_A_MESSAGE}
        )
    }
    found: list[SearchedText] = []
    older: list[TextRange] = []
    for wanted in ranges:
        held = tails.get(wanted.session_id)
        if held is None:
            continue
        start = held["tail_start"]
        if wanted.first < start:
            older.append(wanted._replace(last=min(wanted.last, start - 1)))
        if wanted.last >= start:
            found += _texts(wanted, start, held["messages"])
    return sorted([*_from_buckets(older), *found])


def _from_buckets(ranges: Sequence[TextRange]) -> Iterator[SearchedText]:
    if not ranges:
        return
    places: list[Stored] = [
        {"_id": log.buckets_of_range(*wanted)["_id"], "session_id": wanted.session_id}
        for wanted in ranges
    ]
    of: dict[str, list[TextRange]] = {}
    for wanted in ranges:
        of.setdefault(wanted.session_id, []).append(wanted)
    for bucket in _buckets(places):
        for wanted in of[bucket["session_id"]]:
            yield from _texts(wanted, bucket["first_seq"], bucket["messages"])


@failures.translated
def _buckets(places: Sequence[Stored]) -> list[Stored]:
    fields = {"session_id": 1, "first_seq": 1, **_OF_A_MESSAGE}
    ids = list({place["session_id"] for place in places})
    return list(
        MessageBucket._get_collection().find(
            {"session_id": {"$in": ids}, "$or": [{"_id": place["_id"]} for place in places]},
            fields,
        )
    )


def _texts(wanted: TextRange, first_seq: int, messages: Sequence[Any]) -> Iterator[SearchedText]:
    low = max(wanted.first, first_seq)
    high = min(wanted.last, first_seq + len(messages) - 1)
    for seq in range(low, high + 1):
        stored = messages[seq - first_seq]
        content = stored.get("content")
        if content and not stored.get("deleted"):
            yield SearchedText(wanted.session_id, seq, stored["role"], content, stored["timestamp"])
