"""Lines of the log: what they have, and what they never have."""

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from chatproject.logs import log_format
from chatproject.logs.slow_queries import SlowQueries, shape
from sessions_app import request_context
from sessions_app.request_context import RequestFacts

TOKEN = "eyJhbGciOi.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl"


def record(message: str, *args: Any, error: BaseException | None = None, **extra: Any) -> Any:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("chat.test", logging.WARNING, __file__, 1, message, args, info)
    made.__dict__.update(extra)
    log_format.OfRequest().filter(made)
    return made


def as_json(made: Any) -> dict[str, Any]:
    line = log_format.JsonLines().format(made)
    assert "\n" not in line
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def as_text(made: Any) -> str:
    return log_format.TextLines("%(levelname)s %(message)s%(of_request)s").format(made)


def raised(error: Exception) -> BaseException:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_a_line_of_json_has_time_level_logger_message_and_worker():
    line = as_json(record("hello %s", "there"))
    assert line.pop("time").endswith("+00:00")
    assert line.pop("worker") > 0
    assert line == {"level": "WARNING", "logger": "chat.test", "message": "hello there"}


def test_a_line_names_the_request_and_session_it_belongs_to():
    token = request_context.facts.set(RequestFacts("trace-1", "session-1"))
    try:
        made = record("slow")
    finally:
        request_context.facts.reset(token)
    line = as_json(made)
    assert (line["request_id"], line["session_id"]) == ("trace-1", "session-1")
    assert as_text(made) == "WARNING slow [request trace-1]"


@pytest.mark.parametrize(
    "text",
    [
        f"token {TOKEN} refused",
        "Authorization: Bearer planted-secret-key",
        "Authorization: Basic planted-secret-key",
        "cannot reach mongodb://chat:planted-secret@db:27017/x",
    ],
)
def test_what_looks_like_a_credential_is_masked(text):
    for line in (as_json(record(text))["message"], as_text(record(text))):
        assert "planted" not in line
        assert "eyJ" not in line
        assert "[masked]" in line


def test_the_services_own_keys_are_masked(settings):
    line = as_text(record("key %s", settings.JWT_SIGNING_KEY))
    assert settings.JWT_SIGNING_KEY not in line


def test_an_exception_is_told_by_type_and_place_and_never_by_its_words():
    error = raised(ValueError("what alice wrote"))
    try:
        raise KeyError("more of it") from error
    except KeyError as caught:
        made = record("failed", error=caught)
    for line in (as_json(made)["exception"], as_text(made)):
        assert "ValueError" in line
        assert "KeyError" in line
        assert "test_log_format.py" in line
        assert "what alice wrote" not in line.replace('"what alice wrote"))', "")
        assert "more of it" not in line.replace('KeyError("more of it")', "")


def test_the_same_user_has_the_same_hash_which_does_not_show_the_id():
    assert log_format.user_hash("42") == log_format.user_hash(42) != log_format.user_hash("43")
    assert len(log_format.user_hash("42")) == 16


class TestAccessLog:
    def lines(self, caplog) -> list[Any]:
        return [record for record in caplog.records if record.name == "chat.access"]

    def test_a_request_is_a_line_with_route_user_session_status_and_duration(
        self, alice, create, caplog
    ):
        session_id = create()["session_id"]
        caplog.clear()
        alice.client.post(f"/session/{session_id}/message", {"role": "user", "content": "planted"})
        [line] = self.lines(caplog)
        assert line.route == "/session/{session_id}/message"
        assert (line.method, line.status, line.session_id) == ("POST", 201, session_id)
        assert line.user == log_format.user_hash(alice.id)
        assert line.duration_ms > 0
        assert "planted" not in line.getMessage()

    def test_what_is_no_id_of_ours_is_not_repeated(self, alice, caplog):
        caplog.set_level("INFO", "chat.access")
        alice.client.get("/session/planted-text?limit=7")
        [line] = self.lines(caplog)
        assert (line.status, line.session_id) == (404, "")
        assert "planted" not in str(line.__dict__)

    def test_probes_that_are_well_are_left_out(self, caplog):
        caplog.set_level("INFO", "chat.access")
        Client().get("/healthz")
        assert self.lines(caplog) == []

    def test_it_can_be_switched_off(self, alice, settings, caplog):
        settings.ACCESS_LOG = False
        caplog.set_level("INFO", "chat.access")
        alice.client.get("/session")
        assert self.lines(caplog) == []


class TestSlowQueries:
    def run(self, listener: SlowQueries, command: dict[str, Any], milliseconds: float) -> None:
        event = SimpleNamespace(
            request_id=7,
            command=command,
            command_name=next(iter(command)),
            duration_micros=milliseconds * 1_000,
        )
        started: Any = event
        listener.started(started)
        listener.succeeded(started)

    COMMAND = {
        "find": "sessions",
        "filter": {"user_id": "planted", "seq": {"$gt": 4}, "_id": {"$in": ["planted", "b"]}},
        "sort": {"updated_at": -1},
        "lsid": {"id": "planted"},
    }

    def test_a_slow_one_is_told_by_command_collection_and_shape(self, caplog):
        self.run(SlowQueries(100), self.COMMAND, 100)
        [line] = caplog.messages
        assert "find sessions took 100.0 ms" in line
        assert "{'user_id': '?', 'seq': {'$gt': '?'}, '_id': {'$in': ['?']}}" in line
        assert "planted" not in line

    def test_a_quick_one_is_not_told_and_none_is_kept(self, caplog):
        listener = SlowQueries(100)
        self.run(listener, self.COMMAND, 99)
        assert caplog.messages == []
        assert listener._running == {}

    def test_a_name_that_may_be_a_value_is_not_told(self):
        assert shape({"what alice wrote": 1, "$set": {"a.b": "x"}}) == {
            "?": "?",
            "$set": {"a.b": "?"},
        }
