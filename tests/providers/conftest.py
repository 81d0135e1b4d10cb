"""A model's server and a provider that talks to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from sessions_app import event_loop
from sessions_app.domain.errors import ProviderError
from sessions_app.providers import Reply, Thought, openai_compatible
from sessions_app.providers.openai_compatible import OpenAICompatible
from tests import model_server
from tests.model_server import ModelServer


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server.serving() as server:
        yield server


Connect = Callable[..., OpenAICompatible]


@pytest.fixture
def connect(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    made: list[OpenAICompatible] = []
    monkeypatch.setattr(openai_compatible, "RETRY_WAITS_SECONDS", (0.01, 0.02))

    def make(timeout: float = 10, base_url: str = "", api_key: str = "sk-mine", **limits):
        made.append(
            OpenAICompatible(
                base_url=base_url or model.base_url,
                api_key=api_key,
                model="gulf",
                timeout_seconds=timeout,
                **limits,
            )
        )
        return made[-1]

    yield make
    for provider in made:
        provider.close()


@dataclass(frozen=True)
class Cut:
    """A reply iterated to its end, the pieces that came, and what ended it if that was an error."""

    reply: Reply
    pieces: list[str]
    error: ProviderError | None


def said(reply: Reply) -> list[str]:
    """All pieces of a reply."""
    cut = cut_short(reply)
    if cut.error is not None:
        raise cut.error
    return cut.pieces


def cut_short(reply: Reply) -> Cut:
    """The pieces of a reply up to its end or to what goes wrong."""
    pieces: list[str] = []
    try:
        event_loop.run(read(reply, pieces))
    except ProviderError as error:
        return Cut(reply, pieces, error)
    return Cut(reply, pieces, None)


async def read(reply: Reply, pieces: list[str]) -> None:
    async for piece in aiter(reply):
        pieces += [] if isinstance(piece, Thought) else [piece]
