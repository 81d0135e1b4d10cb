"""The counts of ratings on a session, by which staff find those whose replies were rated."""

from collections import Counter
from collections.abc import Iterable

from sessions_app.repository.log import Stored


def rating_changes(before: Stored | None, after: Stored | None) -> dict[str, int]:
    """What a session's counts of ratings grow by when one message's feedback changes."""
    changes: Counter[str] = Counter()
    for feedback, by in ((before, -1), (after, 1)):
        if feedback:
            changes[f"rated_{feedback['rating']}"] += by
    return {name: by for name, by in changes.items() if by}


def carried_ratings(messages: Iterable[Stored]) -> Stored:
    """The counts of a session that begins with these messages, and when it was last rated."""
    rated = [message["feedback"] for message in messages if message.get("feedback")]
    if not rated:
        return {}
    counts = Counter(f"rated_{feedback['rating']}" for feedback in rated)
    return {**counts, "rated_at": max(feedback["given_at"] for feedback in rated)}
