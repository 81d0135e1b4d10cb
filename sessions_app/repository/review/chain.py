"""The read log's hash chain: inserts lines at its end, and reads it from its beginning."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo.errors import BulkWriteError

from sessions_app.documents import collection
from sessions_app.documents.review import ReviewLog, ReviewLogHead
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.review import chain as chain_rules
from sessions_app.domain.review.chain import ChainedLine, Link
from sessions_app.repository import failures

_HEAD = "review_log"
_DUPLICATE = 11_000
# Each attempt is lost to a writer who has got through.
_ATTEMPTS = 100


@failures.translated
def insert(documents: Sequence[ReviewLog], *, key: bytes) -> None:
    """Insert lines at the end of the chain; of two writers, the later one ties its lines anew."""
    for _ in range(_ATTEMPTS):
        _tie(documents, key)
        try:
            # In order: where the first one's `seq` is taken, none is inserted. By the driver, whose
            # error says that it was a duplicate.
            collection(ReviewLog).insert_many([document.to_mongo() for document in documents])
        except BulkWriteError as error:
            if {each["code"] for each in error.details["writeErrors"]} != {_DUPLICATE}:
                raise
            continue
        last = documents[-1]
        newest = _position(last.seq, last.digest)
        ReviewLogHead.objects(pk=_HEAD).update_one(upsert=True, max__newest=newest)
        return
    raise StorageUnavailable


def _tie(documents: Sequence[ReviewLog], key: bytes) -> None:
    stored_last = ReviewLog.objects(seq__gte=0).order_by("-seq").as_pymongo().first()
    seq, previous = (
        (stored_last["seq"], stored_last["digest"]) if stored_last else (0, chain_rules.START)
    )
    for document in documents:
        seq += 1
        document.seq = seq
        link = chain_rules.link(_chained(document.to_mongo()), previous=previous, key=key)
        document.digest = previous = link.digest
        document.person_seal, document.person_salt = link.person_seal, link.person_salt
        document.staff_seal, document.staff_salt = link.staff_seal, link.staff_salt
        document.validate()


@failures.translated
def length() -> int:
    """How many lines the chain has."""
    return int(ReviewLog.objects(seq__gte=0).count())


def links() -> Iterator[tuple[ChainedLine, Link]]:
    """All lines of the chain with their links, from the first on."""
    for stored_line in ReviewLog.objects(seq__gte=0).order_by("seq").as_pymongo():
        get = stored_line.get
        yield (
            _chained(stored_line),
            Link(
                get("digest", ""),
                get("person_seal", ""),
                get("person_salt", ""),
                get("staff_seal", ""),
                get("staff_salt", ""),
            ),
        )


@failures.translated
def unchained() -> tuple[int, str]:
    """How many lines are not in the chain, and the newest one's id."""
    outside = ReviewLog.objects(seq__exists=False).order_by("-pk")
    newest = outside.only("pk").first()
    return outside.count(), newest.pk if newest else ""


@failures.translated
def newest_position() -> str:
    """The furthest that the chain has reached, even where lines have gone since."""
    head = ReviewLogHead.objects(pk=_HEAD).first()
    return head.newest if head else ""


def _position(seq: int, digest: str) -> str:
    """Grows with `seq` as text, so that MongoDB's `$max` keeps the newest."""
    return f"{seq:015d}/{digest}"


def seq_of(position: str) -> int:
    """The `seq` of a position."""
    return int(position.partition("/")[0] or 0)


def _chained(stored_line: Mapping[str, Any]) -> ChainedLine:
    get = stored_line.get
    return ChainedLine(
        seq=stored_line["seq"],
        id=stored_line["_id"],
        at=stored_line["at"],
        act=stored_line["act"],
        staff_id=stored_line["staff_id"],
        staff_name=stored_line["staff_name"],
        session_id=get("session_id") or "",
        user_id=get("user_id") or "",
        reason=get("reason") or "",
        detail=get("detail") or "",
        about=get("about") or {},
        is_erased=get("erased", False),
    )
