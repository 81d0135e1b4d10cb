"""Conversations to fill a store with: plausible lengths, no two messages alike."""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.services import messages, sessions

_TEXT = (
    "we could move the garden table under the old pear tree because in the afternoon it has shade "
    "and then somebody should look at the hinges which have been loose since last winter when rain "
    "came through the open door while all of us were away in the mountains for almost two weeks"
)
_WORDS = _TEXT.split()
BATCH = 100


def text(seed: int, words: int) -> str:
    """About `words` words, which are about as many tokens; the same for the same seed."""
    chosen = random.Random(seed).choices(_WORDS, k=max(1, words - 3))
    return f"{seed}: {' '.join(chosen)}."


def drafts(first: int, last: int, *, words: int, keyed: bool = True) -> list[MessageDraft]:
    """Messages number `first` to `last`: a question, an answer four times as long, and so on."""
    return [
        MessageDraft(
            role=Role.USER if number % 2 else Role.ASSISTANT,
            content=text(number, words * 2 // 5 if number % 2 else words * 8 // 5),
            client_id=f"key-{number}" if keyed else None,
        )
        for number in range(first, last + 1)
    ]


def now() -> datetime:
    """The services take the clock from their caller."""
    return datetime.now(UTC)


def create(user_id: str, length: int, *, words: int) -> str:
    """A session of `length` messages, every one with a key; its id."""
    draft = SessionDraft(history=drafts(1, min(length, BATCH), words=words))
    session_id = sessions.session_create(user_id=user_id, draft=draft, now=now()).session_id
    for first, last in batches(BATCH + 1, length):
        messages.message_append_batch(
            session_id=session_id,
            user_id=user_id,
            batch=drafts(first, last, words=words),
            now=now(),
        )
    return session_id


def batches(first: int, last: int) -> Iterator[tuple[int, int]]:
    """`first..last` in runs of at most BATCH."""
    for start in range(first, last + 1, BATCH):
        yield start, min(start + BATCH - 1, last)


def appends(sessions_in_turn: int = 8, length: int = 60) -> Callable[[], object]:
    """A call that appends a message, to one after the other of new sessions."""
    users = [f"appender-{number}" for number in range(sessions_in_turn)]
    turns = itertools.cycle([(user, create(user, length, words=40)) for user in users])
    numbers = itertools.count(1)

    def append() -> object:
        (user, session_id), number = next(turns), next(numbers)
        draft = drafts(number, number, words=40, keyed=False)[0]
        return messages.message_append(session_id=session_id, user_id=user, draft=draft, now=now())

    return append
