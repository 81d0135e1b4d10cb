"""The model call. Services know the protocol; which server answers is a matter of settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings

Messages = Sequence[Mapping[str, Any]]
"""A conversation in the form of the chat completions wire: `{"role", "content", …}` each."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered; the counts are its server's own, None where it gave none."""

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str


class Provider(Protocol):
    """Whatever can answer a conversation."""

    def complete(self, messages: Messages, *, max_tokens: int) -> Completion:
        """The answer, never blank, asked for in at most `max_tokens` of the model's tokens.

        Raises ProviderError, ProviderTimeout.
        """


def configured() -> Provider | None:
    """The provider that the settings name; None without LLM_BASE_URL."""
    if not settings.LLM_BASE_URL:
        return None
    return _provider(
        settings.LLM_BASE_URL,
        settings.LLM_API_KEY,
        settings.LLM_MODEL,
        settings.LLM_TIMEOUT_SECONDS,
    )


@lru_cache(maxsize=4)
def _provider(base_url: str, api_key: str, model: str, timeout_seconds: float) -> Provider:
    # Importing `openai` takes most of a second, which a process without a provider need not pay.
    from sessions_app.providers.openai_compatible import OpenAICompatible

    return OpenAICompatible(
        base_url=base_url, api_key=api_key, model=model, timeout_seconds=timeout_seconds
    )
