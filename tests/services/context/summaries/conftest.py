"""Summaries switched on, with a real HTTP server to make them."""

from collections.abc import Iterator

import pytest

from sessions_app import encoders
from sessions_app.providers import openai_compatible
from sessions_app.providers.openai_compatible import OpenAICompatible
from sessions_app.services.context import summaries
from tests import model_server
from tests.model_server import ModelServer
from tests.repository.conftest import OWNER, now
from tests.services.context.summaries.talks import Extend, make_talk, up_to_date


@pytest.fixture(autouse=True)
def without_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda: None)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server.serving() as server:
        yield server


@pytest.fixture
def provider(
    model: ModelServer, settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenAICompatible]:
    """Summaries are on, and this makes them."""
    settings.CONTEXT_SUMMARY, settings.LLM_BASE_URL = True, model.base_url
    monkeypatch.setattr(openai_compatible, "RETRY_WAITS_SECONDS", ())
    made = OpenAICompatible(base_url=model.base_url, api_key="", model="gulf", timeout_seconds=0.5)
    yield made
    made.close()


@pytest.fixture
def extend(provider: OpenAICompatible) -> Extend:
    def extend_summary(session_id: str, user_id: str = OWNER, provider=provider):
        return summaries.summary_extend(
            session_id=session_id, user_id=user_id, provider=provider, now=now()
        )

    return extend_summary


@pytest.fixture
def talk(database) -> str:
    """The id of a session of a system prompt and 60 messages, some 1,300 tokens in a window."""
    return make_talk(60)


@pytest.fixture
def summarised(talk: str, extend: Extend) -> str:
    """A session whose summary is up to date."""
    up_to_date(extend, talk)
    return talk
