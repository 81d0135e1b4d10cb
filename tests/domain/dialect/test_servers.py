"""Every history against every server of the table: no conversation dies of a dialect."""

import pytest
from hypothesis import given, settings

from sessions_app.domain.dialect import Extras, Form, Manner, write
from tests.domain.dialect.histories import HISTORIES, goes_on, histories, numbered, user
from tests.model_server import rules


@pytest.mark.parametrize("server", rules.SERVERS)
@pytest.mark.parametrize("history", HISTORIES)
def test_a_history_goes_on_at_every_server(server, history):
    said = numbered([*HISTORIES[history]])
    request, _ = goes_on(server, said)
    assert request.messages


@pytest.mark.parametrize("server", rules.SERVERS)
@given(histories())
@settings(deadline=None)
def test_any_history_goes_on_at_every_server(server, said):
    request, manner = goes_on(server, said)
    # What has been learned holds for whatever comes next, but for what it has not met yet.
    again, _ = goes_on(server, [*said, user("Go on.", len(said) + 1)], manner)
    assert request.messages
    assert again.messages


@given(histories())
@settings(deadline=None, max_examples=5 * settings.default.max_examples // 2)
def test_the_strict_form_needs_no_second_try_at_a_server_with_an_alternating_template(said):
    plain = write(said, Manner(Form.PLAIN)).messages
    for server in ("qwen", "llama.cpp", "lm studio", "mistral"):
        without_extras = write(said, Manner(Form.STRICT, Extras.NONE)).messages
        assert rules.refusal(server, {"messages": without_extras}) is None, without_extras
    assert rules.refusal("gemma2", {"messages": plain}) is None


def test_the_rules_refuse_what_the_servers_refuse():
    taken = [
        (server, history)
        for server in rules.SERVERS
        for history, said in HISTORIES.items()
        if rules.refusal(server, {"messages": as_stored(said)}) is None
    ]
    # As they are stored, most of these histories end at most of these servers.
    assert len(taken) < len(rules.SERVERS) * len(HISTORIES) / 2


def as_stored(said):
    return [
        {
            "role": m.role,
            "content": m.content,
            **({"name": m.name} if m.name else {}),
            **({"tool_calls": [dict(c, function={"arguments": None, **c["function"]})
                               for c in m.tool_calls]} if m.tool_calls else {}),
            **({"tool_call_id": m.tool_call_id} if m.tool_call_id else {}),
        }
        for m in said
    ]  # fmt: skip
