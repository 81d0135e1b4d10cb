"""One served service for all clients, and what the page says about it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from sessions_app.simulation import own_service
from tests.docs import pages, shell

ROOT = pages.ROOT
PAGE = pages.read("clients.md")
# The frameworks need other versions than the service; `make test` installs them.
PYTHON = ROOT / ".venv" / "clients" / "bin" / "python"
NODE_PACKAGES = Path(__file__).parent / "node" / "node_modules"
NODE = shutil.which("node")
needs_python = pytest.mark.skipif(
    not PYTHON.exists(), reason="needs requirements-clients.txt in .venv/clients: run make test"
)
needs_node = pytest.mark.skipif(
    NODE is None or not NODE_PACKAGES.exists(),
    reason="needs node, and the packages of tests/clients/node: run make test",
)


class Clients(NamedTuple):
    """Where the service is, the key that the page's preparation has made, and a service key."""

    base: str
    key: str
    service_key: str

    def environment(self) -> dict[str, str]:
        """What a client's program runs with."""
        path = f"{PYTHON.parent}:{os.environ['PATH']}"
        # None of them may ask anybody else.
        return {"BASE": self.base, "CHAT_KEY": self.key, "PATH": path, "HOME": os.environ["HOME"],
                "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # fmt: skip

    def run(self, *command: str, cwd: Path | None = None, conversation: str = "") -> str:
        """What a program prints; it must succeed."""
        environment = self.environment() | {"CONVERSATION": conversation}
        ran = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=180
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def get(self, path: str, **query: Any) -> Any:
        """What a REST route answers."""
        signed_in = {"Authorization": f"Bearer {self.key}"}
        return httpx.get(f"{self.base}{path}", params=query, headers=signed_in).json()

    def new_conversation(self) -> str:
        """The id of an empty conversation."""
        signed_in = {"Authorization": f"Bearer {self.key}"}
        made = httpx.post(f"{self.base}/v1/conversations", json={}, headers=signed_in)
        conversation_id: str = made.json()["id"]
        return conversation_id

    def sessions(self) -> list[Any]:
        """All sessions so far."""
        results: list[Any] = self.get("/session", limit=200)["results"]
        return results

    def said(self, session: Any) -> list[tuple[str, str]]:
        """Role and text of its messages."""
        messages = self.get(f"/session/{session['session_id']}")["messages"]
        return [(message["role"], message["content"]) for message in messages]


def blocks(heading: str, language: str) -> list[str]:
    """The code under a heading of the page."""
    section = shell.blocks(pages.section(PAGE, heading))
    return [block.text for block in section if block.language == language]


def _service_key(directory: Path) -> str:
    """What the operator's command prints, beside the running service."""
    command = [sys.executable, "manage.py", "create_service_key", "bot", "--json"]
    environment = {**os.environ, "DATA_DIR": str(directory / "data")}
    made = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60
    )
    key: str = json.loads(made.stdout)["key"]
    return key


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """A service that gives apps a session by their users, too."""
    directory = tmp_path_factory.mktemp("clients")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_SESSIONS", "by_user")
        patch.setenv("WORKERS", "1")
        # What the tests, or the machine's owner, have set for themselves.
        for name in ("DJANGO_SETTINGS_MODULE", "LLM_BASE_URL", "REGISTRATION"):
            patch.delenv(name, raising=False)
        with own_service.running(ROOT / "manage.py", directory=directory) as base:
            [prepare] = blocks("Prepare", "sh")
            script = f"{prepare.replace(shell.SHOWN_BASE, base)}\necho $CHAT_KEY"
            ran = subprocess.run(
                ["sh", "-eu", "-c", script], capture_output=True, encoding="utf-8", timeout=60
            )
            assert (ran.returncode, ran.stderr) == (0, "")
            yield Clients(base, ran.stdout.strip(), _service_key(directory))
