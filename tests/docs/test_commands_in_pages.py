"""Commands that pages show exist: modules, management commands, make targets, files.

The README's tour and the walkthrough are run as a whole (test_tour.py, test_walkthrough.py); what
other pages show takes minutes, needs data or a cluster, so here it is only looked up. Blocks of
Python are run.
"""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.docs import shell
from tests.docs.pages import ROOT

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}


def found(pattern: str) -> list[tuple[str, str]]:
    return [(page, hit) for page, text in TEXTS.items() for hit in re.findall(pattern, text)]


def test_every_module_that_is_run_exists():
    modules = found(r"python -m ((?:benchmarks|tests|chatproject)[\w.]*\w)")

    assert modules
    assert [one for one in modules if importlib.util.find_spec(one[1]) is None] == []


def test_every_management_command_exists():
    commands = found(r"manage\.py ([a-z_]+)")

    assert commands
    assert [one for one in commands if one[1] not in get_commands()] == []


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert [one for one in found(r"`make ([a-z-]+)") if one[1] not in targets] == []


def test_every_file_that_is_named_exists():
    """In code, with a slash and an ending: a path from the root, or from `sessions_app`.

    What begins in another place, such as a module of somebody else's, is not ours to check.
    """
    named = found(r"`((?:[\w.-]+/)+[\w-]+\.(?:py|md|jsonl|txt|yml|yaml|toml))`")
    under = (ROOT, ROOT / "sessions_app")

    ours = [
        (page, path, base)
        for page, path in named
        for base in under
        if (base / path.partition("/")[0]).exists()
    ]
    assert ours
    assert [one for one in ours if not (one[2] / one[1]).exists()] == []


def test_every_test_that_is_named_exists():
    named = found(r"-m pytest ([\w/.]+)")

    assert [one for one in named if not (ROOT / one[1]).exists()] == []


SNIPPETS = [
    (page, block.text)
    for page, text in TEXTS.items()
    # these need a service; test_tour.py, test_guides.py and tests/clients run them with one
    if page
    not in {"README.md", "docs/clients.md", "docs/client-library.md", "docs/service-keys.md"}
    if not page.startswith("docs/guides/")
    for block in shell.blocks(text)
    if block.language == "python"
]


@pytest.mark.parametrize(("page", "source"), SNIPPETS, ids=[page for page, _ in SNIPPETS])
def test_every_block_of_python_runs(page: str, source: str, tmp_path: Path):
    ran = subprocess.run(
        [sys.executable, "-c", source],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
