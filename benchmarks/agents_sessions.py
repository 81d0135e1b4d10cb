"""How many of openai-agents' own tests of sessions pass with sessions that this service keeps?

The tests come with the package's source (`openai_agents-0.24.0.tar.gz` on PyPI; `--suite` names the
unpacked directory). They are run as they are, in `.venv/agents`, with pytest beside it: those of
`OpenAIConversationsSession` have a client of their own that answers by itself; those of
`SQLiteSession` get `OpenAIConversationsSession` on a service (`agents_suite/served_sessions.py`).
"""

import json
import os
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.harness import report, store
from tests.chatproject.conftest import ROOT, Service

PACKAGE = "openai-agents==0.24.0"
PYTHON = ROOT / ".venv" / "agents" / "bin" / "python"
SUITES = {
    "OpenAIConversationsSession": ["test_openai_conversations_session.py"],
    "SQLiteSession": ["test_session.py", "test_session_limit.py"],
}
# With the wire's form of items, and with that taken back to what the tests wrote.
FORMS: dict[str, dict[str, str]] = {"as they come": {}, "plain": {"SERVED_SESSIONS_PLAIN": "1"}}
# Some wait for threads that share an asyncio lock, which is for one loop.
TEST_SECONDS = 60
SUITE_SECONDS = 3_600


def main() -> None:
    parser = store.arguments(__doc__)
    parser.add_argument("--suite", type=Path, help="the package's unpacked source")
    options = parser.parse_args()
    result = report.Report("agents_sessions")
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        work = Path(name)
        suite = options.suite or _unpacked(work)
        _pip(
            "install", "--target", str(work / "tools"), "pytest", "pytest-asyncio", "pytest-timeout"
        )
        service = Service(work / "data", THROTTLE_USER="").ready(300)
        try:
            for of, files in SUITES.items():
                settings = _settings(service, of)
                for form, more in FORMS.items():
                    outcomes = _run(suite, files, work, settings | more)
                    passed = sum(outcome == "passed" for outcome in outcomes.values())
                    result.add(f"{of}, {form}", passed=passed, tests=len(outcomes))
                    for reason, count in Counter(outcomes.values()).most_common():
                        if reason != "passed":
                            result.add(f"{of}, {form}", reason=reason, tests=count)
        finally:
            service.end()
            service.kill()
    result.table()


def _pip(*args: str) -> None:
    subprocess.run([str(PYTHON), "-m", "pip", "-q", *args], check=True)


def _unpacked(work: Path) -> Path:
    """The package's source, from the index."""
    _pip("download", "--no-deps", "--no-binary", "openai-agents", "-d", str(work), PACKAGE)
    [archive] = work.glob("openai_agents-*.tar.gz")
    subprocess.run(["tar", "xzf", str(archive), "-C", str(work)], check=True)
    return work / archive.name.removesuffix(".tar.gz")


def _settings(service: Service, name: str) -> dict[str, str]:
    account = {"username": name.lower(), "password": "a long walk home"}
    token = service.post("/auth/register", account)["access"]
    key = service.post("/auth/api-keys", {"password": account["password"], "name": name}, token)[
        "key"
    ]
    return {"OPENAI_BASE_URL": f"{service.url}/v1", "OPENAI_API_KEY": key}


def _run(suite: Path, files: list[str], work: Path, settings: dict[str, str]) -> dict[str, str]:
    """What came of each test, by its name."""
    outcomes = work / "outcomes.json"
    beside = f"{work / 'tools'}{os.pathsep}{ROOT / 'benchmarks' / 'agents_suite'}"
    subprocess.run(
        [
            *(str(PYTHON), "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider"),
            *("-p", "served_sessions", "-o", "asyncio_mode=auto", f"--timeout={TEST_SECONDS}"),
            *(f"tests/memory/{name}" for name in files),
        ],
        cwd=suite,
        env=os.environ | settings | {"PYTHONPATH": beside, "SERVED_SESSIONS_REPORT": str(outcomes)},
        check=False,  # that some fail is the figure
        timeout=SUITE_SECONDS,
    )
    told: dict[str, str] = json.loads(outcomes.read_text())
    return told


if __name__ == "__main__":
    main()
