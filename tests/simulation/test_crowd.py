"""Many users at once, and how they end."""

import threading
import time

import pytest

from sessions_app.simulation import client, replay
from sessions_app.simulation.crowd import Crowd
from sessions_app.simulation.dialogues import Dialogue
from sessions_app.simulation.measurements import Measurements

NOWHERE = "http://127.0.0.1:1"


class Served(client.ApiClient):
    """A client whose requests need no server."""

    def register(self) -> None:
        self._tokens = {"access": "a"}

    def call(self, route: str, **_: object) -> dict[str, object]:
        if self._stop.is_set():
            raise client.Stopped
        time.sleep(0.01)
        return {"session_id": "s", "message_count": 3, "results": []}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.simulation.crowd.ApiClient", Served)


def dialogues(number: int) -> list[Dialogue]:
    return [Dialogue(str(n), [{"role": "user", "content": "Hi"}] * 3) for n in range(number)]


@pytest.mark.usefixtures("served")
def test_users_end_before_their_next_request_when_one_of_them_breaks_off():
    measurements = Measurements()
    broken = threading.Event()

    def breaking() -> None:
        if not broken.is_set():
            broken.set()
            raise KeyboardInterrupt

    crowd = Crowd(NOWHERE, dialogues(50), users=4, measurements=measurements, stored=breaking)
    with pytest.raises(KeyboardInterrupt):
        crowd.run()

    assert measurements.as_json()["messages"] < 10


@pytest.mark.usefixtures("served")
def test_an_answer_of_another_shape_is_a_failure(monkeypatch: pytest.MonkeyPatch):
    measurements = Measurements()
    monkeypatch.setattr(replay, "CREATE", "POST /")
    monkeypatch.setattr(Served, "call", lambda *_, **__: {})

    Crowd(NOWHERE, dialogues(1), users=1, measurements=measurements, stored=lambda: None).run()

    assert measurements.as_json()["failures"] == [
        "0: an answer has not the shape of the wire contract (KeyError('session_id'))"
    ]


def test_users_who_cannot_register_leave_the_dialogues_behind(monkeypatch: pytest.MonkeyPatch):
    measurements = Measurements()
    monkeypatch.setattr(client, "MAX_ATTEMPTS", 1)

    Crowd(NOWHERE, dialogues(2), users=1, measurements=measurements, stored=lambda: None).run()

    first, second = measurements.as_json()["failures"]
    assert first.startswith("a user could not register: POST /auth/register: ConnectError")
    assert second == "2 dialogues were not replayed"
