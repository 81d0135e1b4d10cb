"""/healthz and /readyz when something is wrong."""

import os
import signal
import time

import pytest
from django.db import DatabaseError
from django.test import Client

from chatproject import health
from tests.serve.conftest import Service


@pytest.fixture
def up(monkeypatch):
    """Both parts answer, whatever is there."""
    monkeypatch.setattr(health.health, "primary_is_up", lambda _timeout_ms: True)
    monkeypatch.setattr(health, "_ask_accounts", lambda: True)


def test_readyz_names_mongodb(up, monkeypatch):
    monkeypatch.setattr(health.health, "primary_is_up", lambda _timeout_ms: False)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "mongodb": "unavailable", "accounts": "ok"}


def test_readyz_names_the_accounts_database(up, monkeypatch):
    monkeypatch.setattr(health, "_ask_accounts", lambda: False)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "mongodb": "ok", "accounts": "unavailable"}


def test_a_failing_query_means_that_accounts_are_unavailable(monkeypatch):
    def cursor():
        raise DatabaseError

    monkeypatch.setattr(health.connection, "cursor", cursor)
    assert health._ask_accounts() is False


def test_readyz_does_not_wait_for_a_silent_accounts_server(up, monkeypatch):
    monkeypatch.setattr(health, "ACCOUNTS_SECONDS", 0.2)
    monkeypatch.setattr(health, "_ask_accounts", lambda: time.sleep(1) or True)
    monkeypatch.setattr(type(health.connection._connections["default"]), "vendor", "postgresql")
    for _ in range(2):
        assert Client().get("/readyz").json()["accounts"] == "unavailable"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_takes_no_token_no_post_and_no_cache(up, path):
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
    assert response.json() == {"status": "unavailable", "mongodb": "unavailable", "accounts": "ok"}
    assert service.get("/readyz").status_code == 200
