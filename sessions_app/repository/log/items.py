"""Finding the messages that items of the OpenAI wire belong to."""

from collections.abc import Sequence

from sessions_app.documents import MessageBucket, collection
from sessions_app.domain import data
from sessions_app.domain.items import message_ids
from sessions_app.repository import failures
from sessions_app.repository.log import codec, pages
from sessions_app.repository.log.codec import Stored


@failures.translated
def find_items(
    *, session_id: str, user_id: str, item_ids: Sequence[str]
) -> tuple[data.Session, list[int]]:
    """The session, and the seqs of the messages that the items may belong to, of each mostly one.

    By ids that a client brought or by the messages that made ids name, erased ones included.
    Raises SessionNotFound.
    """
    stored_session = pages.read_stored(
        session_id, user_id, {"messages.id": 1, "messages.item_ids": 1}
    )
    session, brought = codec.decode_session(stored_session), set(item_ids)
    ids = {message_id for item_id in item_ids for message_id in message_ids(item_id)}
    in_tail = [
        seq
        for seq, message in enumerate(stored_session["messages"], session.tail_start)
        if _may_have(message, brought, ids)
    ]
    # One is mostly asked for while it is new.
    if session.tail_start == 1 or (in_tail and len(item_ids) == 1):
        return session, in_tail
    buckets = collection(MessageBucket).find(
        {
            "session_id": session_id,
            "$or": [
                {"messages.id": {"$in": sorted(ids)}},
                {"messages.item_ids": {"$in": list(item_ids)}},
            ],
        },
        {"first_seq": 1, "messages.id": 1, "messages.item_ids": 1},
    )
    spilled = [
        seq
        for bucket in buckets
        for seq, message in enumerate(bucket["messages"], bucket["first_seq"])
        if seq < session.tail_start and _may_have(message, brought, ids)
    ]
    return session, spilled + in_tail


def _may_have(message: Stored, brought: set[str], ids: set[str]) -> bool:
    return message["id"] in ids or not brought.isdisjoint(message.get("item_ids", ()))
