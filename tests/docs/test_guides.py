"""What the guides show is run, and prints what they show."""

import io
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from django.conf import settings as configured
from django.core.management import call_command

from accounts.credentials.hashers import ServiceArgon2Hasher
from accounts.models import User
from sessions_app.domain import errors
from tests.docs import pages, readme, shell
from tests.waiting import line_of, started

GUIDES = sorted((pages.ROOT / "docs" / "guides").glob("*.md"))
IMPORTS = pages.ROOT / "tests" / "data" / "imports"
AGENTS = pages.ROOT / ".venv" / "agents" / "bin" / "python"
NODE = shutil.which("node")
CUT = Path(__file__).parent / "cut_connection.mjs"


def guide(name: str) -> str:
    return pages.read(f"guides/{name}.md")


def blocks(name: str, language: str, heading: str | None = None) -> list[str]:
    text = guide(name) if heading is None else pages.section(guide(name), heading)
    return [block.text for block in shell.blocks(text) if block.language == language]


def registered(service: str, name: str) -> dict[str, str]:
    body = {"username": name, "password": "a long walk home"}
    token = httpx.post(f"{service}/auth/register", json=body).json()["access"]
    return {"Authorization": f"Bearer {token}"}


# --- your backend, your users -------------------------------------------------------------------


