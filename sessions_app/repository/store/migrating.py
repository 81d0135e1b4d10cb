"""Takes stored documents to the current version of their form, page by page.

How far a migration has come is what the documents say of themselves: it keeps no other state, so it
can be stopped anywhere, run again and run twice at once. Writers of the release before insert
documents of the version before; another run finds those.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pymongo import UpdateOne

from sessions_app import documents
from sessions_app.documents import StoredDocument, collection, versions
from sessions_app.repository import failures, sharding
from sessions_app.repository.log import Stored
from sessions_app.repository.store import steps

PAGE = 500
# How often the form has changed since the first.
CHANGES = versions.CURRENT - versions.FIRST
VERSION = versions.CURRENT
COLLECTIONS: Mapping[str, type[StoredDocument]] = {
    document.COLLECTION: document
    for document in documents.ALL
    if document not in documents.OF_GRIDFS
}


class Page(NamedTuple):
    """A page of a walk over a collection: its last id, how many there were, those of old form.

    Those whose version is no number are `unreadable`.
    """

    last: str
    looked_at: int
    outdated: Sequence[Stored]
    unreadable: int


@failures.translated
def count() -> int:
    """About how many documents there are in all collections, for showing progress."""
    # Without a filter `count` reads the collection's metadata.
    return sum(int(document.objects.count()) for document in COLLECTIONS.values())


@failures.translated
def page(name: str, *, after: str) -> Page | None:
    """The next documents in order of `_id`; None at the end."""
    # By the driver: a step may read a field that is no longer declared.
    walk = collection(COLLECTIONS[name]).find({"_id": {"$gt": after}}, _projection(name))
    stored = list(walk.sort("_id", 1).limit(PAGE))
    if not stored:
        return None
    numbers = [_version(each) for each in stored]
    return Page(
        last=stored[-1]["_id"],
        looked_at=len(stored),
        outdated=[each for each, number in zip(stored, numbers, strict=True) if _is_old(number)],
        unreadable=numbers.count(None),
    )


@failures.translated
def outdated(name: str, before: Sequence[Stored]) -> list[Stored]:
    """Those of the documents that are of an old form, as they are now."""
    keys = {"_id", *_shard_key(name)}
    condition = {key: {"$in": list({each.get(key) for each in before})} for key in keys}
    stored = collection(COLLECTIONS[name]).find(condition, _projection(name))
    return [each for each in stored if _is_old(_version(each))]


@failures.translated
def advance(name: str, stored: Sequence[Stored]) -> None:
    """Take each to the version after its own, unless it has changed since it was read.

    Which of them had changed shows when they are read again.
    """
    writes = [_write(name, each) for each in stored]
    if writes:
        # By the driver: querysets have no bulk writes.
        collection(COLLECTIONS[name]).bulk_write(writes, ordered=False)


def _projection(name: str) -> Mapping[str, Any]:
    read = {each for (_, of), step in steps.STEPS.items() if of == name for each in step.reads}
    return dict.fromkeys({versions.NAME, *_shard_key(name), *read}, 1)


def _shard_key(name: str) -> Mapping[str, str | int]:
    return sharding.keys().get(name, {})


def _version(stored: Mapping[str, Any]) -> int | None:
    """The document's version; None where it is no number."""
    number = stored.get(versions.NAME, versions.FIRST)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _is_old(number: int | None) -> bool:
    return number is not None and number < versions.CURRENT


def _write(name: str, stored: Stored) -> UpdateOne:
    following = stored.get(versions.NAME, versions.FIRST) + 1
    step = steps.STEPS.get((following, name))
    changed = dict(step.change(stored)) if step else {}
    changed["$set"] = {**changed.get("$set", {}), versions.NAME: following}
    read = {each: _value(stored, each) for each in step.reads} if step else {}
    guard = {
        "_id": stored["_id"],
        **{key: stored.get(key) for key in _shard_key(name)},
        # None matches what is not there.
        versions.NAME: stored.get(versions.NAME),
        **read,
    }
    return UpdateOne(guard, changed)


def _value(stored: Mapping[str, Any], path: str) -> Any:
    value: Any = stored
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
