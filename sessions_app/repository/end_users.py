"""The users of an application, as far as they have sessions: found in the index of owners."""

from collections.abc import Sequence

from sessions_app.documents import Session, collection
from sessions_app.domain.applications import (
    Known,
    KnownPage,
    beyond_namespace,
    namespace,
)
from sessions_app.repository import failures
from sessions_app.repository.log import Stored


@failures.translated
def page(*, application_id: str, after: str, limit: int) -> KnownPage:
    """The next users behind the id `after`, in the order of their ids.

    One look into the index for each of them, however many sessions they have: reading all entries
    would take as long as the application has sessions.
    """
    first, beyond = namespace(application_id), beyond_namespace(application_id)
    owners: list[str] = []
    while len(owners) <= limit:
        last = owners[-1] if owners else first + after
        later = Session.objects.filter(user_id__gt=last, user_id__lt=beyond).order_by("user_id")
        stored = later.only("user_id").as_pymongo().first()
        if stored is None:
            break
        owners.append(stored["user_id"])
    shown, has_more = owners[:limit], len(owners) > limit
    counts = _counted(shown)
    known = [
        Known(owner.removeprefix(first), counts[owner]["count"], counts[owner]["latest"])
        for owner in shown
        # One whose last session has been deleted meanwhile is none any more.
        if owner in counts
    ]
    return KnownPage(known, shown[-1].removeprefix(first) if has_more else None)


def _counted(owners: Sequence[str]) -> dict[str, Stored]:
    if not owners:
        return {}
    stages: list[Stored] = [
        {"$match": {"user_id": {"$in": list(owners)}}},
        {
            "$group": {
                "_id": "$user_id",
                "count": {"$sum": 1},
                "latest": {"$max": "$updated_at"},
            }
        },
    ]
    return {group["_id"]: group for group in collection(Session).aggregate(stages)}
