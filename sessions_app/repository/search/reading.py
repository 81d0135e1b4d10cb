"""What a search reads: the blocks that may hold it, the messages themselves, their sessions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sessions_app.documents import (
    Message,
    MessageBucket,
    SearchDocument,
    Session,
    StoredDocument,
    checking,
)
from sessions_app.documents.querysets import BelongingQuerySet
from sessions_app.domain.parts import are_parts
from sessions_app.domain.search.data import SearchedSession, SearchedText, TextRange
from sessions_app.domain.search.query import SearchQuery
from sessions_app.domain.search.text import TERM_MAX_CHARS
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored
from sessions_app.repository.search.index import TITLE, as_searched, searched

_OF_RANGES = ("session_id", "first_seq", "last_seq")
_OF_TEXTS = ("role", "content", "timestamp", "deleted", "parts")
_TERMS_ASKED = 6
_LAST_CHARACTER = "\U0010ffff"
_MESSAGE_FIELDS = [f"messages.{name}" for name in _OF_TEXTS]


@failures.translated
def candidates(
    query: SearchQuery, *, user_id: str, titles: bool, skip: int, limit: int
) -> list[TextRange]:
    """A user's blocks with all the terms of a query, the newest first.

    For `titles`, sessions whose title has them, as the empty range 0 to 0.
    """
    blocks = _matching(SearchDocument.objects(user_id=user_id), query, titles)
    return _ranges(list(blocks.skip(skip).limit(limit)))


@failures.translated
def candidates_of_all(
    query: SearchQuery, *, titles: bool, skip: int, limit: int
) -> list[TextRange]:
    """The same of everybody's."""
    blocks = _matching(SearchDocument.objects, query, titles)
    return _ranges(list(blocks.skip(skip).limit(limit)))


def _matching(blocks: BelongingQuerySet, query: SearchQuery, titles: bool) -> BelongingQuerySet:
    mark = TITLE if titles else ""
    terms: list[Stored] = [{"terms": mark + term} for term in _longest(query.terms)]
    beginnings = {*query.beginnings, *filter(None, [query.beginning[:TERM_MAX_CHARS]])}
    terms += [_beginning(mark + beginning) for beginning in _longest(beginnings)]
    # `__raw__` because keyword arguments cannot ask one list for several values.
    matching = blocks.filter(__raw__={"$and": terms})
    if query.terms:
        # The newest first, where one whole term gives an index in that order. A beginning alone
        # takes the words in their order, each with its newest first: to sort by time all blocks
        # with a word like it would have to be read.
        matching = matching.order_by("-first_at")
    return matching.only("session_id", "first_seq", "last_seq").as_pymongo()


def _ranges(blocks: Iterable[Stored]) -> list[TextRange]:
    return [
        TextRange(stored["session_id"], stored["first_seq"], stored.get("last_seq", 0))
        for stored in blocks
        if not checking.readable(SearchDocument).first_problem(stored, only=_OF_RANGES)
    ]


def _longest(terms: Iterable[str]) -> list[str]:
    """Of many terms the longest say most; the text itself is compared with all of them."""
    return sorted(terms, key=lambda term: (-len(term), term))[:_TERMS_ASKED]


def _beginning(start: str) -> Stored:
    """One term in the range: without `$elemMatch`, two different ones could meet the two bounds."""
    return {"terms": {"$elemMatch": {"$gte": start, "$lt": start + _LAST_CHARACTER}}}


@failures.translated
def sessions(session_ids: Sequence[str], *, user_id: str | None) -> dict[str, SearchedSession]:
    """The sessions of these that are there, and the user's, by id."""
    there = Session.objects(pk__in=list(session_ids)).listed()
    if user_id is not None:
        there = there.owned_by(user_id)
    return {stored["_id"]: searched(stored) for stored in as_searched(there)}


@failures.translated
def texts(ranges: Sequence[TextRange]) -> list[SearchedText]:
    """The messages of ranges that are not erased and say something, in order of their `seq`.

    The tails are read before the buckets, as `pages` does. Whose sessions these are is for the
    caller to know.
    """
    ids = list({wanted.session_id for wanted in ranges})
    # As dictionaries, like all messages that are read: there are hundreds.
    sessions = Session.objects(pk__in=ids).only("tail_start", *_MESSAGE_FIELDS).as_pymongo()
    tails = {stored_session["_id"]: stored_session for stored_session in sessions}
    in_tails: list[SearchedText] = []
    older: list[TextRange] = []
    for wanted in ranges:
        stored_session = tails.get(wanted.session_id)
        if stored_session is None or _is_damaged(stored_session, Session, "tail_start"):
            continue
        start = stored_session["tail_start"]
        if wanted.first < start:
            older.append(wanted._replace(last=min(wanted.last, start - 1)))
        if wanted.last >= start:
            in_tails += _texts(wanted, start, stored_session["messages"])
    return sorted([*_from_buckets(older), *in_tails])


def _is_damaged(stored: Stored, document: type[StoredDocument], start: str) -> bool:
    """Whether messages cannot be told apart in a document; `check_integrity` says more."""
    problem = checking.readable(document).first_problem(stored, only=(start,))
    return bool(problem) or not isinstance(stored.get("messages"), list)


def _from_buckets(ranges: Sequence[TextRange]) -> Iterator[SearchedText]:
    if not ranges:
        return
    ranges_of: dict[str, list[TextRange]] = {}
    for wanted in ranges:
        ranges_of.setdefault(wanted.session_id, []).append(wanted)
    for bucket in _buckets(ranges):
        if _is_damaged(bucket, MessageBucket, "first_seq"):
            continue
        for wanted in ranges_of[bucket["session_id"]]:
            yield from _texts(wanted, bucket["first_seq"], bucket["messages"])


@failures.translated
def _buckets(ranges: Sequence[TextRange]) -> list[Stored]:
    spans = [{"_id": log.buckets_of_range(*wanted)["_id"]} for wanted in ranges]
    buckets = MessageBucket.objects(
        session_id__in=list({wanted.session_id for wanted in ranges}), __raw__={"$or": spans}
    )
    return list(buckets.only("session_id", "first_seq", *_MESSAGE_FIELDS).as_pymongo())


def _texts(wanted: TextRange, first_seq: int, messages: Sequence[Any]) -> Iterator[SearchedText]:
    low = max(wanted.first, first_seq)
    high = min(wanted.last, first_seq + len(messages) - 1)
    for seq in range(low, high + 1):
        stored = messages[seq - first_seq]
        if checking.readable(Message).first_problem(stored, only=_OF_TEXTS):
            continue
        content = stored.get("content")
        if content and not stored.get("deleted"):
            yield SearchedText(
                wanted.session_id,
                seq,
                stored["role"],
                content,
                stored["timestamp"],
                _parts(stored.get("parts")),
            )


def _parts(stored: str | None) -> Sequence[Mapping[str, Any]]:
    """A message's parts; none where they cannot be read, which `check_integrity` says."""
    try:
        parts = json.loads(stored) if stored else []
    except ValueError:
        return ()
    return parts if are_parts(parts) else ()
