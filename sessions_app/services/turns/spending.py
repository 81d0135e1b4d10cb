"""What a model call has cost its user, for quotas of tokens a day."""

from sessions_app.domain.data import Message
from sessions_app.domain.turns import Seen
from sessions_app.services import quotas


def count(user_id: str, reply: Message, seen: Seen | None) -> None:
    """Count a call by what its server says it was, else by this service's own count."""
    made = reply.generation
    asked = made.prompt_tokens if made else None
    answered = made.completion_tokens if made else None
    if asked is None:
        asked = seen.token_count if seen else 0
    quotas.tokens_spent(user_id, asked + (reply.token_count if answered is None else answered))
