"""A model's server and a provider that talks to it."""

from collections.abc import Callable, Iterator

import pytest

from sessions_app.providers import openai_compatible
from sessions_app.providers.openai_compatible import OpenAICompatible
from tests.providers.model_server import ModelServer, serving


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


Connect = Callable[..., OpenAICompatible]


@pytest.fixture
def connect(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    made: list[OpenAICompatible] = []
    monkeypatch.setattr(openai_compatible, "RETRY_WAITS_SECONDS", (0.01, 0.02))

    def make(timeout: float = 10, base_url: str = "", api_key: str = "sk-mine"):
        made.append(
            OpenAICompatible(
                base_url=base_url or model.base_url,
                api_key=api_key,
                model="gulf",
                timeout_seconds=timeout,
            )
        )
        return made[-1]

    yield make
    for provider in made:
        provider.close()
