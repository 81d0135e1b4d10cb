"""Thousands of stored sessions, quickly: documents as the services store them, inserted at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import uuid_utils

from sessions_app.domain.sessions.identifiers import bucket_id
from tests.repository.conftest import new_session

DAY = timedelta(days=1)


def now() -> datetime:
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Store:
    """Sessions in every state that a sweep meets."""

    def __init__(self, database: Any) -> None:
        self.database = database
        session_id = new_session(ttl_seconds=3_600).session_id
        self._template = database.sessions.find_one({"_id": session_id})
        database.sessions.delete_one({"_id": session_id})

    def add(self, number: int, *, user: str = "somebody", **fields: Any) -> list[str]:
        """So many active sessions, each with a bucket and annotations; `None` leaves a field out.

        Without an `expires_at` they have just been used.
        """
        moment = now()
        held = {"updated_at": moment, "expires_at": moment + timedelta(hours=1)} | fields
        documents = [
            {
                key: value
                for key, value in (
                    self._template
                    | {"_id": str(uuid_utils.uuid7()), "user_id": f"{user}-{n % 10}"}
                    | held
                ).items()
                if value is not None
            }
            for n in range(number)
        ]
        ids = [document["_id"] for document in documents]
        if ids:
            self.database.sessions.insert_many(documents)
            for name in ("message_buckets", "message_annotations"):
                self.database[name].insert_many(list(self._belongings(ids)))
        return ids

    def expired(self, number: int, ago: timedelta = DAY, **fields: Any) -> list[str]:
        """Sessions whose timeout was `ago`, a millisecond apart."""
        moment = now() - ago
        return self.add(
            number,
            updated_at=moment - timedelta(hours=1),
            created_at=moment - timedelta(hours=2),
            expires_at=moment,
            **fields,
        )

    def archived(self, number: int, ago: timedelta, **fields: Any) -> list[str]:
        """Sessions archived that long ago."""
        moment = now() - ago
        return self.add(
            number,
            status="archived",
            expires_at=None,
            archived_at=moment,
            updated_at=moment,
            created_at=moment,
            **fields,
        )

    def left(self) -> set[str]:
        """The sessions that are there."""
        return {stored["_id"] for stored in self.database.sessions.find({}, {"_id": 1})}

    def status(self, status: str) -> set[str]:
        """Those of them with this status."""
        found = self.database.sessions.find({"status": status}, {"_id": 1})
        return {stored["_id"] for stored in found}

    def assert_nothing_orphaned(self) -> None:
        """Every bucket and annotation has its session, and every session all of its own."""
        there = self.left()
        for name in ("message_buckets", "message_annotations"):
            owners = {stored["session_id"] for stored in self.database[name].find()}
            assert owners == there, name

    @staticmethod
    def _belongings(ids: list[str]) -> Iterator[dict[str, Any]]:
        for session_id in ids:
            yield {"_id": bucket_id(session_id, 1), "session_id": session_id, "first_seq": 1}
