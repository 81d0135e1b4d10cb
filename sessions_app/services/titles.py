"""Titles of sessions that have none: from the text at once, better ones by the model afterwards."""

from sessions_app import providers
from sessions_app.domain import titles as rules
from sessions_app.domain.data import Message, Role
from sessions_app.domain.limits import TITLE_MAX_CHARS
from sessions_app.domain.text import storable
from sessions_app.repository import log, titles
from sessions_app.services import dialects

# What a title is made from; a conversation that has said nothing by then stays without.
_FIRST_MESSAGES = 8
_MODEL_TOKENS = 64


def from_the_text(*, session_id: str, user_id: str) -> bool:
    """Give a session without a title one from its first messages; whether it did."""
    replacing = titles.read(session_id=session_id, user_id=user_id)
    if replacing is None or replacing.title:
        return False
    said = _first(session_id, user_id)
    title = rules.title_of(message.content for message in said if message.role is Role.USER)
    if not title:
        return False
    return titles.write(
        session_id=session_id,
        user_id=user_id,
        title=title[:TITLE_MAX_CHARS],
        titled_from=said[-1].seq,
        replacing=replacing,
    )


def by_the_model(*, session_id: str, user_id: str) -> bool:
    """Have the configured model name a session whose title came from the text; whether it did.

    One call at most. Raises ProviderError and what storage raises.
    """
    provider = providers.configured()
    if provider is None:
        return False
    replacing = titles.read(session_id=session_id, user_id=user_id)
    if replacing is None or not replacing.title:
        return False
    said = _first(session_id, user_id)
    asked = rules.request((message.role.value, message.content) for message in said)
    answer = dialects.complete(provider, asked, max_tokens=_MODEL_TOKENS)
    title = rules.tidied(storable(answer.text))
    if not title:
        return False
    return titles.write(
        session_id=session_id,
        user_id=user_id,
        title=title[:TITLE_MAX_CHARS],
        titled_from=said[-1].seq,
        replacing=replacing,
    )


def message_erased(*, session_id: str, user_id: str, seq: int) -> None:
    """Take back a title that may quote what has been erased."""
    titles.forget_quoting(session_id=session_id, user_id=user_id, seq=seq)


def _first(session_id: str, user_id: str) -> list[Message]:
    _, found = log.read_range(session_id=session_id, user_id=user_id, first=1, last=_FIRST_MESSAGES)
    said = [m for m in found if m.role in {Role.USER, Role.ASSISTANT} and not m.superseded_by]
    return [message for message in said if message.content]
