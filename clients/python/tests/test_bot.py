"""`examples/bot.py`, as its users see it."""

import importlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def bot() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAT_URL", os.environ["BASE"])
        patch.setenv("CHAT_KEY", os.environ["SERVICE_KEY"])
        patch.syspath_prepend(str(EXAMPLES))
        with TestClient(importlib.import_module("bot").app) as client:
            yield client


def say(bot: Any, user: str, text: str, **more: str) -> str:
    answer = bot.post("/chat", json={"text": text, **more}, headers={"X-User": user})
    assert answer.status_code == 200
    return answer.text


def history(bot: Any, user: str) -> list[tuple[str, str]]:
    told = bot.get("/history", headers={"X-User": user}).json()
    return [(each["role"], each["text"]) for each in told]


def test_it_remembers_each_user_in_the_third_turn(bot: Any):
    alice, bob = f"alice-{uuid.uuid4()}", f"bob-{uuid.uuid4()}"
    say(bot, alice, "My dog is called Rufus.")
    say(bot, bob, "My cat is called Minou.")
    say(bot, alice, "It rains.")
    third = say(bot, alice, "What is my dog called?")

    assert "Rufus" in third
    assert history(bot, alice)[-1] == ("assistant", third)
    assert len(history(bot, alice)) == 6
    assert "Rufus" not in str(history(bot, bob))


def test_a_repeat_asks_once(bot: Any):
    user = f"carol-{uuid.uuid4()}"
    first, second = (say(bot, user, "Hello.", key="one") for _ in range(2))

    assert first == second
    assert len(history(bot, user)) == 2


def test_it_is_short():
    assert len((EXAMPLES / "bot.py").read_text().splitlines()) <= 60
