"""Model calls are counted once more than other requests."""

from typing import Any

from tests.api.bodies import path
from tests.conftest import Person
from tests.services.turns.api import attach, cancel, chat, regenerate
from tests.services.turns.scripted import ScriptedModel


def test_model_calls_have_a_limit_of_their_own(
    alice: Person, session: Any, model: ScriptedModel, settings: Any
):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"chat": "2/min"}
    assert chat(alice, session, "One").status_code == 200
    assert regenerate(alice, session).status_code == 200
    for response in (chat(alice, session, "Two"), regenerate(alice, session)):
        assert response.status_code == 429
        assert response.json()["errors"][0]["code"] == "throttled"
        assert int(response.headers["Retry-After"]) >= 1
    assert alice.client.get(path(session)).json()["message_count"] == 3


def test_what_calls_no_model_is_not_counted(
    alice: Person, session: Any, model: ScriptedModel, settings: Any
):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"chat": "1/min"}
    for _ in range(3):
        assert attach(alice, session).status_code == 204
        assert cancel(alice, session).status_code == 204
    assert chat(alice, session).status_code == 200