@contextmanager
def backend() -> Iterator[tuple[str, str]]:
    """The guide's backend as a process: the address of its keys, and the token that it prints."""
    [source] = blocks("your-backend", "python")
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    source = source.replace("9000", str(port))
    with started(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stdout
        token = line_of(process.stdout).strip()
        with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as http:
            assert http.get(f"http://127.0.0.1:{port}/keys").status_code == 200
        yield f"http://127.0.0.1:{port}/keys", token


def test_a_backend_of_twenty_lines_signs_its_users_in(service: str, settings: Any):
    [source] = blocks("your-backend", "python")
    assert len([line for line in source.splitlines() if line.strip()]) <= 22

    with backend() as (keys, token):
        settings.JWT_JWK_URL = keys
        settings.JWT_ISSUER, settings.JWT_AUDIENCE = "https://shop.example", "chat"
        signed_in = {"Authorization": f"Bearer {token}"}

        created = httpx.post(f"{service}/session/create", json={}, headers=signed_in)
        account = httpx.get(f"{service}/auth/me", headers=signed_in)
        exported = httpx.get(f"{service}/auth/me/export", headers=signed_in)

        assert (created.status_code, created.json()["user_id"]) == (201, "customer-42")
        assert (account.status_code, exported.status_code) == (404, 200)

        call_command("erase_user", "customer-42", "--id", stdout=io.StringIO())
        again = httpx.post(f"{service}/session/create", json={}, headers=signed_in)
        assert (again.status_code, again.json()["errors"][0]["code"]) == (401, "user_erased")


# --- a front end in JavaScript ------------------------------------------------------------------


@pytest.mark.skipif(NODE is None, reason="needs node")
@pytest.mark.parametrize("cut", ["", "after the first words", "before the first event"])
def test_the_javascript_streams_a_turn_and_resumes_it(service: str, tmp_path: Path, cut: str):
    signed_in = registered(service, "jo")
    created = httpx.post(f"{service}/session/create", json={}, headers=signed_in).json()
    asked = {
        "base": service, "token": signed_in["Authorization"].removeprefix("Bearer "),
        "session": created["session_id"], "content": "My dog is called Rufus.", "clientId": "one",
    }  # fmt: skip
    program = tmp_path / "guide.mjs"
    program.write_text("\n".join([*blocks("javascript", "js"), CUT.read_text()]))

    ran = subprocess.run(
        [str(NODE), str(program), json.dumps(asked), cut],
        capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    stored = httpx.get(f"{service}/session/{asked['session']}", headers=signed_in).json()
    assert stored["message_count"] == 2
    assert told["reply"]["content"] == told["text"] == stored["messages"][1]["content"]
    assert (
        told["requests"][: 2 if cut else 1]
        == {
            "": ["POST chat"],
            "after the first words": ["POST chat", "GET chat/stream"],
            "before the first event": ["POST chat", "POST chat"],
        }[cut]
    )


# --- bring your agent ---------------------------------------------------------------------------


def agent_environment(service: str) -> dict[str, str]:
    """What the guide's preparation exports."""
    [prepare] = blocks("agents", "sh", "Prepare")
    script = f"{prepare.replace(shell.SHOWN_BASE, service)}\necho $CHAT_KEY $CHAT_SESSION"
    ran = subprocess.run(
        ["sh", "-eu", "-c", script], capture_output=True, encoding="utf-8", timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    key, session = ran.stdout.split()
    return {"CHAT_KEY": key, "CHAT_SESSION": session, "PATH": os.environ["PATH"]}


def shown(heading: str) -> str:
    [text] = blocks("agents", "text", heading)
    return text


@pytest.mark.skipif(not AGENTS.exists(), reason="needs requirements-agents.txt in .venv/agents")
@pytest.mark.parametrize("heading", ["OpenAI Agents SDK", "LangGraph"])
def test_an_agent_remembers_through_its_session(service: str, heading: str):
    environment = agent_environment(service)
    [source] = blocks("agents", "python", heading)

    ran = subprocess.run(
        [str(AGENTS), "-W", "ignore", "-c", source.replace(shell.SHOWN_BASE, service)],
        env=environment, capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert readme.shows(shown(heading), ran.stdout), ran.stdout
    stored = httpx.get(
        f"{service}/session/{environment['CHAT_SESSION']}",
        headers={"Authorization": f"Bearer {environment['CHAT_KEY']}"},
    ).json()
    assert [message["role"] for message in stored["messages"]] == ["user", "assistant"] * 2


@pytest.mark.slow
@pytest.mark.skipif(NODE is None or shutil.which("npm") is None, reason="needs node and npm")
def test_the_ai_sdk_remembers_through_its_session(service: str, tmp_path: Path):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).parent / "ai_sdk" / name, tmp_path)
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip("the npm registry cannot be reached")
    [source] = blocks("agents", "js", "AI SDK")
    (tmp_path / "guide.mjs").write_text(source.replace(shell.SHOWN_BASE, service))

    ran = subprocess.run(
        [str(NODE), "guide.mjs"],
        cwd=tmp_path, env=agent_environment(service), capture_output=True, encoding="utf-8",
        timeout=60,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert readme.shows(shown("AI SDK"), ran.stdout), ran.stdout


# --- moving from other programs -----------------------------------------------------------------

SOURCES = {
    "conversations.json": "chatgpt.json",
    "librechat.jsonl": "librechat_collections.jsonl",
    "langchain.jsonl": "langchain.jsonl",
    "items.json": "agents_items.json",
    "claude.json": "claude.json",
    "open_webui.json": "open_webui.json",
    "langgraph_checkpoints.jsonl": "langgraph_checkpoints.jsonl",
}


def imports_shown() -> list[list[str]]:
    found = re.findall(r"manage\.py import_sessions ([^\n`]+)", guide("moving"))
    return [line.split() for line in found if not line.startswith("mongodb://")]


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", imports_shown(), ids=" ".join)
def test_every_import_that_is_shown_stores_sessions(
    arguments: list[str], database: Any, tmp_path: Path
):
    name = arguments[0]
    path = tmp_path / name
    User.objects.create_user("alice", "alice@example.com", "pw")
    if name in SOURCES:
        shutil.copy(IMPORTS / SOURCES[name], path)
    elif name == "agents.db":
        with closing(sqlite3.connect(path)) as agents:
            agents.executescript((IMPORTS / "agents.sql").read_text())
    else:
        call_command("import_sessions", str(IMPORTS / "chatgpt.json"), "--user", "ID", "--id")
        call_command("export_sessions", "--output", str(path))
        database.sessions.delete_many({})
        database.message_buckets.delete_many({})

    call_command("import_sessions", str(path), *arguments[1:])

    assert bool(database.sessions.count_documents({})) == ("--dry-run" not in arguments)


def test_a_line_in_the_form_that_is_shown_becomes_a_session(database: Any, tmp_path: Path):
    [line] = blocks("moving", "json")
    path = tmp_path / "own.jsonl"
    path.write_text(line)

    call_command("import_sessions", str(path), "--user", "ID", "--id")

    assert [len(each["messages"]) for each in database.sessions.find()] == [2]


# --- operating it -------------------------------------------------------------------------------


def test_every_alert_has_its_page():
    """That its series exist, tests/deployment/test_monitoring.py says of the same rules."""
    [rules] = blocks("operating", "yaml", "Alerts")
    alerts = yaml.safe_load(rules)["groups"][0]["rules"]

    assert alerts
    for alert in alerts:
        assert pages.section(guide("operating"), alert["alert"]).strip(), alert["alert"]


# --- security -----------------------------------------------------------------------------------


def test_the_security_guide_says_what_the_code_does():
    text = guide("security")
    directives = configured.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    shown_directives = dict(
        each.split(" ", 1)
        for each in pages.code(pages.section(text, "Headers"))
        if each.split(" ")[0] in directives
    )

    assert len(shown_directives) == 8
    for name, value in shown_directives.items():
        assert value == " ".join(map(str, directives[name]))
    assert (
        f"{ServiceArgon2Hasher.memory_cost // 1024} MiB and {ServiceArgon2Hasher.time_cost}" in text
    )


@pytest.mark.parametrize("name", ["security", "troubleshooting"])
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_what_the_page_tries_prints_what_is_shown(service: str, name: str):
    for step in shell.run(shell.blocks(guide(name)), service):
        assert readme.shows(step.expected, step.printed), step.printed


# --- troubleshooting ----------------------------------------------------------------------------


def advice() -> dict[str, str]:
    return {
        code: row[1]
        for head, rows in pages.all_tables(guide("troubleshooting"))
        if head == "Code"
        for row in rows
        for code in pages.code(row[0])
    }


def test_every_code_of_the_reference_has_advice():
    rows = pages.tables(pages.read("reference/errors.md"))["Code"]

    assert {code for row in rows for code in pages.code(row[0])} == set(advice())
    assert all(advice().values())
    assert errors.UserErased.code in advice()


def test_every_guide_is_run_by_this_module_or_the_tour():
    ran = set(
        re.findall(r'(?:guide|blocks|read)\(f?"(?:guides/)?([a-z-]+)', Path(__file__).read_text())
    )

    assert {path.stem for path in GUIDES} <= ran | {"curl", "security", "troubleshooting"}
