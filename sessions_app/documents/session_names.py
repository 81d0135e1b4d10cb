"""The names under which sessions are found that their clients have named themselves."""

from typing import Any, ClassVar

from mongoengine import StringField

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.domain import limits


class SessionName(StoredDocument):
    """Which session of one owner has a name. `_id` is "<name>/<user_id>", so it is unique.

    In a collection of its own: a cluster keeps nothing unique but what its shard key begins with,
    and sessions are spread by their ids. A name whose session is gone is free.
    """

    name_id = IdentifierField(
        primary_key=True, max_length=limits.SESSION_NAME_MAX_CHARS + 1 + limits.USER_ID_MAX_CHARS
    )
    session_id = StringField(required=True, max_length=36)

    COLLECTION: ClassVar[str] = "session_names"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            # the names of a session that is deleted
            {"name": "session", "fields": ["session_id"]}
        ],
    }
