"""What the tests of several files share."""

from collections.abc import Iterator

import pytest

from tests import model_server
from tests.chatproject.conftest import Service
from tests.faults.talks import READY_SECONDS, with_model
from tests.model_server import ModelServer

KEY = "sk-of-the-service"


@pytest.fixture(scope="package")
def served_model() -> Iterator[ModelServer]:
    """The model's server of `served`."""
    with model_server.serving() as running:
        yield running


@pytest.fixture(scope="package")
def served(
    served_model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service of the unmodified packages, for tests in the group of that name."""
    data = tmp_path_factory.mktemp("packages") / "data"
    settings = with_model(served_model, LLM_API_KEY=KEY)
    running = Service(data, **settings).ready(READY_SECONDS)
    yield running
    running.end()
    running.kill()
