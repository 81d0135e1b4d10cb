"""What a client can write into the log."""

import io
import logging
import logging.config
import sys

import pytest
from django.conf import settings
from django.test import Client


@pytest.fixture
def log(monkeypatch):
    """What the service's own logging writes to stderr."""
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    handlers = logging.root.handlers[:]
    logging.config.dictConfig(settings.LOGGING)
    yield lambda: stderr.getvalue().splitlines()
    logging.root.handlers[:] = handlers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:1",
        "a b",
        "a\x1b[31m",
        "x" * 5_000,
        "[::1",
        "\u202eevil",
        "a,b",
    ],
)
def test_a_host_that_is_not_allowed_is_one_line_without_a_traceback(database, log, settings, host):
    settings.ALLOWED_HOSTS = ["chat.example"]
    response = Client().get("/session", HTTP_HOST=host)
    assert response.status_code == 400
    (line,) = log()
    assert "Invalid HTTP_HOST header" in line
    assert len(line) < 400
    assert line.isprintable()


def test_so_is_a_form_with_too_many_fields(database, log, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    client = Client(enforce_csrf_checks=True)
    client.post("/admin/login/", {f"a{number}": "1" for number in range(9)})
    assert not any("Traceback" in line for line in log())


def test_an_error_of_the_service_keeps_its_traceback(log):
    try:
        raise ValueError
    except ValueError:
        logging.getLogger("chatproject").exception("broken")
    assert "Traceback (most recent call last):" in log()
