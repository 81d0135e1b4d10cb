"""Conversations as real people's clients store them, and servers that may refuse them."""

import json

from hypothesis import strategies as st

from sessions_app.domain.dialect import (
    Form,
    Manner,
    Names,
    Request,
    Said,
    other_manner,
    refusal_of,
    write,
)
from tests.model_server import rules

UUID_ID = "4c1ff1a2-8c55-4d5f-9a3c-3f1f2a1b7d9e"


def user(text, seq=None, **more):
    return Said("user", text, seq, **more)


def assistant(text, seq=None, **more):
    return Said("assistant", text, seq, **more)


def system(text, seq=None, **more):
    return Said("system", text, seq, **more)


def call(name="read_file", arguments="{}", call_id="call_a", **more):
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function, **more}


def calls(seq, *made, text="", **more):
    return Said("assistant", text, seq, tool_calls=made, **more)


def result(text, seq=None, of="call_a", **more):
    return Said("tool", text, seq, tool_call_id=of, **more)


def numbered(said):
    """The same with seqs from 1."""
    return [
        Said(m.role, m.content, seq, m.name, m.tool_calls, m.tool_call_id, m.extra, m.call_extra)
        for seq, m in enumerate(said, start=1)
    ]


HISTORIES = {
    "a question": [user("Hi")],
    "a prompt and a question": [system("Be brief."), user("Hi")],
    "three instructions": [system("A"), Said("developer", "B"), system("C"), user("Hi")],
    "turns": [user("a"), assistant("b"), user("c"), assistant("d"), user("e")],
    "a user's message between call and result": [
        user("1"), calls(None, call()), user("2"), result("r"), user("3"),
    ],
    "a system message between": [user("1"), calls(None, call()), system("s"), result("r")],
    "an assistant's message between": [user("1"), calls(None, call()), assistant("x"), result("r")],
    "two results of one call": [user("1"), calls(None, call()), result("r1"), result("r2")],
    "results in another order": [
        user("1"), calls(None, call(call_id="a"), call(call_id="b")),
        result("rb", of="b"), result("ra", of="a"),
    ],
    "a call without a result": [user("1"), calls(None, call()), user("2")],
    "half of the results": [
        user("1"), calls(None, call(call_id="a"), call(call_id="b")), result("r", of="a"),
        user("2"),
    ],
    "a result without its call": [user("1"), result("r", of="x"), user("2")],
    "an import from ChatGPT": [
        user("1"), calls(None, call("browser.search", '{"q": "x"}', UUID_ID)),
        result("r", of=UUID_ID, name="browser.search"), assistant("Found."), user("2"),
    ],
    "a long id": [user("1"), calls(None, call(call_id="x" * 128)), result("r", of="x" * 128)],
    "an id with a colon": [user("1"), calls(None, call(call_id="functions.f:0")),
                           result("r", of="functions.f:0")],
    "an id used again": [
        user("1"), calls(None, call()), result("r1"), assistant("b"), user("2"),
        calls(None, call()), result("r2"),
    ],
    "a speaker's name": [user("Hi", name="Ann Smith"), assistant("Hello"), user("x", name="Zoë")],
    "cut off arguments": [
        user("1"), calls(None, call(arguments='{"path":"a.md","contents":"Dear')), result("r"),
    ],
    "a list as arguments": [user("1"), calls(None, call(arguments="[1, 2]")), result("r")],
    "no arguments": [user("1"), calls(None, call(arguments="")), result("r")],
    "no arguments member": [
        user("1"), calls(None, {"id": "a", "type": "function", "function": {"name": "f"}}),
        result("r", of="a"),
    ],
    "an empty reply": [user("1"), assistant(""), user("2")],
    "blank texts": [user(" \n"), assistant(" "), user("2"), calls(None, call()), result("  ")],
    "a greeting first": [assistant("Welcome!"), user("Hi")],
    "a failed turn": [user("1"), user("2")],
    "an instruction in the middle": [
        system("A"), user("1"), assistant("b"), system("Now in French."), user("2"),
    ],
    "instructions at the end": [user("1"), assistant("b"), user("2"), system("Be kind.")],
    "a tool loop": [
        user("1"), calls(None, call(call_id="a")), result("r", of="a"),
        calls(None, call(call_id="b")), result("r", of="b"),
    ],
    "a text, then a call": [user("1"), assistant("Let me see."), calls(None, call()), result("r")],
    "a text beside a call": [user("1"), calls(None, call(), text="Let me see."), result("r")],
    "a turn stopped behind a result": [user("1"), calls(None, call()), result("r"), user("2")],
    "thoughts in a tool loop": [
        user("1"), calls(None, call(), extra={"reasoning_content": "Hm."}), result("r"),
    ],
    "a signed call": [
        user("1"),
        calls(None, call(), call_extra={"call_a": {"extra_content": {
            "google": {"thought_signature": "sig"}}}}),
        result("r"),
    ],
}  # fmt: skip


def goes_on(server, said, manner=None, tools=()):
    """The request that a server takes in the end, as LLM_DIALECT=auto finds it; else its words."""
    manner, tried = manner or Manner(), []
    while True:
        request: Request = write(said, manner, Names())
        refused = rules.refusal(server, {"messages": request.messages, "tools": list(tools)})
        if refused is None:
            return request, manner
        status, body = refused
        tried.append(manner)
        other = other_manner(manner, refusal_of(status, json.dumps(body).encode()))
        assert other is not None, (server, manner, body, request.messages)
        assert other not in tried, (server, manner, body, request.messages)
        manner = other


texts = st.sampled_from(["", " ", "a", "Where is Ann?", "\u00e9\ud83d\ude00", "{}", "x" * 50])
ids = st.sampled_from(["a", "a", "b", "c", UUID_ID, "functions.f:0", "x" * 128, "call a"])
names = st.sampled_from([None, None, "Ann", "Ann Smith", "Ann_Smith", "\u738b", "n" * 64])
tool_names = st.sampled_from(["f", "browser.search", "browser_search", "a b", "", "t" * 100])
arguments = st.sampled_from(
    ["{}", '{"a": 1}', "", "[1]", "null", '{"a": "', "{'a': 1}", '"{}"', "5", "NaN", None, {"a": 1}]
)
extras = st.sampled_from([{}, {}, {"reasoning_content": "Hm."}, {"reasoning_details": [{"a": 1}]}])


@st.composite
def tool_calls(draw):
    made = []
    for _ in range(draw(st.integers(1, 3))):
        function = {"name": draw(tool_names), "arguments": draw(arguments)}
        made.append({"id": draw(ids), "type": "function", "function": function})
    return tuple(made)


@st.composite
def histories(draw):
    """Any messages in any order; the last is a user's, as in a turn."""
    said = []
    for role in draw(st.lists(st.sampled_from(
        ["system", "developer", "user", "user", "assistant", "assistant", "call", "tool", "tool"]),
        max_size=14)):  # fmt: skip
        if role == "call":
            said.append(Said("assistant", draw(texts), tool_calls=draw(tool_calls()),
                             extra=draw(extras)))  # fmt: skip
        elif role == "tool":
            said.append(Said("tool", draw(texts), tool_call_id=draw(ids)))
        else:
            said.append(Said(role, draw(texts), name=draw(names)))
    return numbered([*said, user("And now?")])


FORMS = list(Form)
