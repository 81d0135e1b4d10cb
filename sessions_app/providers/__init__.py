"""The model call. Services know the protocol; which server answers is a matter of settings."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings

from sessions_app.domain.dialect import Extra
from sessions_app.domain.texts.tokens import TokenCounter

Messages = Sequence[Mapping[str, Any]]
"""A conversation in the form of the chat completions wire: `{"role", "content", …}` each."""


NOTHING_BESIDE = Extra()
THOUGHT_MEMBER = "reasoning_content"


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered; the counts are its server's own, None where it gave none."""

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a streamed answer has ended by itself.

    `finish_reason` is the server's word: `stop`, `length`, `tool_calls`, `content_filter` …. The
    counts are the server's own, None where it gave none, and `usage` all of them with their
    details. `tool_calls` are whole, in the form of the wire. `reasoning` is what the model thought,
    `extra` what its server wants back.
    """

    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str
    tool_calls: Sequence[Mapping[str, Any]] = ()
    # Beside the answer, and no part of what it says.
    usage: Mapping[str, Any] | None = field(default=None, compare=False)
    reasoning: str = field(default="", compare=False)
    extra: Extra = field(default=NOTHING_BESIDE, compare=False)


class Refusal(str):
    """A piece of a reply by which the model refuses to answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Thought:
    """A part of what a model thinks before or between its words; `member` is its server's name for
    it on the wire."""

    text: str
    member: str = THOUGHT_MEMBER


class Reply(Protocol):
    """One streamed answer. Nothing is sent before the iteration begins; it can be done once.

    Ending the iteration, or cancelling the task that is in it, ends the call at once.
    """

    def __aiter__(self) -> AsyncGenerator[str | Thought, None]:
        """The answer in pieces, none empty, together at most MESSAGE_MAX_CHARS long.

        Thoughts come between them and are no part of the answer. Raises ProviderRefused and
        ProviderBusy before the first piece; ProviderError and ProviderTimeout also after some:
        those stand, and `ending` stays None. An answer that goes on past that length is an error.
        One without any text is none: its `ending` says why.
        """

    @property
    def ending(self) -> Ending | None:
        """None until the answer has ended by itself."""


class Provider(Protocol):
    """Whatever can answer a conversation; it streams on the process's event loop."""

    @property
    def name(self) -> str:
        """The model that is asked for unless another is named."""

    def complete(self, messages: Messages, *, max_tokens: int) -> Completion:
        """The answer, never blank, asked for in at most `max_tokens` of the model's tokens.

        Waits for it, so it is for threads. Raises ProviderError, ProviderTimeout.
        """

    def stream(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The answer piece by piece; sends nothing yet and raises nothing.

        `options` are further members of the request under the wire's names, such as `temperature`
        or `tools`; what they say of the members that this method sets itself is passed over.
        """


class Passage(Protocol):
    """A request that is passed on to the model's server as it is, and the answer likewise.

    Cancelling the task that waits for any of it ends the call at once.
    """

    async def open(self) -> tuple[int, Mapping[str, str]]:
        """Send it; the answer's status and headers. Raises ProviderError, ProviderTimeout."""

    async def whole(self) -> bytes:
        """The answer's body at once; raises ProviderError, ProviderTimeout."""

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes; raises ProviderError, ProviderTimeout, also after some of it."""

    async def close(self) -> None:
        """End the call, as often as one likes; nobody is iterating."""


class Server(Provider, Protocol):
    """A provider that is a server, to which requests can be passed on."""

    def relay(self, body: bytes, *, model: str | None = None) -> Passage:
        """A chat completion of which every member is the caller's; nothing is sent yet.

        `model` is the one that `body` names.
        """

    def close(self) -> None:
        """Give its connections back."""


DEMO = "demo"


def counted_as(model: str | None) -> str:
    """What a call of `model`, None for the usual one, is counted for: of a bounded set.

    A client may name any model; only those that the operator has named have series of their own.
    """
    usual = settings.LLM_MODEL if settings.LLM_BASE_URL else DEMO
    return usual if model in {None, usual} else str(model) if _is_listed(model) else "other"


def _is_listed(model: str | None) -> bool:
    return model in settings.MODELS_ALLOWED


def configured() -> Server | None:
    """The provider that the settings name; None without LLM_BASE_URL."""
    if not settings.LLM_BASE_URL:
        return None
    return _provider(
        settings.LLM_BASE_URL,
        settings.LLM_API_KEY,
        settings.LLM_MODEL,
        settings.LLM_TIMEOUT_SECONDS,
        settings.LLM_ANSWER_SECONDS,
        settings.MESSAGE_MAX_CHARS,
    )


def for_turns(*, count: TokenCounter) -> Provider:
    """The provider that answers people: the configured one, or the built-in demo.

    `count` gives the demo's replies their token counts.
    """
    return configured() or _demo(count)


@lru_cache(maxsize=4)
def _provider(
    base_url: str,
    api_key: str,
    model: str,
    timeout_seconds: float,
    answer_seconds: float,
    answer_max_chars: int,
) -> Server:
    # Importing `aiohttp` takes a while, which a process without a provider need not pay.
    from sessions_app.providers.observed import ObservedServer
    from sessions_app.providers.openai_compatible import OpenAICompatible

    return ObservedServer(
        OpenAICompatible(
            base_url=base_url,
            api_key=api_key,
            model=model,
            timeout_seconds=timeout_seconds,
            answer_seconds=answer_seconds,
            answer_max_chars=answer_max_chars,
        ),
        url=base_url,
    )


def _demo(count: TokenCounter) -> Provider:
    from sessions_app.providers.demo import Demo
    from sessions_app.providers.observed import ObservedProvider

    return ObservedProvider(Demo(count=count), system=DEMO)
