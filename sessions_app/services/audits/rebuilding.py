"""Making vectors and topics anew, session by session."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sessions_app import encoders
from sessions_app.domain.audit.pages import ListedSession
from sessions_app.domain.data import Session
from sessions_app.domain.errors import SessionError, SessionNotFound
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.repository import annotations as stored
from sessions_app.repository import audits, log
from sessions_app.services import topics
from sessions_app.services.audits.windows import listed_sessions

# Called with how many sessions have been gone through since the last call.
Progress = Callable[[int], None]


class EncoderUnavailable(SessionError):
    """Without the encoder, making vectors anew would only lose those there are."""

    code = "encoder_unavailable"
    default_detail = "The encoder is not available, so nothing was rebuilt; the log says why."


@dataclass(frozen=True, slots=True)
class RebuiltSession:
    """A session that was annotated, and how many of its messages."""

    session_id: str
    messages: int


def annotations_rebuild(
    *, user_id: str | None, limit: int | None, only_missing: bool, progress: Progress
) -> Iterator[RebuiltSession]:
    """Annotate sessions in order of `_id`, all or a user's, and yield each that took work.

    With `only_missing`, those that are complete and wholly by the encoder in force are passed
    over, which is also how to go on after an interruption. `limit` bounds the sessions that take
    work. May run beside a live service. Raises EncoderUnavailable.
    """
    encoder = encoders.load_encoder()
    if encoder is None:
        raise EncoderUnavailable
    left = limit
    for page in listed_sessions(user_id=user_id):
        for listed in page:
            if left == 0:
                return
            rebuilt = _rebuild(listed, encoder.name, only_missing=only_missing)
            if rebuilt is not None:
                yield rebuilt
                left = None if left is None else left - 1
            progress(1)


def _rebuild(listed: ListedSession, encoder: str, *, only_missing: bool) -> RebuiltSession | None:
    wanted = {"session_id": listed.session_id, "user_id": listed.user_id}
    try:
        session = log.read_header(**wanted)
        judged = session.topic.judged if session.topic else 0
        if only_missing:
            if not _whole(session.session_id, judged, encoder):
                stored.judge_again(**wanted)
                judged = 0
        else:
            _forget(session)
            judged = 0
        if judged >= session.message_count:
            return None
        done = topics.catch_up(**wanted, seconds=math.inf).session
    except SessionNotFound:  # deleted meanwhile
        return None
    return RebuiltSession(session.session_id, done.message_count - judged)


def _whole(session_id: str, judged: int, encoder: str) -> bool:
    """Whether every judged message has its place in a block, and every block is the encoder's."""
    seq = 1
    for block in audits.pages.blocks_made(session_id):
        if block.first_seq != seq or block.encoder != encoder:
            return False
        seq += block.count
        if block.count < ANNOTATION_BLOCK:
            break
    return seq > judged


def _forget(session: Session) -> None:
    """Forget what was derived, such that a stop at any place leaves it to be derived again.

    The topics are forgotten first: blocks missing under a session that counts as judged would stay
    missing. And once more last, for another worker may have gone on in between.
    """
    wanted = {"session_id": session.session_id, "user_id": session.user_id}
    stored.judge_again(**wanted)
    stored.forget_session(session_id=session.session_id)
    stored.judge_again(**wanted)
