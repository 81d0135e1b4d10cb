"""Titles that the configured model writes, in place of those made of the text.

Apart from `titles`, because this needs providers: whatever only stores messages must not load them.
"""

from sessions_app import providers, tracing
from sessions_app.domain.sessions import titles as title_rules
from sessions_app.domain.texts.text import storable
from sessions_app.repository.sessions import titles
from sessions_app.services import dialects
from sessions_app.services.sessions.titles import first_messages, write_title

_MAX_TOKENS = 64


@tracing.step
def title_improve(*, session_id: str, user_id: str) -> bool:
    """Have the model name a session whose title was made of its text; whether it did.

    One call at most. Raises ProviderError and what storage raises.
    """
    provider = providers.configured()
    if provider is None:
        return False
    untitled = titles.read(session_id=session_id, user_id=user_id)
    if untitled is None or not untitled.title:
        return False
    messages = first_messages(session_id, user_id)
    prompt = title_rules.title_prompt((message.role.value, message.content) for message in messages)
    answer = dialects.complete(provider, prompt, max_tokens=_MAX_TOKENS)
    title = title_rules.title_in_answer(storable(answer.text))
    return write_title(title, messages, replacing=untitled, session_id=session_id, user_id=user_id)
