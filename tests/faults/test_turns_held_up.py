"""Turns while MongoDB or a worker stands still, or a clock is wrong: nothing is lost or doubled.

One service with two workers for all of it. The pauses are short; `--slow` makes them ten seconds.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chatproject.mongod import embedded
from tests import model_server
from tests.chatproject.conftest import Service
from tests.faults.talks import READY_SECONDS, Listener, Talk, paused, runner_of, took, with_model
from tests.model_server import ModelServer
from tests.services.turns import events
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("turns that are held up")

# What a follower may wait once MongoDB is back, and a stop take at any worker.
GOES_ON_SECONDS = 2.0
AT_ONCE_SECONDS = 1.0


@pytest.fixture(scope="module")
def shared() -> Iterator[ModelServer]:
    with model_server.serving() as running:
        yield running


@pytest.fixture(scope="module")
def service(shared: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("held up") / "data"
    # A worker that stands still is not replaced here: what it does afterwards is the question.
    off = {"WORKER_SILENCE_SECONDS": "0"}
    running = Service(directory, **with_model(shared, **off)).ready(READY_SECONDS)
    yield running
    running.kill()


@pytest.fixture
def model(shared: ModelServer) -> ModelServer:
    shared.answers, shared.requests = [], []
    return shared


@pytest.fixture
def talk(service: Service, model: ModelServer) -> Talk:
    return Talk(service)


@pytest.fixture
def pause(request: pytest.FixtureRequest) -> float:
    return 10.0 if request.config.getoption("--slow") else 3.0


def words(seconds: float) -> list[str]:
    """As many as last so long at five a second."""
    return [f"word{n} " for n in range(int(seconds * 5))]


def all_listeners(talk: Talk) -> list[Listener]:
    """Who asks, and some that follow, at both workers in all likelihood."""
    asking = Listener(talk, asks=True).until_heard(1)
    return [asking, *(Listener(talk).until_heard(1) for _ in range(5))]


def is_whole(talk: Talk, listeners: list[Listener], text: str) -> None:
    """Everybody has heard all of it, it is stored once, and was paid for once."""
    for listener in listeners:
        found = listener.events()
        assert events.names(found) == ["context", "delta", "message", "done"]
        assert events.text(found) == text
    assert talk.said() == [("user", "Hello?"), ("assistant", text)]


def test_a_pause_of_mongodb_loses_no_reply_lets_no_turn_in_and_followers_go_on(
    talk: Talk, model: ModelServer, pause: float
):
    said = words(pause + 6)
    model.answers = [model_server.streams(*said, between=0.2)]
    listeners = all_listeners(talk)
    with paused(talk.service.pid("mongod")):
        time.sleep(pause)
    back = time.monotonic()
    assert talk.ask("another device").status_code == 409
    for listener in listeners:
        assert listener.hears_within(GOES_ON_SECONDS, of=back)
    is_whole(talk, listeners, "".join(said))
    assert len(model.requests) == 1


def test_a_reply_that_comes_while_mongodb_stands_still_is_stored_when_it_is_back(
    talk: Talk, model: ModelServer, pause: float
):
    said, rest_comes = words(2), threading.Event()
    model.answers = [model_server.streams(*said, between=0.2, second=rest_comes)]
    listeners = all_listeners(talk)
    with paused(talk.service.pid("mongod")):
        rest_comes.set()
        time.sleep(pause)
    is_whole(talk, listeners, "".join(said))
    assert len(model.requests) == 1


def test_a_pause_of_the_worker_loses_nothing(talk: Talk, model: ModelServer, pause: float):
    said = words(pause + 4)
    model.answers = [model_server.streams(*said, between=0.2)]
    listeners = all_listeners(talk)
    with paused(runner_of(talk)):
        time.sleep(pause)
    is_whole(talk, listeners, "".join(said))
    assert len(model.requests) == 1


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_a_stop_ends_the_call_at_once_at_any_worker(talk: Talk, model: ModelServer, how: str):
    for _ in range(4):
        again = Talk(talk.service, talk)
        model.answers, hang_ups = [model_server.hangs_after("One", " two")], model.hang_ups
        Listener(again, asks=True).until_heard(2)
        began = time.monotonic()
        if how == "cancel":
            stopped = again.request("POST", "chat", "cancel").json()
            assert stopped["assistant_message"]["content"] == "One two"
        else:
            assert again.request("DELETE").status_code == 204
        assert model.wait_for_hang_up(hang_ups + 1)
        usual = took(talk.service.get, "/healthz")
        assert time.monotonic() - began < AT_ONCE_SECONDS + 4 * usual


def test_a_reader_who_reads_slowly_holds_up_nobody_and_gets_it_all(talk: Talk, model: ModelServer):
    said = ["x" * 5_000 + " "] * 6
    model.answers = [model_server.streams(*said, between=0.05)]
    body = {"content": "Hello?", "client_id": "k", "stream": True}
    with httpx.stream(
        "POST", talk.url("chat"), json=body, headers=talk.headers, timeout=60
    ) as response:
        # Nothing is read until everybody else has heard the end.
        assert events.text(Listener(talk).events()) in {"".join(said), ""}
        assert talk.until_answered()["assistant_message"]["content"] == "".join(said)
        found = events.parse(b"".join(response.iter_raw()))
    assert events.text(found) == "".join(said)
    assert len(model.requests) == 1


def test_an_id_ahead_of_the_text_goes_on_with_what_follows_at_any_worker(
    talk: Talk, model: ModelServer
):
    said = words(8)
    model.answers = [model_server.streams(*said, between=0.2)]
    asking = Listener(talk, asks=True).until_heard(2)
    turn = events.parse(asking.body[: asking.body.rfind(b"\n\n") + 2])[0].id.partition(":")[0]
    ahead = [Listener(talk, **{"Last-Event-ID": f"{turn}:100000"}) for _ in range(6)]
    for listener in ahead:
        found = listener.events()
        assert events.names(found) == ["delta", "message", "done"]
        assert "".join(said).endswith(events.text(found))


@pytest.mark.slow
def test_a_worker_that_stood_still_for_longer_than_its_lease_stores_its_reply_all_the_same(
    talk: Talk, model: ModelServer
):
    said = words(4)
    model.answers = [model_server.streams(*said, between=0.2)]
    asking = Listener(talk, asks=True).until_heard(1)
    with paused(runner_of(talk)):
        time.sleep(40)
    wait_until(lambda: talk.said() == [("user", "Hello?"), ("assistant", "".join(said))])
    assert events.text(asking.events()) == "".join(said)
    assert talk.until_answered()["assistant_message"]["content"] == "".join(said)
    assert len(model.requests) == 1


FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed")
@pytest.mark.parametrize("offset", ["+30s", "-30s"])
def test_a_host_whose_clock_is_half_a_minute_off_ends_nobodys_turn_and_loses_none(
    talk: Talk, model: ModelServer, offset: str, tmp_path: Path
):
    first = talk.service
    secrets = dict.fromkeys(("SECRET_KEY", "JWT_SIGNING_KEY"), "x" * 50)
    hosts = {
        "MONGODB_URI": str(embedded.endpoint(first.data_dir)),
        "MONGODB_DATABASE": "two_hosts",
        **with_model(model, WORKERS="1"),
        **secrets,
    }
    wrong = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset}
    here = Service(tmp_path / "here", **hosts)
    there = Service(tmp_path / "there", **hosts, **wrong)
    try:
        here.ready(READY_SECONDS)
        there.ready(READY_SECONDS)
        early = there if offset.startswith("-") else here
        for runs, other in ((here, there), (there, here)):
            mine = Talk(early)
            mine.service = runs
            said = words(6)
            model.answers = [model_server.streams(*said, between=0.2)]
            listeners = [Listener(mine, asks=True).until_heard(1)]
            mine.service = other
            listeners.append(Listener(mine).until_heard(1))
            assert mine.request("GET").json()["turn_in_progress"] is True
            assert mine.ask("another device").status_code == 409
            is_whole(mine, listeners, "".join(said))
    finally:
        here.kill()
        there.kill()
