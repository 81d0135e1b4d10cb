"""Makes vectors and topics again, session by session."""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sessions_app import encoders
from sessions_app.domain.annotations import Block
from sessions_app.domain.audit.pages import ListedSession
from sessions_app.domain.errors import DamagedSession, SessionError, SessionNotFound
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.repository import annotations as stored
from sessions_app.repository import audits, log
from sessions_app.services import topics
from sessions_app.services.audits.windows import listed_sessions
from sessions_app.services.progress import Progress
from sessions_app.services.walks import Walk

logger = logging.getLogger(__name__)


class EncoderUnavailable(SessionError):
    """There is no encoder: a rebuild would only lose the stored vectors."""

    code = "encoder_unavailable"
    default_detail = "The encoder is not available, so nothing was rebuilt; the log says why."


@dataclass(frozen=True, slots=True)
class RebuiltSession:
    """A session that was annotated, and the number of messages."""

    session_id: str
    messages: int


def annotations_rebuild(
    *,
    user_id: str | None,
    limit: int | None,
    only_missing: bool,
    progress: Progress,
    walk: Walk | None = None,
) -> Iterator[RebuiltSession]:
    """Annotate all sessions, or a user's, in order of `_id`; yield each that took work.

    With `only_missing`, sessions that are complete and by the current encoder are passed over; this
    also continues after an interruption. `limit` bounds the sessions that take work. Safe beside a
    live service. With `walk` it goes on where that is. Raises EncoderUnavailable.
    """
    encoder = encoders.load_encoder()
    # Refused before anything is removed.
    if encoder is None:
        raise EncoderUnavailable
    left = limit
    for page in listed_sessions(user_id=user_id, after=walk.after if walk else ""):
        for listed in page:
            if left == 0:
                return
            rebuilt = _rebuild(listed, encoder, only_missing=only_missing)
            if rebuilt is not None:
                yield rebuilt
                left = None if left is None else left - 1
            progress(1)
            if walk:
                walk.passed(listed.session_id)


def annotations_catch_up(*, after: str) -> Iterator[tuple[str, RebuiltSession | None]]:
    """Annotate what is missing, in order of `_id` from `after` on; yield each session's id.

    With what has been done, None where nothing was. Raises EncoderUnavailable.
    """
    encoder = encoders.load_encoder()
    if encoder is None:
        raise EncoderUnavailable
    for page in listed_sessions(user_id=None, after=after):
        for listed in page:
            yield listed.session_id, _rebuild(listed, encoder, only_missing=True)


def _rebuild(
    listed: ListedSession, encoder: encoders.Encoder, *, only_missing: bool
) -> RebuiltSession | None:
    keys = {"session_id": listed.session_id, "user_id": listed.user_id}
    try:
        session = log.read_header(**keys)
        judged = session.topic.judged if session.topic else 0
        if not _unbroken(audits.pages.blocks_made(session.session_id), judged):
            # A block is lost: it is made again, and the judge goes through all.
            stored.judge_again(**keys)
            topics.catch_up(**keys, seconds=math.inf)
            judged = 0
        starts = [
            block.first_seq
            for block in audits.pages.blocks_made(session.session_id)
            if not only_missing or block.encoder != encoder.name
        ]
        if starts:
            topics.change_encoder(session, starts, encoder)
            stored.judge_again(**keys)
            judged = 0
        if judged >= session.message_count:
            return None
        done = topics.catch_up(**keys, seconds=math.inf).session
    except SessionNotFound:  # deleted meanwhile
        return None
    except DamagedSession as error:
        logger.warning("%s is damaged and passed over: %s", listed.session_id, error.problem)
        return None
    return RebuiltSession(session.session_id, done.message_count - judged)


def _unbroken(blocks: Sequence[Block], judged: int) -> bool:
    """Whether every judged message is in a block."""
    seq = 1
    for block in blocks:
        if block.first_seq != seq:
            return False
        seq += block.count
        # Only the last block of a session is not full.
        if block.count < ANNOTATION_BLOCK:
            break
    return seq > judged
