"""The service that a simulation starts for itself."""

from pathlib import Path

import pytest

from sessions_app.simulation import own_service


def test_a_service_that_does_not_start_says_why_in_its_last_words(tmp_path: Path):
    broken = tmp_path / "manage.py"
    broken.write_text("import sys; sys.exit('error: no mongod was found on this machine')")

    with (
        pytest.raises(own_service.ServiceDidNotStart, match="no mongod was found"),
        own_service.running(broken),
    ):
        pytest.fail("it has not started")


def test_its_own_service_never_touches_real_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("MONGODB_URI", "mongodb://production")
    monkeypatch.setenv("DATABASE_URL", "postgres://production")
    shows = tmp_path / "manage.py"
    shows.write_text("import os, sys; sys.exit(repr(sorted(os.environ.items())))")

    with (
        pytest.raises(own_service.ServiceDidNotStart) as caught,
        own_service.running(shows),
    ):
        pytest.fail("it has not started")

    assert "production" not in str(caught.value)
    assert "('THROTTLE_USER', '')" in str(caught.value)
