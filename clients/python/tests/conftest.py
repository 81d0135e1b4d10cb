"""The service that the tests of the adapters speak to: `BASE` and `CHAT_KEY` name it."""

import os
import uuid
from collections.abc import Iterator

import pytest
from chat_sessions_client import Client

BASE, KEY = os.environ["BASE"], os.environ["CHAT_KEY"]


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(BASE, api_key=KEY) as client:
        yield client


@pytest.fixture
def name() -> str:
    """A session that no other test has."""
    return f"test-{uuid.uuid4()}"
