"""The adapters of `clients/python`, with the packages that they are for, on a served instance."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Clients
from tests.docs import pages

LIBRARY = pages.ROOT / "clients" / "python"
# Frameworks that need other versions than the service; `make test` installs them.
ENVIRONMENT = pages.ROOT / ".venv" / "library"
PYTHON = ENVIRONMENT / "bin" / "python"
SDK = ENVIRONMENT / "suites" / "openai_agents-0.24.0"
# Their names say that they look into the file, its locks or its connections; or that they are of
# a function of the SDK's own.
ABOUT_SQLITE = "sqlite_session or await_mutation or cancel or thread or unknown_dictionary"
ADAPTERS = ["langchain", "llama_index", "openai_agents"]
pytestmark = [
    pytest.mark.mongod("a process of its own"),
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(
        not PYTHON.exists(), reason="needs requirements-library.txt in .venv/library: run make test"
    ),
]


def run_tests(clients: Clients, folder: Path, *arguments: str) -> str:
    """What pytest prints in the environment of the frameworks; all its tests must pass."""
    environment = os.environ | {
        "BASE": clients.base,
        "CHAT_KEY": clients.key,
        "SERVICE_KEY": clients.service_key,
        "PYTHONPATH": f"{LIBRARY}{os.pathsep}{LIBRARY / 'tests'}",
        # The SDK sends what it does to its maker, if it can.
        "OPENAI_AGENTS_DISABLE_TRACING": "1",
    }
    command = [str(PYTHON), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    ran = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=600
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_example_is_a_bot_for_many_users(clients: Clients):
    assert "3 passed" in run_tests(clients, LIBRARY, "tests/test_bot.py")


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_does_what_its_package_expects(clients: Clients, adapter: str):
    assert " passed" in run_tests(clients, LIBRARY, f"tests/test_{adapter}.py")


def run_the_sdks_tests(clients: Clients, *arguments: str) -> str:
    plugin = ["-p", "served_sessions", "-o", "asyncio_mode=auto"]
    return run_tests(clients, SDK, *plugin, *arguments)


def test_the_sdks_own_tests_of_a_limit_pass(clients: Clients):
    assert "15 passed" in run_the_sdks_tests(clients, "tests/memory/test_session_limit.py")


@pytest.mark.slow
def test_the_sdks_own_tests_of_sessions_pass(clients: Clients):
    others = ("-k", f"not ({ABOUT_SQLITE})")
    assert "30 passed" in run_the_sdks_tests(clients, "tests/memory/test_session.py", *others)
