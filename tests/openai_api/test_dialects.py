"""A session goes on at whatever server: what is sent, what is read, what is told."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app import documents, providers
from sessions_app.domain.limits import REASONING_MAX_CHARS
from sessions_app.domain.sessions import titles
from sessions_app.openai_api import chat_completions
from sessions_app.services import dialects
from tests import model_server
from tests.api.bodies import path
from tests.conftest import Person
from tests.model_server import ModelServer, rules, streams
from tests.openai_api.calls import assistant, complete, lines, stored, text, until, user
from tests.services.turns import events

pytestmark = pytest.mark.usefixtures("no_encoder", "nothing_learned")


@pytest.fixture
def nothing_learned() -> None:
    dialects.forget()


def call(call_id: str = "call_a", name: str = "find", arguments: str = "{}") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def result(content: str, call_id: str = "call_a") -> dict[str, Any]:
    return {"role": "tool", "content": content, "tool_call_id": call_id}


def without(message: dict[str, Any], member: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != member}


def asked(server: ModelServer) -> list[list[dict[str, Any]]]:
    """The messages of the turns; titles are asked for beside them."""
    return [request["messages"] for request in server.requests if request.get("stream")]


HISTORIES: dict[str, list[dict[str, Any]]] = {
    "a question": [user("Hi")],
    "a system message in the middle": [
        user("1"), assistant("2"), {"role": "system", "content": "In French."}, user("3"),
    ],
    "a user's message between": [
        user("1"), assistant(None, tool_calls=[call()]), user("2"), result("r"), user("3"),
    ],
    "two results": [
        user("1"), assistant(None, tool_calls=[call()]), result("r1"), result("r2"),
    ],
    "an import": [
        user("1"), assistant(None, tool_calls=[call("4c1ff1a2-8c55-4d5f-9a3c-3f1f2a1b7d9e",
                                                    "browser.search")]),
        result("r", "4c1ff1a2-8c55-4d5f-9a3c-3f1f2a1b7d9e"), user("2"),
    ],
    "cut off arguments": [
        user("1"), assistant(None, tool_calls=[call(arguments='{"a": "Dear')]), result("r"),
    ],
    "no result": [user("1"), assistant(None, tool_calls=[call()]), user("2")],
    "a greeting": [assistant("Welcome!"), user("Hi")],
    "a speaker": [{**user("Hi"), "name": "Ann Smith"}],
    "two questions": [user("1"), user("2")],
}  # fmt: skip


@pytest.mark.mongod("hundreds of turns, for which mongomock takes seconds")
@pytest.mark.parametrize("speaks", rules.SERVERS)
def test_every_history_goes_on_at_every_server(
    alice: Person, create: Any, server: Any, speaks: str
):
    server.speaks = speaks
    for name, history in HISTORIES.items():
        session = create(system_prompt="Be brief.")
        assert text(complete(alice, session, *history)) == server.text, (speaks, name)
        assert text(complete(alice, session, "And now?")) == server.text, (speaks, name)


def test_a_form_that_is_accepted_is_remembered_for_all_workers(
    alice: Person, create: Any, server: ModelServer
):
    server.speaks = "llama.cpp"
    text(complete(alice, create(), user("1"), assistant("2"), assistant("3"), user("4")))
    assert (server.refused, len(asked(server))) == (1, 2)
    assert documents.ServerDialect.objects.first().form == "strict"
    # Another worker knows nothing yet but what stands in MongoDB.
    dialects.forget()
    text(complete(alice, create(), user("1"), assistant("2"), assistant("3"), user("4")))
    assert (server.refused, len(asked(server))) == (1, 3)


def test_a_form_that_is_set_is_no_matter_of_learning(
    alice: Person, create: Any, server: ModelServer, settings: Any
):
    settings.LLM_DIALECT = "openai"
    server.speaks = "qwen"
    said = [user("1"), {"role": "system", "content": "s"}, user("2")]
    assert complete(alice, create(), *said).status_code == 400
    settings.LLM_DIALECT = "strict"
    assert text(complete(alice, create(), *said)) == server.text
    assert server.refused == 1


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize("strategy", ["recent", "topic", "relevant", "hybrid"])
def test_thirty_turns_on_eight_subjects_go_on_at_an_alternating_template(
    alice: Person, create: Any, server: ModelServer, strategy: str
):
    server.speaks = "llama.cpp"
    subjects = ["sea", "bread", "trains", "owls", "taxes", "chess", "violins", "snow"]
    session = create(context_policy={"max_tokens": 300, "strategy": strategy})
    for turn in range(30):
        asked = f"Tell me about {subjects[turn % 8]}, number {turn}. " + "word " * 20
        assert text(complete(alice, session, asked)) == server.text
    assert server.refused <= 1


def test_a_failed_turn_is_followed_by_another(alice: Person, session: Any, server: ModelServer):
    server.speaks = "mistral"
    server.answers = [model_server.fails(401)]
    assert complete(alice, session, "One?").status_code == 502
    assert text(complete(alice, session, "Two?")) == server.text


def test_a_result_larger_than_the_window_is_cut_in_the_middle(
    alice: Person, create: Any, server: ModelServer
):
    session = create(context_policy={"max_tokens": 4_000})
    said = [user("Read it."), assistant(None, tool_calls=[call()]), result("word " * 6_400)]
    assert text(complete(alice, session, *said)) == server.text
    sent = asked(server)[0]
    assert [m["role"] for m in sent] == ["user", "assistant", "tool"]
    assert "characters left out" in sent[2]["content"]
    assert stored(alice, session)[2]["content"] == "word " * 6_400
    window = alice.client.get(path(session, "context"), {"max_tokens": 4_000}).json()
    assert window["token_count"] <= 4_000


def test_the_plan_says_what_is_cut(alice: Person, create: Any):
    session = create(context_policy={"max_tokens": 200})
    batch = [
        {"role": "user", "content": "Read it."},
        {"role": "assistant", "content": "", "tool_calls": [call()]},
        {"role": "tool", "content": "word " * 600, "tool_call_id": "call_a"},
    ]
    alice.client.post(path(session, "messages"), {"messages": batch})
    window = alice.client.get(path(session, "context")).json()
    assert [row.get("sent_as") for row in window["plan"]] == [None, None, "cut"]
    assert window["plan"][2]["reason"] == "to_be_answered"
    assert window["plan"][2]["sent_as_reason"]
    assert window["token_count"] <= 200


def test_the_plan_says_what_is_sent_otherwise_and_why(alice: Person, session: Any):
    batch = [
        {"role": "user", "content": "1", "name": "Ann Smith"},
        {"role": "assistant", "content": "", "tool_calls": [call()]},
        {"role": "user", "content": "2"},
        {"role": "tool", "content": "r1", "tool_call_id": "call_a"},
        {"role": "tool", "content": "r2", "tool_call_id": "call_a"},
    ]
    alice.client.post(path(session, "messages"), {"messages": batch})
    window = alice.client.get(path(session, "context")).json()
    assert [row.get("sent_as") for row in window["plan"]] == [
        "renamed", None, "moved", "joined", "joined",
    ]  # fmt: skip
    assert [m["role"] for m in window["messages"]] == ["user", "assistant", "tool", "user"]
    assert stored(alice, session)[0]["name"] == "Ann Smith"


def test_what_the_dialect_leaves_out_is_dropped_in_the_plan_with_its_reason(
    alice: Person, create: Any, server: ModelServer
):
    session = create(system_prompt="Be brief.")
    server.answers = [streams({"reasoning_content": "Hm."}, finish_reason="length")]
    complete(alice, session, "One?")
    text(complete(alice, session, "Two?"))
    window = alice.client.get(path(session, "context")).json()
    [row] = [each for each in window["plan"] if not each["kept"]]
    assert (row["seq"], row["reason"], row["sent_as"]) == (3, "nothing_to_send", "left_out")
    assert (window["dropped_count"], len(window["messages"])) == (1, 4)
    overhead = 4 * len(window["messages"])
    kept = sum(each["token_count"] for each in window["plan"] if each["kept"])
    assert window["token_count"] == kept + overhead
    told = alice.client.post(path(session, "chat"), {"content": "Three?"}).json()["context"]
    assert (told["kept"], told["dropped"]) == (5, 1)


def test_offered_tools_are_renamed_and_their_calls_come_back_under_their_names(
    alice: Person, session: Any, server: ModelServer
):
    server.speaks = "openai"
    tool = {"type": "function", "function": {"name": "browser.search", "parameters": {}}}

    def answer(request: Any) -> None:
        name = request.body["tools"][0]["function"]["name"]
        piece = {"index": 0, "id": "c", "function": {"name": name, "arguments": "{}"}}
        streams({"tool_calls": [piece]})(request)

    server.answers = [answer]
    message = complete(alice, session, "Hi", tools=[tool]).json()["choices"][0]["message"]
    assert message["tool_calls"][0]["function"]["name"] == "browser.search"
    assert stored(alice, session)[1]["tool_calls"][0]["function"]["name"] == "browser.search"
    assert text(complete(alice, session, result("r", "c"), tools=[tool])) == server.text


def thinking(*, call_id: str = "c") -> Any:
    signed = {"extra_content": {"google": {"thought_signature": "sig"}}}
    function = {"name": "f", "arguments": "{}"}
    return streams(
        {"reasoning_content": "Hm, "}, {"reasoning_content": "yes."},
        {"tool_calls": [{"index": 0, "id": call_id, "function": function, **signed}]},
        finish_reason="stop",
        usage={"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 99,
               "completion_tokens_details": {"reasoning_tokens": 3}},
    )  # fmt: skip


def test_thoughts_and_signatures_are_kept_told_and_sent_again_in_their_loop(
    alice: Person, session: Any, server: ModelServer
):
    server.answers = [thinking()]
    body = complete(alice, session, "Hi").json()
    message = body["choices"][0]["message"]
    assert (message["reasoning_content"], body["choices"][0]["finish_reason"]) == (
        "Hm, yes.", "tool_calls",
    )  # fmt: skip
    assert message["tool_calls"][0]["extra_content"]["google"]["thought_signature"] == "sig"
    assert body["usage"] == {
        "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 99,
        "completion_tokens_details": {"reasoning_tokens": 3},
    }  # fmt: skip
    kept = stored(alice, session)[1]
    assert (kept["content"], kept["reasoning"]) == ("", "Hm, yes.")
    assert kept["generation"]["usage"]["total_tokens"] == 99
    text(complete(alice, session, result("r", "c")))
    again = asked(server)[1][1]
    assert again["reasoning_content"] == "Hm, yes."
    assert again["tool_calls"][0]["extra_content"]["google"]["thought_signature"] == "sig"
    text(complete(alice, session, "And now?"))
    later = asked(server)[2][1]
    assert "reasoning_content" not in later
    assert "extra_content" not in later["tool_calls"][0]


def test_thoughts_are_erased_with_their_message(
    alice: Person, session: Any, server: ModelServer, database: Any
):
    server.answers = [streams({"reasoning_content": "Secret."}, "Well.")]
    text(complete(alice, session, "Hi"))
    assert "Secret." in json.dumps(stored(alice, session))
    alice.client.delete(path(session, "messages/2"))
    assert "Secret." not in str(database.sessions.find_one({}))
    assert "reasoning" not in stored(alice, session)[1]


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning", "thinking"])
def test_thoughts_in_a_history_from_elsewhere_are_kept_within_their_bound(
    alice: Person, session: Any, server: ModelServer, member: str
):
    thought = "\x1bHm, " + "long " * REASONING_MAX_CHARS
    history = [user("One?"), {**assistant("Two."), member: thought}, user("Three?")]
    assert text(complete(alice, session, *history)) == server.text
    kept = stored(alice, session)[1]
    assert kept["reasoning"] == thought[1 : REASONING_MAX_CHARS + 1]
    assert "Hm" not in kept["content"]
    # With and without them, it is the same history.
    history += [assistant(server.text), user("Four?")]
    complete(alice, session, *history)
    complete(alice, session, *[without(each, member) for each in history], assistant(server.text),
             user("Five?"))  # fmt: skip
    said = ["One?", "Two.", "Three?", server.text, "Four?", server.text, "Five?", server.text]
    assert [each["content"] for each in stored(alice, session)] == said


@pytest.mark.parametrize("thought", ["", None, 5, ["Hm."], {"text": "Hm."}])
def test_what_is_no_text_is_no_thought(
    alice: Person, session: Any, server: ModelServer, thought: Any
):
    history = [user("One?"), {**assistant("Two."), "reasoning": thought}, user("Three?")]
    assert text(complete(alice, session, *history)) == server.text
    assert "reasoning" not in stored(alice, session)[1]


def test_thoughts_from_elsewhere_are_sent_again_in_their_tool_loop(
    alice: Person, session: Any, server: ModelServer
):
    thinking = {**assistant(None, tool_calls=[call()]), "reasoning": "I must look."}
    complete(alice, session, user("Find it."), thinking, result("Here."))
    assert asked(server)[-1][1]["reasoning"] == "I must look."


def test_thoughts_are_streamed_on(alice: Person, session: Any, server: ModelServer):
    server.answers = [thinking()]
    deltas = [
        each["choices"][0]["delta"]
        for each in lines(complete(alice, session, "Hi", stream=True))
        if each != "[DONE]"
    ]
    told = [d["reasoning_content"] for d in deltas if "reasoning_content" in d]
    assert "".join(told) == "Hm, yes."
    [calls] = [d["tool_calls"] for d in deltas if "tool_calls" in d]
    assert calls[0]["extra_content"]["google"]["thought_signature"] == "sig"


def thinks_and_waits(member: str) -> Any:
    """A server that thinks, and does not go on before the test ends."""

    def answer(request: Any) -> None:
        request.begin()
        choice = {"index": 0, "delta": {member: "Hm, yes."}, "finish_reason": None}
        request.event({"object": "chat.completion.chunk", "choices": [choice]})
        request.wait(30)

    return answer


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
def test_thoughts_are_streamed_on_while_the_model_thinks(
    alice: Person, session: Any, server: ModelServer, member: str
):
    server.answers = [thinks_and_waits(member)]
    until(complete(alice, session, "Hi", stream=True), f'{{"{member}":"Hm, yes."}}')
    response = alice.client.get(path(session, "chat", "stream"))
    *_, thought = events.until(response, "reasoning")
    assert thought.data == {"text": "Hm, yes."}
    assert thought.id.endswith(":0+8")
    alice.client.post(path(session, "chat", "cancel"))


def test_thoughts_are_events_of_their_own_and_no_text_over_rest(
    alice: Person, session: Any, server: ModelServer
):
    server.answers = [streams({"reasoning_content": "Hm. "}, {"reasoning": "Yes."}, "Well.")]
    streamed = alice.client.post(path(session, "chat"), {"content": "Hi", "stream": True})
    told = events.read(streamed)
    said = {name: "".join(e.data["text"] for e in told if e.name == name)
            for name in ("reasoning", "delta")}  # fmt: skip
    assert said == {"reasoning": "Hm. Yes.", "delta": "Well."}
    [message] = [each.data for each in told if each.name == "message"]
    assert (message["content"], message["reasoning"]) == ("Well.", "Hm. Yes.")
    alone = alice.client.post(path(session, "message"), {"content": "Well.", "role": "assistant"})
    assert message["token_count"] == alone.json()["token_count"]


@pytest.mark.parametrize(
    ("answer", "status", "header"),
    [
        (model_server.fails(422), 422, ("X-Should-Retry", "false")),
        (model_server.fails(429, Retry_After="7"), 429, ("Retry-After", "7")),
        (model_server.fails(401), 502, ("X-Should-Retry", "false")),
    ],
)
def test_a_stream_that_fails_before_its_first_words_has_the_status_of_that(
    alice: Person, session: Any, server: ModelServer, answer: Any, status: int, header: Any
):
    server.answers = [answer]
    response = complete(alice, session, "Hi", stream=True)
    assert (response.status_code, response.headers[header[0]]) == (status, header[1])
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert len(asked(server)) == 1


def test_a_stream_whose_first_words_are_late_begins_without_them(
    alice: Person, session: Any, server: ModelServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(chat_completions, "BEGINNING_SECONDS", 0.0)
    server.answers = [model_server.fails(422)]
    *_, last = lines(complete(alice, session, "Hi", stream=True))
    assert "error" in last


@pytest.mark.parametrize("reason", ["length", "content_filter", "stop"])
def test_an_answer_without_text_says_why_and_is_not_asked_for_again(
    alice: Person, session: Any, server: ModelServer, reason: str
):
    server.answers = [streams({"reasoning_content": "Hm."}, finish_reason=reason)]
    [choice] = complete(alice, session, "Hi").json()["choices"]
    assert (choice["finish_reason"], choice["message"]["reasoning_content"]) == (reason, "Hm.")
    assert len(asked(server)) == 1
    assert text(complete(alice, session, user("Hi"), assistant(""), user("And?"))) == server.text
    assert [m["role"] for m in asked(server)[1]] == ["user", "user"]


HALVES = streams(
    {"tool_calls": [{"index": 0, "id": "c",
                     "function": {"name": "f", "arguments": '{"a": "\ud83d'}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '\ude00"}'}}]},
)  # fmt: skip


def test_halves_of_a_character_in_arguments_are_joined(
    alice: Person, session: Any, server: ModelServer
):
    server.answers = [HALVES]
    [choice] = complete(alice, session, "Hi").json()["choices"]
    [made] = choice["message"]["tool_calls"]
    assert made["function"]["arguments"] == '{"a": "\U0001f600"}'


def test_a_refusal_comes_through_and_is_asked_once(
    alice: Person, session: Any, server: ModelServer
):
    error = {"message": "Invalid schema for function 'f'.", "type": "invalid_request_error",
             "param": "tools[0].function.parameters",
             "code": "invalid_function_parameters"}  # fmt: skip
    server.answers = [model_server.sends(json.dumps({"error": error}).encode(), 400)]
    response = complete(alice, session, "Hi")
    assert (response.status_code, response.json()) == (400, {"error": error})
    assert response.headers["X-Should-Retry"] == "false"
    assert len(asked(server)) == 1
    server.answers = [model_server.sends(json.dumps({"error": error}).encode(), 422)]
    over_rest = alice.client.post(path(session, "chat"), {"content": "Hi"})
    assert over_rest.status_code == 422
    assert over_rest.json()["errors"] == [
        {"code": "provider_refused", "detail": error["message"], "attr": error["param"],
         "provider_code": error["code"]}
    ]  # fmt: skip
    assert len(asked(server)) == 2
    server.answers = [model_server.sends(json.dumps({"error": error}).encode(), 422)]
    streamed = alice.client.post(path(session, "chat"), {"content": "Hi", "stream": True})
    assert (streamed.status_code, streamed.json()) == (422, over_rest.json())


def test_a_busy_server_stays_busy(alice: Person, session: Any, server: ModelServer):
    server.answers = [model_server.fails(429, Retry_After="7")] * 2
    response = complete(alice, session, "Hi")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert "X-Should-Retry" not in response.headers
    over_rest = alice.client.post(path(session, "chat"), {"content": "Hi"})
    assert (over_rest.status_code, over_rest.headers["Retry-After"]) == (429, "7")
    assert over_rest.json()["errors"][0]["code"] == "provider_busy"
    assert len(asked(server)) == 2


def test_what_has_been_repeated_here_is_not_repeated_by_the_client(
    alice: Person, session: Any, server: ModelServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sessions_app.providers.openai_compatible.RETRY_WAITS_SECONDS", (0, 0))
    server.answers = [model_server.fails(500)] * 3
    response = complete(alice, session, "Hi")
    assert (response.status_code, response.headers["X-Should-Retry"]) == (502, "false")
    assert len(asked(server)) == 3


def test_a_terminals_output_is_taken_and_given_back(
    alice: Person, session: Any, server: ModelServer
):
    output = "\x1b[31mred\x1b[0m\x00\x07\x0c\x85 done"
    said = [user("Run it."), assistant(None, tool_calls=[call()]), result(output)]
    assert text(complete(alice, session, *said)) == server.text
    assert stored(alice, session)[2]["content"] == output
    markdown = b"".join(
        alice.client.get(path(session, "export"), {"format": "markdown"}).streaming_content
    ).decode()
    assert "\x1b" not in markdown
    assert "\u241b[31mred" in markdown


def test_a_terminals_output_is_taken_over_rest_from_tools_alone(alice: Person, session: Any):
    output = "\x1b[31mred\x1b[0m\x00\x07\x0c\x85 done"
    batch = [
        {"role": "user", "content": "Run it."},
        {"role": "assistant", "content": "", "tool_calls": [call()]},
    ]
    alice.client.post(path(session, "messages"), {"messages": batch})
    sent = {"role": "tool", "content": output, "tool_call_id": "call_a"}
    response = alice.client.post(path(session, "message"), sent)
    assert response.status_code == 201, response.content
    assert response.json()["content"] == output
    assert stored(alice, session)[2]["content"] == output
    for role in ("user", "assistant", "system"):
        refused = alice.client.post(path(session, "message"), {"role": role, "content": output})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["code"] == "control_characters"


@pytest.mark.parametrize(
    "again",
    [
        [user("a\r\nb"), assistant("x")],
        [user("a  \nb\n"), assistant("x")],
        [user("a\nb"), assistant("<think>Hm.</think>\n\nx")],
    ],
)
def test_ends_of_lines_and_thoughts_make_no_other_message(
    alice: Person, session: Any, server: ModelServer, again: list[Any]
):
    server.answers = [streams("x")]
    text(complete(alice, session, "a\nb"))
    text(complete(alice, session, *again, "c"))
    assert len(stored(alice, session)) == 4
    assert not any(m["superseded_by"] for m in stored(alice, session))


def with_thoughts(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "reasoning": "Other.", "reasoning_content": "Other.",
            "reasoning_details": [{"type": "reasoning.text", "text": "Other."}]}  # fmt: skip


def unsigned(message: dict[str, Any]) -> dict[str, Any]:
    calls = [{name: each[name] for name in ("id", "type", "function")}
             for each in message["tool_calls"]]  # fmt: skip
    return {"role": "assistant", "content": None, "tool_calls": calls}


@pytest.mark.parametrize("resent", [dict, with_thoughts, unsigned])
def test_thoughts_and_signatures_that_come_back_or_do_not_make_no_other_message(
    alice: Person, session: Any, server: ModelServer, resent: Any
):
    server.answers = [thinking()]
    message = complete(alice, session, "Hi").json()["choices"][0]["message"]
    text(complete(alice, session, user("Hi"), resent(message), result("r", "c")))
    kept = stored(alice, session)
    assert [m["role"] for m in kept] == ["user", "assistant", "tool", "assistant"]
    assert not any(m["superseded_by"] for m in kept)
    again = asked(server)[1][1]
    assert again["reasoning_content"] == "Hm, yes."
    assert again["tool_calls"][0]["extra_content"]["google"]["thought_signature"] == "sig"


def test_calls_of_the_old_form_are_understood_and_are_the_same_again(
    alice: Person, session: Any, server: ModelServer
):
    server.speaks = "openai"
    called = {"name": "find", "arguments": '{"a": 1}'}
    history = [
        user("Find it."), assistant(None, function_call=called),
        {"role": "function", "name": "find", "content": "Found."},
    ]  # fmt: skip
    answer = text(complete(alice, session, *history))
    assert text(complete(alice, session, *history, assistant(answer), user("And?"))) == answer
    kept = stored(alice, session)
    assert [m["role"] for m in kept] == [
        "user", "assistant", "tool", "assistant", "user", "assistant",
    ]  # fmt: skip
    assert not any(m["superseded_by"] for m in kept)
    [made] = kept[1]["tool_calls"]
    assert (made["function"], kept[2]["tool_call_id"]) == (called, made["id"])
    assert [m["role"] for m in asked(server)[0]] == ["user", "assistant", "tool"]


@pytest.mark.parametrize("called", ["find", {}, {"name": 1}, {"name": "find", "arguments": {}}])
def test_a_call_of_the_old_form_without_a_name_or_text_is_refused(
    alice: Person, session: Any, called: Any
):
    message = assistant(None, function_call=called)
    response = complete(alice, session, user("1"), message, user("2"))
    assert response.status_code == 400
    assert response.json()["error"]["param"].startswith("messages.1.function_call")


@pytest.mark.parametrize(
    ("told", "sent"), [("", "{}"), ('{"a": 1.0}', '{"a":1}'), ("{}", ""), ('{"a":1}', "{'a': 1}")]
)
def test_other_spellings_of_arguments_make_no_other_message(
    alice: Person, session: Any, server: ModelServer, told: str, sent: str
):
    piece = {"index": 0, "id": "c", "function": {"name": "f", "arguments": told}}
    server.answers = [streams({"tool_calls": [piece]})]
    complete(alice, session, "Hi")
    made = assistant(None, tool_calls=[call("c", "f", sent)])
    text(complete(alice, session, user("Hi"), made, result("r", "c")))
    assert [m["role"] for m in stored(alice, session)] == ["user", "assistant", "tool", "assistant"]
    assert not any(m["superseded_by"] for m in stored(alice, session))


pieces = st.sampled_from(
    [
        {"content": "One. "}, {"content": "Two\r\nlines "}, {"content": "<think>Hm.</think>Yes."},
        {"reasoning_content": "Hm."}, {"refusal": "No."},
        {"content": [{"type": "text", "text": "Blocks."}]},
        {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "g", "arguments": "{}"}},
                        {"index": 0, "id": "b", "function": {"name": "h", "arguments": "[1]"}}]},
        {"tool_calls": [{"index": None, "id": "x" * 200,
                         "function": {"name": "a.b", "arguments": '{"n": 1.0}'}}]},
        {"function_call": {"name": "legacy", "arguments": '{"x": "\ud83d'}},
    ]
)  # fmt: skip
answers = st.lists(st.lists(pieces, max_size=3), min_size=3, max_size=3)


def gathered(streamed: list[Any]) -> dict[str, Any]:
    """The message that a client puts together from a stream's chunks."""
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    for delta in (each["choices"][0]["delta"] for each in streamed if each != "[DONE]"):
        for name in delta.keys() & {"content", "reasoning", "reasoning_content"}:
            message[name] = message.get(name, "") + delta[name]
        for each in delta.get("tool_calls", ()):
            members = {name: value for name, value in each.items() if name != "index"}
            message.setdefault("tool_calls", []).append(members)
    return message


