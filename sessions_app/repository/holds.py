"""Legal hold: what keeps a session from every deletion."""

from pymongo import ReturnDocument

from sessions_app.documents import Session
from sessions_app.domain import data
from sessions_app.domain.errors import SessionNotFound
from sessions_app.repository import failures, log


@failures.translated
def set_hold(*, session_id: str, held: bool) -> data.Session:
    """Place a session under legal hold, or lift it; raises SessionNotFound.

    A deletion at the same moment is guarded by the hold in its transaction: one of the two comes
    first, and the other is told. Neither the session's version nor its activity changes, so that
    its owner does not learn of the hold before it stands in the way of something.
    """
    found = Session._get_collection().find_one_and_update(
        {"_id": session_id},
        {"$set": {"legal_hold": True}} if held else {"$unset": {"legal_hold": 1}},
        projection=log.HEADER,
        return_document=ReturnDocument.AFTER,
    )
    if found is None:
        raise SessionNotFound
    return log.decode_session(found)
