"""A service to run the README's examples against."""

from typing import Any

import pytest


@pytest.fixture
def service(live_server: Any, database: Any) -> str:
    """The address of the API, served by this process."""
    return str(live_server.url)
