"""Named conditions and orders, so that the repository's queries read as sentences.

They say which documents and in which order. The repository runs them, and decides what of each
document is read. A condition that has no name here is used once; it stands where it is used.

Do not narrow a queryset that has been iterated: MongoEngine copies its cursor, with the fields that
were read, and what is said afterwards of fields or order is without effect.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from mongoengine import QuerySet

from sessions_app.documents import versions
from sessions_app.domain.data import Status
from sessions_app.domain.review import Act
from sessions_app.domain.sessions.identifiers import bucket_id

Position = tuple[datetime, str]


class StoredQuerySet(QuerySet):
    """What can be asked of every collection."""

    if TYPE_CHECKING:
        # MongoEngine is untyped. With these a chain keeps its type, and mypy knows its names.
        def __call__(self, **conditions: Any) -> Self: ...
        def filter(self, **conditions: Any) -> Self: ...
        def only(self, *fields: str) -> Self: ...
        def exclude(self, *fields: str) -> Self: ...
        def fields(self, **fields: Any) -> Self: ...
        def order_by(self, *fields: str) -> Self: ...
        def hint(self, index: str | list[tuple[str, int]]) -> Self: ...
        def skip(self, count: int) -> Self: ...
        def limit(self, count: int) -> Self: ...
        def as_pymongo(self) -> Self: ...
        def read_concern(self, read_concern: dict[str, str]) -> Self: ...
        def count(self) -> int: ...
        def delete(self) -> int: ...
        def update(self, **changes: Any) -> int: ...

    def update_one(self, **changes: Any) -> int:
        """Change one, or none; what an `upsert` inserts says its version."""
        if changes.get("upsert"):
            changes.setdefault(f"set_on_insert__{versions.NAME}", versions.CURRENT)
        matched: int = super().update_one(**changes)
        return matched

    def exists(self, **conditions: Any) -> bool:
        """Whether there is one that meets `conditions`, read from an index alone."""
        return self.filter(**conditions).only("pk").as_pymongo().first() is not None

    def walk(self, *, after: str) -> Self:
        """In order of ids, behind the id `after`; "" begins at the first."""
        return self.filter(pk__gt=after).order_by("pk")

    def walk_by(self, field: str, *, after: Position | None, descending: bool = False) -> Self:
        """In order of a date `field` and then of ids, behind the position `after`.

        An index on (`field`, `_id`) serves it from `after` on, however far that is.
        """
        sign, beyond = ("-", "$lt") if descending else ("", "$gt")
        ordered = self.order_by(f"{sign}{field}", f"{sign}pk")
        if after is None:
            return ordered
        moment, last_id = after
        # `__raw__` because Q objects would nest every other condition in an `$and`. The bound
        # stands beside the `$or`, as MongoDB derives none from the branches of one.
        return ordered.filter(
            __raw__={
                "$and": [{field: {f"{beyond}e": moment}}],
                "$or": [
                    {field: {beyond: moment}},
                    {field: moment, "_id": {beyond: last_id}},
                ],
            }
        )


class SessionQuerySet(StoredQuerySet):
    """Sessions by their owner, their life and what staff have set on them."""

    def owned_by(self, user_id: str) -> Self:
        """A user's."""
        return self.filter(user_id=user_id)

    def active(self) -> Self:
        """Not archived. Whether one has expired is another question: see `unexpired`."""
        return self.filter(status=Status.ACTIVE.value)

    def archived(self) -> Self:
        """Archived, whether by its owner or by a sweep."""
        return self.filter(status=Status.ARCHIVED.value)

    def of_any_status(self) -> Self:
        """All, said so that an index on the status is walked in the order of what follows it."""
        return self.filter(status__in=[status.value for status in Status])

    def of_unknown_status(self) -> Self:
        """Of a status that this version does not know."""
        return self.filter(status__nin=[status.value for status in Status])

    def unexpired(self, now: datetime) -> Self:
        """Within their timeout at `now`, or without one."""
        # Not `__gt`: a session that never expires has no `expires_at` to compare.
        return self.filter(expires_at__not__lte=now)

    def listed(self) -> Self:
        """Without temporary ones, which no list, search or title shows."""
        return self.filter(temporary__ne=True)

    def held(self) -> Self:
        """Under legal hold."""
        return self.filter(legal_hold=True)

    def not_held(self) -> Self:
        """Not under legal hold."""
        return self.filter(legal_hold__ne=True)

    def flagged(self) -> Self:
        """Flagged by staff."""
        return self.filter(flagged=True)

    def newest_first(self) -> Self:
        """The latest activity first."""
        return self.order_by("-updated_at", "-pk")

    def headers(self) -> Self:
        """As plain dictionaries, without messages and what is as long as they are.

        Not as documents: hydrating 20 of them takes longer than MongoDB takes to find them.
        """
        return self.exclude("messages", "summary").as_pymongo()


class BelongingQuerySet(StoredQuerySet):
    """What belongs to sessions: `_id` is "<session_id>/…", and `session_id` the shard key."""

    def of_session(self, session_id: str) -> Self:
        """All of one session."""
        # "0" follows "/" in ASCII.
        return self.filter(pk__gte=f"{session_id}/", pk__lt=f"{session_id}0", session_id=session_id)

    def starting_at(self, session_id: str, seq: int) -> Self:
        """The one that begins with the message `seq`."""
        return self.filter(pk=bucket_id(session_id, seq), session_id=session_id)

    def all_starting_at(self, session_ids: Sequence[str], seq: int) -> Self:
        """Of each session, the one that begins with the message `seq`."""
        ids = [bucket_id(session_id, seq) for session_id in session_ids]
        return self.filter(pk__in=ids, session_id__in=list(session_ids))


class ReviewLogQuerySet(StoredQuerySet):
    """Lines of the read log, whose ids are in the order of time."""

    def grants(self, *, staff_id: str, act: Act, since: datetime) -> Self:
        """Those by which a reader said why, `since` then."""
        # Walks a conversation's lines, of which a day has few, not a busy reader's.
        return self.filter(staff_id=staff_id, act=act.value, at__gte=since).hint("session_order")
