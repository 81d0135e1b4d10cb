"""The audit replays the rules of servers: nothing to find, and found where there is something."""

from dataclasses import replace
from typing import Any

import pytest

from sessions_app.domain.audit.sent import complaints
from sessions_app.domain.audit.windows import Promise
from sessions_app.domain.data import Role
from sessions_app.domain.dialect import Form, Manner, write
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.window import Reason
from sessions_app.services.audits import windows as audits
from sessions_app.services.context import writing
from tests.domain.dialect.histories import HISTORIES, numbered
from tests.repository.conftest import new_session

CALL = [{"id": "a.b", "type": "function", "function": {"name": "f g", "arguments": "[1]"}}]
REFUSED_AS_STORED = [
    MessageDraft(Role.ASSISTANT, "Welcome!"),
    MessageDraft(Role.USER, "1", name="Ann Smith"),
    MessageDraft(Role.ASSISTANT, "", tool_calls=CALL),
    MessageDraft(Role.USER, "2"),
    MessageDraft(Role.TOOL, "r1", tool_call_id="a.b"),
    MessageDraft(Role.TOOL, "r2", tool_call_id="a.b"),
    MessageDraft(Role.USER, "3"),
]


@pytest.fixture
def audit(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(audits.encoders, "load_encoder", lambda: None)

    def run(**options: Any) -> Any:
        asked = {"user_id": None, "max_tokens": None, "strategy": None, "since": None}
        found = audits.context_audit(**asked | options, limit=None, progress=lambda _: None)
        return next(iter(found))

    return run


@pytest.mark.parametrize("form", ["openai", "strict"])
@pytest.mark.parametrize("max_tokens", [64, 90, 4_000])
def test_a_session_that_no_server_would_take_as_stored_is_sound(
    audit: Any, settings: Any, form: str, max_tokens: int
) -> None:
    settings.LLM_DIALECT = form
    new_session(history=REFUSED_AS_STORED)
    assert audit(max_tokens=max_tokens).breaches == []


def test_a_result_larger_than_the_window_is_sound(audit: Any) -> None:
    result = MessageDraft(Role.TOOL, "word " * 900, tool_call_id="a.b")
    new_session(history=[*REFUSED_AS_STORED[:3], result])
    assert audit(max_tokens=200).breaches == []


def silent(audit: Any, monkeypatch: pytest.MonkeyPatch, *seqs: int) -> Any:
    """The audit of a session of which a careless dialect leaves these messages out."""
    new_session(history=REFUSED_AS_STORED)
    honest = writing.dialect.write

    def careless(said: Any, manner: Any) -> Any:
        written = honest([each for each in said if each.seq not in seqs], manner)
        left_out = [writing.Change(seq, writing.SentAs.LEFT_OUT, "careless") for seq in seqs]
        return replace(written, changes=(*left_out, *written.changes))

    monkeypatch.setattr(writing.dialect, "write", careless)
    return audit()


def test_a_reply_without_text_is_dropped_and_sound(audit: Any) -> None:
    blank = MessageDraft(Role.ASSISTANT, " ")
    new_session(history=[*REFUSED_AS_STORED, blank, MessageDraft(Role.USER, "4")])
    found = audit()
    assert found.breaches == []
    plan = found.plans[found.replayed]
    assert [(m.seq, m.reason) for m in plan.messages if not m.kept] == [(8, Reason.NOTHING_TO_SEND)]


def test_a_reply_with_text_that_is_left_out_is_found(
    audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaches = silent(audit, monkeypatch, 1).breaches
    assert (Promise.REASON, 1) in {(breach.promise, breach.seq) for breach in breaches}


def test_a_request_that_would_be_refused_is_found(
    audit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_session(history=REFUSED_AS_STORED)
    honest = writing.dialect.write

    def careless(said: Any, manner: Any) -> Any:
        written = honest(said, manner)
        for each in written.sent:
            for call in each.message.get("tool_calls", ()):
                call["id"] = "x" * 41
        return written

    monkeypatch.setattr(writing.dialect, "write", careless)
    assert Promise.ACCEPTED in {breach.promise for breach in audit().breaches}


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("history", HISTORIES)
def test_nothing_that_is_written_is_complained_of(history: str, form: Form) -> None:
    request = write(numbered(HISTORIES[history]), Manner(form))
    assert list(complaints(request.messages, strict=form is not Form.OPENAI)) == []


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "developer", "content": "a"}],
        [{"role": "system", "content": "a"}, {"role": "system", "content": "b"}],
        [{"role": "user", "content": " "}],
        [{"role": "user", "content": "a", "name": "Ann Smith"}],
        [{"role": "tool", "content": "a", "tool_call_id": "x"}],
        [{"role": "assistant", "content": "", "tool_calls": CALL}],
    ],
)
def test_what_servers_refuse_is_complained_of(messages: Any) -> None:
    assert list(complaints(messages, strict=False))


@pytest.mark.parametrize(
    "roles", [["assistant"], ["user", "user"], ["user", "system"], ["user", "assistant", "system"]]
)
def test_what_alternating_templates_refuse_is_complained_of(roles: list[str]) -> None:
    messages = [{"role": role, "content": "a"} for role in roles]
    assert list(complaints(messages, strict=True))
