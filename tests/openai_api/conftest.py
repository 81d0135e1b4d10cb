"""Sessions as the other API's tests have them, and a model's server to pass on to."""

from collections.abc import Iterator
from typing import Any

import pytest

from sessions_app import providers
from tests import model_server
from tests.api.conftest import append, archive, expire, no_encoder, session, use, without_mongodb
from tests.model_server import ModelServer

__all__ = ["append", "archive", "expire", "no_encoder", "session", "use", "without_mongodb"]


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A server that the settings name, with a key of its own."""
    with model_server.serving() as running:
        settings.LLM_BASE_URL, settings.LLM_MODEL = running.base_url, "gulf"
        settings.LLM_API_KEY = "sk-service-key-0123456789"
        yield running
        found: Any = providers.configured()
        found.close()
        providers._provider.cache_clear()
