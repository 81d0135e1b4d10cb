"""Legal hold: what keeps a session from every deletion."""

from sessions_app.documents import Session
from sessions_app.domain import data
from sessions_app.domain.errors import SessionNotFound
from sessions_app.repository import failures, log


@failures.translated
def set_hold(*, session_id: str, legal_hold: bool) -> data.Session:
    """Place a session under legal hold, or lift it; raises SessionNotFound.

    A deletion at the same moment is guarded by the hold in its transaction: one of the two comes
    first, and the other is refused. Neither the session's version nor its activity changes, so that
    its owner does not learn of the hold before it stands in the way of something.
    """
    change = {"set__legal_hold": True} if legal_hold else {"unset__legal_hold": 1}
    document = Session.objects(pk=session_id).headers().modify(new=True, **change)
    if document is None:
        raise SessionNotFound
    return log.decode_session(log.with_liveness([document.to_mongo()])[0])
