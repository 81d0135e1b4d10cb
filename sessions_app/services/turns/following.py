"""A turn as it is stored: for readers at other workers, and for those who come later."""

from dataclasses import dataclass

from sessions_app.domain.data import Message
from sessions_app.domain.items import is_refusal
from sessions_app.domain.turns import Seen, Turn, TurnState
from sessions_app.repository import log
from sessions_app.services import dividers
from sessions_app.services.turns.fanout import Feed, Outcome


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a turn of another worker, or one that has ended, is by what is stored."""

    seen: Seen | None
    user_message: Message | None
    text: str
    outcome: Outcome | None
    thoughts: str = ""
    thought_member: str = ""
    early_thoughts: int | None = None
    refuses: bool = False

    def tell(self, feed: Feed) -> None:
        """Tell a feed what it does not know yet; on the event loop, where others have the feed."""
        if feed.seen is None and self.seen is not None:
            feed.show(self.seen, self.user_message)
        feed.user_message = self.user_message or feed.user_message
        feed.readings += 1
        feed.think(self.thoughts[len(feed.thoughts) :], self.thought_member)
        if self.early_thoughts is not None:
            feed.early_thoughts = self.early_thoughts
        feed.refuses = self.refuses
        feed.catch_up(self.text)
        if self.outcome is not None:
            feed.finish(self.outcome)


def standing(turn: Turn, knows_question: bool = False) -> Standing:
    """Where a turn stands by its record; raises SessionNotFound.

    `knows_question` spares a running turn's reader the reading of the message it answers.
    """
    question = None if knows_question and not turn.ended else message_at(turn, turn.user_seq)
    if not turn.ended:
        return Standing(
            turn.seen,
            question,
            turn.text,
            None,
            turn.thoughts,
            turn.thought_member,
            turn.early_thoughts,
            turn.refuses,
        )
    if turn.state is TurnState.FAILED:
        return Standing(turn.seen, question, "", Outcome(turn.state, error=turn.failure()))
    reply = message_at(turn, turn.assistant_seq) if turn.assistant_seq else None
    outcome = Outcome(turn.state, reply)
    if reply is None:
        return Standing(turn.seen, question, "", outcome)
    return Standing(
        turn.seen,
        question,
        reply.content,
        outcome,
        reply.reasoning or "",
        (reply.extra or {}).get("thought_member", ""),
        turn.early_thoughts,
        is_refusal(reply),
    )


def message_at(of: Turn | Feed, seq: int) -> Message | None:
    """A message of the turn's session as it is stored now, with its topic."""
    session, messages = log.read_range(
        session_id=of.session_id, user_id=of.user_id, first=seq, last=seq
    )
    return next(iter(dividers.with_dividers(session, messages)), None)


def as_stored(feed: Feed) -> tuple[Message | None, Message | None]:
    """The question and the reply that a feed tells, as they are stored now."""
    question = feed.user_message
    reply = feed.outcome.message if feed.outcome else None
    return (
        message_at(feed, question.seq) if question else None,
        message_at(feed, reply.seq) if reply else None,
    )
