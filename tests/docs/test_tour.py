"""The README's examples run, and print what it shows."""

import shutil
import subprocess
import sys

import httpx
import pytest

from tests.docs import readme, shell

TOUR = "Five minutes with curl"
PYTHON = ["The same from Python", "With an OpenAI client"]


def expectations(blocks: list[readme.Block]) -> list[tuple[str, str]]:
    """Each block of commands with what it is shown to print."""
    followers = [*blocks[1:], None]
    return [
        (block.text, after.text if after and after.language in {"json", "text"} else "")
        for block, after in zip(blocks, followers, strict=True)
        if block.language in {"sh", "python"}
    ]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_step_of_the_tour_prints_what_is_shown(service: str):
    steps = shell.run(readme.blocks(TOUR), service)

    assert len(steps) > 10
    for step in steps:
        assert readme.shows(step.expected, step.printed), (
            f"{step.commands}\nprints\n{step.printed}\nnot\n{step.expected}"
        )


@pytest.mark.parametrize("title", PYTHON)
def test_the_python_examples_print_what_is_shown(service: str, title: str):
    [(source, expected)] = expectations(readme.blocks(title))
    alice = {"username": "alice", "password": "a long walk home"}
    assert httpx.post(f"{service}/auth/register", json=alice).status_code == 201

    ran = subprocess.run(
        [sys.executable, "-c", source.replace(shell.SHOWN_BASE, service)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )

    assert ran.stderr == ""
    assert readme.shows(expected, ran.stdout)


def test_what_is_shown_holds_no_more_than_the_dots_allow():
    assert readme.shows('{"id":"…","seq":1}', '{"id":"msg_5","seq":1}\n')
    assert not readme.shows('{"id":"…","seq":1}', '{"id":"msg_5","seq":2}')
    assert not readme.shows("", "something")
