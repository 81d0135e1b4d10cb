"""Turns asked for as chat completions, by clients that may send the conversation along each time.

Such a client sends no key for a request, and when a request fails sends it again. What it is asked
for is then told by a digest of it, which stands in the turn for the key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings

from sessions_app.domain import drafts, lifecycle
from sessions_app.domain.alignment import Alignment, align
from sessions_app.domain.data import Message, Session
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import (
    IdempotencyMismatch,
    InvalidInput,
    Overtaken,
    StorageUnavailable,
    TurnInProgress,
)
from sessions_app.domain.limits import SEED_MAX_MESSAGES
from sessions_app.domain.turns import Turn, TurnState
from sessions_app.repository import log
from sessions_app.repository.turns import records
from sessions_app.services.turns import settling
from sessions_app.services.turns.fanout import Feed
from sessions_app.services.turns.starting import PendingTurn, feed_of, follow, new_lease, resume
from sessions_app.services.turns.taking import TurnRequest, turn_start
from sessions_app.services.turns.turn import ModelCall, Slot

_ATTEMPTS = 10
# Beyond as many as the request has: how far back it may have left the conversation.
_MARGIN = 64
_LOOKS = 3
_CLOCKS_APART = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What is asked for: `messages`, the last of which is to be answered.

    `digest` is that of the whole request. `key` is the client's own idempotency key. `since` is
    set for a repeat: its first attempt came after that. `places` are those that errors name.
    """

    messages: Sequence[MessageDraft]
    call: ModelCall
    digest: str
    key: str | None = None
    since: datetime | None = None
    places: Sequence[int] = ()

    @property
    def turn_key(self) -> str:
        """What the turn is found again by."""
        return self.key or f"req_{self.digest}"

    @property
    def may_be_known(self) -> bool:
        """Whether this may be a request that came before."""
        return self.key is not None or self.since is not None


def completion_start(
    *, session_id: str, user_id: str, request: CompletionRequest, now: datetime
) -> Feed:
    """Store what of the request is new, and have the model answer it; a repeat gets its turn.

    Raises as `turns.turn_start` does.
    """
    now = lifecycle.to_milliseconds(now)
    for _ in range(_ATTEMPTS):
        session, newest = _newest(session_id, user_id, len(request.messages))
        lifecycle.require_readable(session, now=now)
        pending_turn = _pending_turn(session, request)
        try:
            feed, failed = _earlier(session, pending_turn, request, now)
            feed = feed or _begin(session, newest, pending_turn, request, failed, now)
        except Overtaken:
            # Perhaps by this request's own repeat, while it was waiting here.
            request = replace(request, since=request.since or now - _CLOCKS_APART)
            continue
        except TurnInProgress:
            feed = _holder(session, request, now)
            if feed is None:
                raise
        if feed is not None:
            return feed
    raise StorageUnavailable


def completion_check(*, messages: Sequence[MessageDraft], places: Sequence[int]) -> None:
    """Raise InvalidInput or TooLarge for messages that no session could begin with."""
    if len(messages) > SEED_MAX_MESSAGES:
        raise InvalidInput(
            f"At most {SEED_MAX_MESSAGES} messages may be new to the session.", attr="messages"
        )
    # By their places in the request, which the turn does not know.
    for position, draft in zip(places, messages, strict=False):
        drafts.check(draft, max_chars=settings.MESSAGE_MAX_CHARS, path=f"messages.{position}.")


def _newest(session_id: str, user_id: str, wanted: int) -> tuple[Session, list[Message]]:
    """As many current messages as the request has, and some; however long the session is."""
    limit = wanted + _MARGIN
    for _ in range(_LOOKS):
        session, newest = log.read_newest(session_id=session_id, user_id=user_id, limit=limit)
        current = sum(message.superseded_by is None for message in newest)
        if current > wanted or len(newest) == session.message_count:
            break
        limit *= 2
    return session, newest


def _pending_turn(session: Session, request: CompletionRequest) -> PendingTurn:
    """With the instructions that the session does not begin with anyway."""
    call = request.call
    if call.instructions:
        opening = {message.content for message in log.read_opening(session)}
        instructions = [each for each in call.instructions if each.content not in opening]
        call = replace(call, instructions=instructions)
    return PendingTurn(
        session.session_id, session.user_id, request.turn_key, call, body=request.digest
    )


def _earlier(
    session: Session, pending_turn: PendingTurn, request: CompletionRequest, now: datetime
) -> tuple[Feed | None, Turn | None]:
    """The feed of the turn that an earlier attempt began; a turn that failed is to be run again."""
    if not request.may_be_known:
        return None, None
    turn = _turn_of(session, request)
    if turn is None:
        return _holder(session, request, now), None
    if turn.fingerprint != pending_turn.fingerprint:
        raise IdempotencyMismatch
    turn = settling.settle(turn, now=now)
    return (None, turn) if turn.state is TurnState.FAILED else (feed_of(turn, now), None)


def _turn_of(session: Session, request: CompletionRequest) -> Turn | None:
    if request.key is not None:
        return records.newest_of_key(session_id=session.session_id, client_id=request.key)
    # The same words may be said again: a repeat is of the newest turn, or of none.
    for turn in records.newest(session_id=session.session_id, limit=1):
        if turn.client_id == request.turn_key and request.since and turn.started_at > request.since:
            return turn
    return None


def _holder(session: Session, request: CompletionRequest, now: datetime) -> Feed | None:
    """The feed of the turn in progress where it is the one that is asked for.

    It may not have been recorded yet: the lease is taken first.
    """
    session = log.read_header(session_id=session.session_id, user_id=session.user_id)
    lease = session.turn
    if lease is None or not session.in_turn or not request.may_be_known:
        return None
    if lease.client_id != request.turn_key:
        return None
    return follow(session.session_id, session.user_id, lease.turn_id, now)


def _begin(
    session: Session,
    newest: Sequence[Message],
    pending_turn: PendingTurn,
    request: CompletionRequest,
    failed: Turn | None,
    now: datetime,
) -> Feed | None:
    alignment = align(request.messages, newest, whole=len(newest) == session.message_count)
    question = alignment.answers
    if question is None and failed is not None and not failed.regenerates:
        # Others have written behind its question since.
        question, alignment = failed.user_seq, Alignment(len(request.messages), failed.user_seq)
    if question is None:
        return _append(session, alignment, pending_turn, request, now)
    message = next((one for one in newest if one.seq == question), None)
    if message is None:
        _, [message] = log.read_range(
            session_id=session.session_id, user_id=session.user_id, first=question, last=question
        )
    pending_turn = replace(pending_turn, message=message, regenerates=bool(alignment.supersedes))
    with Slot() as slot:
        lease, behind = new_lease(pending_turn.key), session.message_count
        return resume(pending_turn, lease, slot, now, alignment.supersedes, behind)


def _append(
    session: Session,
    alignment: Alignment,
    pending_turn: PendingTurn,
    request: CompletionRequest,
    now: datetime,
) -> Feed:
    new = request.messages[alignment.old :]
    completion_check(messages=new, places=request.places[alignment.old :])
    return turn_start(
        session_id=session.session_id,
        user_id=session.user_id,
        request=TurnRequest(
            new,
            pending_turn.call,
            pending_turn.key,
            body=pending_turn.body,
            behind=session.message_count,
            supersedes=alignment.supersedes,
        ),
        now=now,
    )
