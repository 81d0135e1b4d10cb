"""The README's examples run, and print what it shows."""

import shutil
import subprocess
import sys

import httpx
import pytest

from tests.docs import readme

SHOWN_BASE = "http://127.0.0.1:8000"
MARK = "--- the next block ---"
TOUR = "Five minutes with curl"
PYTHON = "The same from Python"


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
    steps = expectations([block for block in readme.blocks(TOUR) if block.language != "python"])
    script = f"echo {MARK!r}\n".join(commands for commands, _ in steps)

    ran = subprocess.run(
        ["sh", "-eu", "-c", script.replace(SHOWN_BASE, service)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    printed = ran.stdout.split(f"{MARK}\n")
    assert len(printed) == len(steps) > 10
    for (commands, expected), output in zip(steps, printed, strict=True):
        assert readme.shows(expected, output), f"{commands}\nprints\n{output}\nnot\n{expected}"


def test_the_python_example_prints_what_is_shown(service: str):
    [(source, expected)] = expectations(readme.blocks(PYTHON))
    alice = {"username": "alice", "password": "a long walk home"}
    assert httpx.post(f"{service}/auth/register", json=alice).status_code == 201

    ran = subprocess.run(
        [sys.executable, "-c", source.replace(SHOWN_BASE, service)],
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
