"""What can be said of the Dockerfile without carrying it out; test_image.py does that."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from chatproject.version import VERSION
from tests.deployment.image import ROOT, Step, context, steps
from tests.deployment.variables import OF_THE_IMAGE, SETTINGS

STEPS = steps((ROOT / "Dockerfile").read_text())
SENT = context(ROOT)
# Where secrets and data lie in a working tree, and what else must not be in an image.
PRIVATE = [
    ".env", ".env.production", ".git/config", ".venv/bin/python", ".data/keys.json",
    ".data/admin.json", ".data/accounts.sqlite3", ".data/mongo/WiredTiger", ".data-copy/keys.json",
    "keys.json", "tls.key", "tls.pem", "accounts.sqlite3", "models/model.gguf", "backup/keys.json",
    "chatproject/.data/keys.json", "chatproject/keys.json", "chatproject/admin.json",
    "accounts/.env", "accounts/accounts.sqlite3-wal", "sessions_app/server.key",
    "sessions_app/.git/config", "sessions_app/deep/down/server.pem", "chatproject/debug.log",
    "chatproject/__pycache__/settings.cpython-311.pyc", "node_modules/marked/package.json",
    "tests/test_it.py", "docs/index.md", "sessions_app/web/static/chat/vendor/marked.js",
]  # fmt: skip
WANTED = ["manage.py", "chatproject/settings.py", "sessions_app/web/static/chat/main.js"]


def of(name: str) -> list[Step]:
    return [step for step in STEPS if step.name == name]


def final() -> list[Step]:
    """The steps of the image itself, after the last FROM."""
    last = max(number for number, step in enumerate(STEPS) if step.name == "FROM")
    return STEPS[last:]


def test_no_secret_and_no_data_is_sent_to_the_builder(tmp_path: Path):
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    for name in (*PRIVATE, *WANTED):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert context(tmp_path) == set(WANTED)


def test_nothing_that_git_ignores_is_sent():
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a checkout of git")

    assert SENT & set(listed.stdout.split("\0")) == set()


def test_every_module_of_the_service_is_sent():
    sources = {
        str(path.relative_to(ROOT))
        for package in ("chatproject", "accounts", "sessions_app")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not {"vendor", "__pycache__"} & set(path.parts)
    }

    assert sources <= SENT


def test_what_is_copied_exists():
    stages = {step.words[-1] for step in of("FROM") if len(step.words) == 3}
    copied = [(step, name) for step in of("COPY") for name in step.words[:-1]]

    assert copied
    for step, name in copied:
        assert name != ".", "the whole context would be copied"
        if origin := step.flags.get("from"):
            assert origin in stages
        else:
            assert any(path == name or path.startswith(f"{name}/") for path in SENT), name


def program_of(command: str) -> str:
    """The program of a simple command, behind its assignments."""
    return next(word for word in command.split() if not re.fullmatch(r"\w+=\S*", word))


def test_each_command_that_is_run_exists():
    commands = [
        command.strip()
        for step in (*of("RUN"), *of("CMD"))
        for command in re.split(r"&&|;", " ".join(step.words))
    ]

    assert commands
    for command in commands:
        program = program_of(command).removeprefix("/opt/venv/bin/")
        assert shutil.which(program), command
        for module in re.findall(r"python -m ([\w.]+)", command):
            assert importlib.util.find_spec(module), command
        for name in re.findall(r"manage\.py (\w+)", command):
            assert name in get_commands(), command


def test_packages_are_checked_against_hashes():
    installed = [step.value for step in of("RUN") if re.search(r"pip.* install|npm", step.value)]

    assert len(installed) == 2
    assert all("--require-hashes" in each or "npm ci" in each for each in installed)


def test_it_runs_as_a_user_that_is_not_root_and_whose_number_is_known():
    [user] = [step.value for step in final() if step.name == "USER"]

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert [step.name for step in final()[final().index(Step("USER", user)) :]].count("COPY") == 0


def test_its_health_check_is_a_module_of_the_service():
    [check] = [step.value for step in final() if step.name == "HEALTHCHECK"]
    [module] = re.findall(r'"-m", "([\w.]+)"', check)

    assert importlib.util.find_spec(module)


def test_its_label_is_the_version_of_the_code():
    arguments = {name: value for step in final() if step.name == "ARG"
                 for name, value in step.pairs.items()}  # fmt: skip
    [labels] = [step.pairs for step in final() if step.name == "LABEL"]

    assert labels["org.opencontainers.image.version"] == "${VERSION}"
    assert arguments["VERSION"] == VERSION


def test_each_variable_exists():
    named = {name for step in of("ENV") for name in step.pairs}
    assigned = {name for step in of("RUN") for name in re.findall(r"\b([A-Z_]+)=", step.value)}

    assert named | assigned <= SETTINGS | OF_THE_IMAGE


def test_base_images_have_a_version():
    stages = {step.words[-1] for step in of("FROM") if len(step.words) == 3}
    bases = [step.words[0] for step in of("FROM") if step.words[0] not in stages]

    assert all(re.search(r":\d", base) for base in bases)
