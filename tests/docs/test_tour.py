"""The examples of the README and of the guide by curl run, and print what they show."""

import shutil
import subprocess
import sys

import httpx
import pytest

from tests.docs import pages, readme, shell

GUIDE = pages.read("guides/curl.md")
PYTHON = {
    "README.md": pages.section(readme.TEXT, "Use it with an OpenAI client"),
    "guides/curl.md": pages.section(GUIDE, "The same from Python"),
}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize(
    ("text", "least"),
    [(readme.section("Use it with curl"), 1), (GUIDE, 10)],
    ids=["README.md", "guides/curl.md"],
)
def test_every_step_by_curl_prints_what_is_shown(service: str, text: str, least: int):
    steps = shell.run(shell.blocks(text), service)

    assert len(steps) >= least
    for step in steps:
        assert readme.shows(step.expected, step.printed), (
            f"{step.commands}\nprints\n{step.printed}\nnot\n{step.expected}"
        )


@pytest.mark.parametrize("page", PYTHON)
def test_the_python_examples_print_what_is_shown(service: str, page: str):
    source, expected = (block.text for block in shell.blocks(PYTHON[page]))
    if "auth/register" not in source:
        alice = {"username": "alice", "password": "a long walk home"}
        assert httpx.post(f"{service}/auth/register", json=alice).status_code == 201

    ran = subprocess.run(
        [sys.executable, "-c", source.replace(shell.SHOWN_BASE, service)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )

    assert ran.stderr == ""
    assert readme.shows(expected, ran.stdout), ran.stdout


def test_the_example_of_the_readme_has_ten_lines_and_comes_before_curl():
    source, _ = shell.blocks(PYTHON["README.md"])

    assert len([line for line in source.text.splitlines() if line]) <= 10
    assert readme.TEXT.index("Use it with an OpenAI client") < readme.TEXT.index("Use it with curl")


def test_what_is_shown_holds_no_more_than_the_dots_allow():
    assert readme.shows('{"id":"…","seq":1}', '{"id":"msg_5","seq":1}\n')
    assert not readme.shows('{"id":"…","seq":1}', '{"id":"msg_5","seq":2}')
    assert not readme.shows("", "something")
