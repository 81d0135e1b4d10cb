"""Turns asked for as chat completions, by clients that may send the conversation along each time.

Such a client sends no key for a request, and when a request fails sends it again. What it is asked
for is then told by a digest of it, which stands in the turn for the key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings

from sessions_app import tracing
from sessions_app.domain import drafts
from sessions_app.domain.alignment import Alignment, align
from sessions_app.domain.data import Message, Session
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import (
    InvalidInput,
    Overtaken,
    StorageUnavailable,
    TurnInProgress,
)
from sessions_app.domain.limits import SEED_MAX_MESSAGES
from sessions_app.domain.responses import ResponseTerms
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.turns import Turn
from sessions_app.repository import log
from sessions_app.services import attachments
from sessions_app.services.turns import repeats
from sessions_app.services.turns.fanout import Feed
from sessions_app.services.turns.slots import Slot
from sessions_app.services.turns.starting import PendingTurn, new_lease, resume
from sessions_app.services.turns.taking import TurnRequest, turn_start
from sessions_app.services.turns.turn import ModelCall

_ATTEMPTS = 10
# Beyond as many as the request has: how far back it may have left the conversation.
_MARGIN = 64
_LOOKS = 3
_CLOCKS_APART = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What is asked for: `messages`, the last of which is to be answered.

    `digest` is that of the whole request. `key` is the client's own idempotency key. `since` is
    set for a repeat: its first attempt came after that. `places` are those that errors name, in
    the request's `member`. `response` is set for a response of the OpenAI wire. `ticket` is as in
    `TurnRequest`.
    """

    messages: Sequence[MessageDraft]
    call: ModelCall
    digest: str
    key: str | None = None
    since: datetime | None = None
    places: Sequence[int] = ()
    member: str = "messages"
    response: ResponseTerms | None = None
    ticket: str | None = None

    @property
    def turn_key(self) -> str:
        """What the turn is found again by."""
        return self.key or f"req_{self.digest}"


@tracing.step
def completion_start(
    *, session_id: str, user_id: str, request: CompletionRequest, now: datetime
) -> Feed:
    """Store what of the request is new, and have the model answer it; a repeat gets its turn.

    Raises as `turns.turn_start` does.
    """
    now = lifecycle.to_milliseconds(now)
    known = attachments.recognised(request.messages, user_id=user_id)
    request = replace(request, messages=known)
    for _ in range(_ATTEMPTS):
        session, newest = _newest(session_id, user_id, len(request.messages))
        lifecycle.require_readable(session, now=now)
        pending_turn = _pending_turn(session, request)
        try:
            feed, failed = repeats.earlier(session, pending_turn, request, now)
            feed = feed or _begin(session, newest, pending_turn, request, failed, now)
        except Overtaken:
            # Perhaps by this request's own repeat, while it was waiting here.
            request = replace(request, since=request.since or now - _CLOCKS_APART)
            continue
        except TurnInProgress:
            feed = repeats.holder(session, request, now)
            if feed is None:
                raise
        if feed is not None:
            return feed
    raise StorageUnavailable


def completion_check(
    *, messages: Sequence[MessageDraft], places: Sequence[int], member: str = "messages"
) -> None:
    """Raise InvalidInput or TooLarge for messages that no session could begin with."""
    if len(messages) > SEED_MAX_MESSAGES:
        raise InvalidInput(
            f"At most {SEED_MAX_MESSAGES} messages may be new to the session.", attr=member
        )
    # By their places in the request, which the turn does not know.
    for position, draft in zip(places, messages, strict=False):
        drafts.check(draft, max_chars=settings.MESSAGE_MAX_CHARS, path=f"{member}.{position}.")


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
        session.session_id,
        session.user_id,
        request.turn_key,
        call,
        body=request.digest,
        response=request.response,
    )


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
        message = repeats.message_of(session, question)
    pending_turn = replace(pending_turn, message=message, regenerates=bool(alignment.supersedes))
    with Slot(pending_turn.user_id, pending_turn.call.model) as slot:
        lease, behind = new_lease(pending_turn.key, request.ticket), session.message_count
        return resume(pending_turn, lease, slot, now, alignment.supersedes, behind)


def _append(
    session: Session,
    alignment: Alignment,
    pending_turn: PendingTurn,
    request: CompletionRequest,
    now: datetime,
) -> Feed:
    new = request.messages[alignment.old :]
    completion_check(messages=new, places=request.places[alignment.old :], member=request.member)
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
            response=request.response,
            ticket=request.ticket,
        ),
        now=now,
    )
