"""/healthz and /readyz when something is wrong."""

import importlib.metadata
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import DatabaseError
from django.test import Client

from chatproject.probes import health, readiness
from chatproject.serving.gateway import queues
from chatproject.storage import disk
from sessions_app import clock, encoders
from sessions_app.encoders import minilm
from tests.chatproject.conftest import Service
from tests.conftest import error


@pytest.fixture
def parts(monkeypatch):
    """How what the service depends on is, whatever is there; all is well at first."""
    state = {"mongodb": True, "accounts": True, "requests": True, "encoder": True}
    # Other modules add their checks when they are imported, in a service or by another test.
    own = {*state, "clock", "disk"}
    checks = {name: replace(check) for name, check in readiness._checks.items() if name in own}
    for name in state:
        checks[name].ask = partial(state.get, name)
    monkeypatch.setattr(readiness, "_checks", checks)
    return state


def body(**parts: str) -> dict[str, str]:
    """All well, but for these."""
    well = dict.fromkeys(("status", "mongodb", "accounts", "encoder", "requests"), "ok")
    return well | parts


@pytest.fixture(autouse=True)
def worker():
    """What a worker's queues add to the checks."""
    queues.Queues()


def test_readyz_names_mongodb(parts):
    parts["mongodb"] = False
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json() == body(status="unavailable", mongodb="unavailable")


def test_without_accounts_it_is_degraded_and_stays_in_service(parts):
    parts["accounts"] = False
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json() == body(status="degraded", accounts="unavailable")


def test_a_worker_that_refuses_requests_is_not_ready(parts):
    parts["requests"] = False
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json() == body(status="unavailable", requests="refused")


def test_readyz_tells_of_a_missing_encoder_and_is_ready_without(parts):
    parts["encoder"] = False
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json() == body(encoder="unavailable")


@pytest.mark.parametrize(
    ("ahead", "status", "said"),
    [
        (timedelta(hours=1), 503, "+3600 s from MongoDB's"),
        (timedelta(days=-40), 503, "-3456000 s from MongoDB's"),
        (timedelta(seconds=20), 200, None),
    ],
)
def test_readyz_names_a_clock_that_is_off(parts, ahead, status, said):
    clock.read(datetime.now(UTC) - ahead, at=clock.steady())
    try:
        response = Client().get("/readyz")
    finally:
        clock.forget()
    assert response.status_code == status
    expected = body(status="unavailable", clock=said) if said else body()
    assert response.json() == expected


def test_readyz_names_a_full_disk_and_stays_ready_as_reads_go_on(parts, monkeypatch):
    monkeypatch.setattr(disk, "free", lambda _: disk.RESERVED_BYTES - 1)
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (200, body(disk="full"))


def test_a_full_disk_refuses_writes_by_name(alice, create, monkeypatch):
    session_id = create()["session_id"]
    monkeypatch.setattr(disk, "free", lambda _: disk.RESERVED_BYTES - 1)
    refused = alice.client.post(f"/session/{session_id}/message", {"content": "x"})
    detail = "The disk is full: reads go on, and writes again when there is room."
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert refused.json() == error("storage_unavailable", detail, kind="server_error")
    assert alice.client.get(f"/session/{session_id}").status_code == 200
    # Whoever comes back to read has to sign in.
    assert alice.client.post("/auth/token", {}).status_code == 400
    monkeypatch.setattr(disk, "free", lambda _: disk.RESERVED_BYTES)
    assert alice.client.post(f"/session/{session_id}/message", {"content": "x"}).status_code == 201


def test_with_mongodb_elsewhere_the_disk_refuses_nothing(alice, create, monkeypatch, settings):
    settings.MONGODB_URI = "mongodb://elsewhere"
    monkeypatch.setattr(disk, "free", lambda _: 0)
    assert create()["session_id"]


@pytest.fixture
def unloaded():
    def forget():
        encoders._loaded.clear()
        encoders._is_installed.cache_clear()

    forget()
    yield
    forget()


def test_looking_for_the_encoder_loads_no_model_and_looks_once(unloaded, monkeypatch):
    looks = []
    distribution = importlib.metadata.distribution
    monkeypatch.setattr(
        importlib.metadata, "distribution", lambda name: looks.append(name) or distribution(name)
    )
    assert {encoders.available() for _ in range(3)} == {True}
    assert len(looks) == 2
    assert encoders._loaded == {}


@pytest.mark.parametrize("part", ["MODEL", "VOCABULARY"])
def test_an_encoder_with_a_file_missing_is_unavailable(unloaded, monkeypatch, part):
    monkeypatch.setattr(minilm, part, ("numpy", "nowhere/model.onnx"))
    assert encoders.available() is False


def test_an_encoder_with_a_package_missing_is_unavailable(unloaded, monkeypatch):
    monkeypatch.setattr(minilm, "MODEL", ("not-installed-anywhere", "model.onnx"))
    assert encoders.available() is False


def test_an_encoder_that_was_refused_when_loaded_is_unavailable(unloaded, monkeypatch):
    monkeypatch.setattr(minilm, "MODEL_SHA256", "0" * 64)
    assert encoders.available() is True
    assert encoders.load_encoder() is None
    assert encoders.available() is False


def test_a_failing_query_means_that_accounts_are_unavailable(monkeypatch):
    def cursor():
        raise DatabaseError

    monkeypatch.setattr(health.connection, "cursor", cursor)
    assert health._accounts_answer() is False


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_takes_no_token_no_post_and_no_cache(parts, path):
    assert Client().post(path).status_code == 405
    assert "no-store" in Client().head(path)["Cache-Control"]


def test_readyz_tells_of_a_frozen_mongod_and_of_its_return(serve):
    service: Service = serve().ready()
    mongod = service.pid("mongod")
    os.kill(mongod, signal.SIGSTOP)
    try:
        response = service.get("/readyz")
        assert service.get("/healthz").status_code == 200
    finally:
        os.kill(mongod, signal.SIGCONT)
    assert response.status_code == 503
    assert response.json() == body(status="unavailable", mongodb="unavailable")
    assert service.get("/readyz").status_code == 200
