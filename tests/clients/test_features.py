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
    opened = [clients.said(each)[0] for each in unnamed]
    assert opened.count(("user", f"New for {name}.")) == 2


def _check_history(said: Any) -> None:
    assert [role for role, _ in said] == ["user", "assistant"] * 2
    assert said[0][1] == "My dog is called Rufus."
    assert "Rufus" in said[3][1]


def test_openai_for_python(clients: Clients):
    clients.run(sys.executable, str(HERE / "programs" / "with_openai.py"), "openai")
    check(clients, "openai")


@needs_python
@pytest.mark.parametrize("name", IN_PYTHON)
def test_a_framework_in_python(clients: Clients, name: str):
    program = HERE / "programs" / f"with_{name}.py"
    clients.run(str(PYTHON), "-W", "ignore", str(program), name)
    check(clients, name)


@needs_node
@pytest.mark.parametrize("name", IN_NODE)
def test_a_package_for_node(clients: Clients, name: str):
    program, *arguments = IN_NODE[name]
    clients.run("node", str(HERE / "node" / program), name, *arguments)
    check(clients, name)


def test_the_table_says_what_ran():
    rows = pages.tables(pages.section(PAGE, "What is tested"))[""]
    ran = [row for row in rows if row[1:] == ["yes"] * 5]
    assert len(ran) == 1 + len(IN_PYTHON) + len(IN_NODE)
