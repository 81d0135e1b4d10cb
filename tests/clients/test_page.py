"""What docs/clients.md shows is run with the packages of the clients, and prints what it shows."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import (
    NODE_PACKAGES,
    PAGE,
    PYTHON,
    Clients,
    blocks,
    needs_node,
    needs_python,
)
from tests.docs import pages, readme, shell

pytestmark = [
    pytest.mark.mongod("a process of its own"),
    pytest.mark.xdist_group("clients"),
]
# Heading → the session that it is about.
IN_PYTHON = {"LangChain": "langchain", "LiteLLM": "litellm", "pydantic-ai": "pydantic-ai"}
IN_JAVASCRIPT = {"openai for Node": "openai-node", "AI SDK": "ai-sdk"}


def lines_of_code(source: str) -> int:
    return sum(1 for line in source.splitlines() if line.strip() not in {"", ")", "})", "});", "}"})


def check(clients: Clients, heading: str, external_id: str, printed: str) -> None:
    [shown] = blocks(heading, "text")
    assert readme.shows(shown, printed), printed
    [session] = [each for each in clients.sessions() if each["external_id"] == external_id]
    assert [role for role, _ in clients.said(session)] == ["user", "assistant"] * 2


def test_openai_for_python(clients: Clients):
    [source] = blocks("openai for Python", "python")
    printed = clients.run(sys.executable, "-c", source.replace(shell.SHOWN_BASE, clients.base))
    check(clients, "openai for Python", "openai-python", printed)


@needs_python
@pytest.mark.parametrize("heading", IN_PYTHON)
def test_a_framework_in_python(clients: Clients, heading: str):
    [source] = blocks(heading, "python")
    source = source.replace(shell.SHOWN_BASE, clients.base)
    printed = clients.run(str(PYTHON), "-W", "ignore", "-c", source)
    check(clients, heading, IN_PYTHON[heading], printed)


@needs_python
def test_llm_in_the_shell(clients: Clients):
    [commands] = blocks("llm", "sh")
    commands = commands.replace(shell.SHOWN_BASE, clients.base)
    printed = clients.run("sh", "-eu", "-c", commands)
    check(clients, "llm", "llm", printed)


def in_node(clients: Clients, source: str, name: str, folder: Path) -> str:
    """What a program prints that finds the packages beside itself."""
    (folder / "node_modules").symlink_to(NODE_PACKAGES)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / name).write_text(source.replace(shell.SHOWN_BASE, clients.base))
    return clients.run("node", name, cwd=folder)


@needs_node
@pytest.mark.parametrize("heading", IN_JAVASCRIPT)
def test_a_package_for_node(clients: Clients, heading: str, tmp_path: Path):
    [source] = blocks(heading, "js")
    printed = in_node(clients, source, "page.mjs", tmp_path)
    check(clients, heading, IN_JAVASCRIPT[heading], printed)


@needs_node
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_typed_client_is_generated_compiles_and_works(clients: Clients, tmp_path: Path):
    heading = "A typed client of the REST API"
    [commands], [source], [shown] = (blocks(heading, each) for each in ("sh", "ts", "text"))
    source = source.replace(shell.SHOWN_BASE, clients.base)
    commands = commands.replace(shell.SHOWN_BASE, clients.base)
    (tmp_path / "node_modules").symlink_to(NODE_PACKAGES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "page.ts").write_text(f"declare const process: any;\n{source}")
    clients.run("sh", "-eu", "-c", commands, cwd=tmp_path)
    options = "--strict --target es2022 --module nodenext --rewriteRelativeImportExtensions"
    clients.run("npx", "tsc", *options.split(), "schema.ts", "page.ts", cwd=tmp_path)
    assert readme.shows(shown, clients.run("node", "page.js", cwd=tmp_path))
    # Types that would allow anything would compile, too.
    wrong = source.replace('{ content: "Hi" }', "{ content: 5 }")
    assert wrong != source
    (tmp_path / "page.ts").write_text(f"declare const process: any;\n{wrong}")
    with pytest.raises(AssertionError, match="not assignable to type"):
        clients.run("npx", "tsc", *options.split(), "--noEmit", "page.ts", cwd=tmp_path)


def test_each_is_shown_in_about_ten_lines():
    for heading in ("openai for Python", *IN_PYTHON, *IN_JAVASCRIPT, "llm"):
        [source] = [
            code for language in ("python", "js", "sh") for code in blocks(heading, language)
        ]
        assert lines_of_code(source) <= 13, heading


def test_the_table_has_every_client_that_is_shown():
    rows = pages.tables(pages.section(PAGE, "What is tested"))[""]
    # The AI SDK has two packages; `llm` runs in the shell, `openai-agents` elsewhere.
    assert len(rows) == 1 + len(IN_PYTHON) + len(IN_JAVASCRIPT) + 1 + 2