def answered(response: Any, *, stream: bool) -> dict[str, Any]:
    if stream:
        return gathered(lines(response))
    assert response.status_code == 200, response.content
    message: dict[str, Any] = response.json()["choices"][0]["message"]
    return message


@given(answers, st.lists(st.booleans(), min_size=3, max_size=3))
@settings(
    max_examples=settings.default.max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_this_service_handed_out_it_takes_back(
    alice: Person, create: Any, server: ModelServer, three: list[list[Any]], streamed: list[bool]
):
    session = create()
    history: list[dict[str, Any]] = []
    for number, (deltas, stream) in enumerate(zip(three, streamed, strict=True)):
        server.answers = [streams(*deltas)]
        if not history or history[-1]["role"] != "tool":
            history.append(user(f"Question {number}?"))
        message = answered(complete(alice, session, *history, stream=stream), stream=stream)
        history.append(message)
        history += [result("done", each["id"]) for each in message.get("tool_calls", ())]
    kept = stored(alice, session)
    assert not any(m["superseded_by"] for m in kept)
    told = [(m["role"], m["content"] or "", called(m)) for m in history]
    while told[-1][0] == "tool":
        told.pop()
    assert [(m["role"], m["content"], called(m)) for m in kept] == told
    thoughts = [(m.get("reasoning_content") or m.get("reasoning")) for m in history]
    assert [m.get("reasoning") for m in kept] == thoughts[: len(kept)]


def called(message: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Id, name and arguments of the calls that a message makes."""
    return [
        (each["id"], each["function"]["name"], each["function"]["arguments"])
        for each in message.get("tool_calls") or ()
    ]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("<think>Trains, then.</think>Sure! Here is a title: Trains to Rome", "Trains to Rome"),
        ('```json\n{"title": "Trains to Rome"}\n```', "Trains to Rome"),
        ("<think>They want a title", ""),
    ],
)
def test_a_title_is_asked_for_in_the_servers_form_and_unwrapped(
    server: ModelServer, said: str, title: str
):
    server.speaks, server.text = "gemma2", said
    asked = titles.title_prompt([("user", "How do I get to Rome?")])
    provider: Any = providers.configured()
    answer = dialects.complete(provider, asked, max_tokens=64)
    assert titles.title_in_answer(answer.text) == title
    # With a system message, strictly, and as the user's own.
    assert (len(server.requests), server.refused) == (3, 2)
