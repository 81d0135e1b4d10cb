"""What each client can do beyond one message at a time, in a program of its own."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import PAGE, PYTHON, Clients, needs_node, needs_python
from tests.docs import pages

pytestmark = [
    pytest.mark.mongod("a process of its own"),
    pytest.mark.xdist_group("clients"),
]
HERE = Path(__file__).parent
IN_PYTHON = ("langchain", "litellm", "pydantic_ai")
IN_NODE = {
    "node-openai": ["with_openai.mjs"],
    "ai-sdk-compatible": ["with_ai_sdk.mjs", "compatible"],
    "ai-sdk-openai": ["with_ai_sdk.mjs", "openai"],
}
# The package itself has chat completions only.
WITHOUT_RESPONSES = {"ai-sdk-compatible"}


def check(clients: Clients, name: str) -> None:
    """What a client was put through is stored, each message once."""
    sessions = clients.sessions()
    told = {each["external_id"]: each for each in sessions if each["external_id"]}
    streamed = clients.said(told[f"{name}-streamed"])
    assert [role for role, _ in streamed] == ["user", "assistant"]
    assert streamed[1][1]
    _check_history(clients.said(told[f"{name}-history"]))
    [of_user] = [each for each in sessions if each["metadata"] == {"user": f"user-of-{name}"}]
    _check_history(clients.said(of_user))
    unnamed = [each for each in sessions if not (each["external_id"] or each["metadata"])]
    # Other tests' sessions may be empty.
    opened = [said[0] for said in map(clients.said, unnamed) if said]
    assert opened.count(("user", f"New for {name}.")) == 2


def _check_history(said: Any) -> None:
    assert [role for role, _ in said] == ["user", "assistant"] * 2
    assert said[0][1] == "My dog is called Rufus."
    assert "Rufus" in said[3][1]


def check_responses(clients: Clients, name: str, conversation: str) -> None:
    """What it asked for as responses is a chain, and a conversation."""
    told = f"I am {name}, and my dog is called Rufus."
    chains = [clients.said(each) for each in clients.sessions()]
    both = [said for said in chains if said and said[0] == ("user", told)]
    assert len(both) == 2
    in_conversation = clients.said({"session_id": conversation.removeprefix("conv_")})
    assert in_conversation in both
    for said in both:
        assert [role for role, _ in said] == ["user", "assistant"] * 2
        assert "Rufus" in said[3][1]


def test_openai_for_python(clients: Clients):
    conversation = clients.new_conversation()
    program = str(HERE / "programs" / "with_openai.py")
    clients.run(sys.executable, program, "openai", conversation=conversation)
    check(clients, "openai")
    check_responses(clients, "openai", conversation)


@needs_python
@pytest.mark.parametrize("name", IN_PYTHON)
def test_a_framework_in_python(clients: Clients, name: str):
    conversation = clients.new_conversation()
    program = str(HERE / "programs" / f"with_{name}.py")
    clients.run(str(PYTHON), "-W", "ignore", program, name, conversation=conversation)
    check(clients, name)
    check_responses(clients, name, conversation)


@needs_node
@pytest.mark.parametrize("name", IN_NODE)
def test_a_package_for_node(clients: Clients, name: str):
    has_responses = name not in WITHOUT_RESPONSES
    conversation = clients.new_conversation() if has_responses else ""
    program, *arguments = IN_NODE[name]
    clients.run("node", str(HERE / "node" / program), name, *arguments, conversation=conversation)
    check(clients, name)
    if has_responses:
        check_responses(clients, name, conversation)


# Features that a client of the table was put through, counted from the left.
RAN = {
    "`openai` for Python": 9,
    "`openai` for Node": 9,
    "LangChain `ChatOpenAI`": 7,
    "LiteLLM": 7,
    "pydantic-ai": 7,
    "AI SDK, `@ai-sdk/openai`": 7,
    "AI SDK, `@ai-sdk/openai-compatible`": 5,
}


def test_the_table_says_what_ran():
    rows = pages.tables(pages.section(PAGE, "What is tested"))[""]
    shown = {name: features for name, *features in rows if name in RAN}
    assert len(RAN) == 1 + len(IN_PYTHON) + len(IN_NODE)
    for name, count in RAN.items():
        assert shown[name] == ["yes"] * count + [""] * (9 - count), name
