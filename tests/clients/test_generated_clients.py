"""Clients generated from /api/schema, compiled in strict mode, list, read, chat and stream."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.conftest import NODE_PACKAGES, PYTHON, Clients, needs_node, needs_python

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.mongod("a process of its own"),
    pytest.mark.xdist_group("clients"),
]
SAID = ["user", "assistant"] * 2
# Whose bodies the generator knows under other names; ruff would only format what it makes.
CONFIG = """
post_hooks: []
content_type_overrides:
  "*/*": application/octet-stream
  image/webp: application/octet-stream
  application/x-ndjson: text/plain
  text/event-stream: text/plain
  text/markdown: text/plain
  application/merge-patch+json: application/json
"""


@pytest.fixture
def folder(clients: Clients, tmp_path: Path) -> Path:
    """Where the description is."""
    described = httpx.get(f"{clients.base}/api/schema", headers={"Accept": "application/json"})
    (tmp_path / "schema.json").write_bytes(described.content)
    return tmp_path


def check(printed: str) -> None:
    told: dict[str, Any] = json.loads(printed.splitlines()[-1])
    assert (told["listed"], told["read"]) == (["typed"], SAID)
    assert told["said"]
    assert "Rufus" in told["streamed"]


@needs_python
def test_openapi_python_client_with_mypy_strict(clients: Clients, folder: Path):
    (folder / "config.yaml").write_text(CONFIG)
    generator = str(PYTHON.parent / "openapi-python-client")
    clients.run(
        generator, "generate", "--path", "schema.json", "--meta", "none", "--fail-on-warning",
        "--output-path", "generated", "--config", "config.yaml", cwd=folder,
    )  # fmt: skip
    program = shutil.copy(HERE / "programs" / "generated.py", folder / "program.py")
    judged = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(PYTHON), program],
        cwd=folder, capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout

    check(clients.run(str(PYTHON), program, cwd=folder))


@needs_node
def test_openapi_typescript_with_tsc_strict(clients: Clients, folder: Path):
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(NODE_PACKAGES)
    shutil.copy(HERE / "node" / "generated.ts", folder / "program.ts")
    clients.run(
        "npx", "openapi-typescript", "schema.json", "-o", "schema.ts",
        "--default-non-nullable=false", cwd=folder,
    )  # fmt: skip
    options = (
        "--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --skipLibCheck "
        "--target es2022 --module nodenext --lib es2022,dom,dom.iterable"
    )
    clients.run("npx", "tsc", *options.split(), "program.ts", cwd=folder)

    check(clients.run("node", "program.js", cwd=folder))
