"""Running the examples of a page, one shell for all of them, and what each prints."""

import re
import subprocess
from dataclasses import dataclass

from tests.docs import readme

SHOWN_BASE = "http://127.0.0.1:8000"
_MARK = "--- the next block ---"


@dataclass(frozen=True)
class Step:
    """A block of commands, what it is shown to print, and what it printed."""

    commands: str
    expected: str
    printed: str


def blocks(text: str) -> list[readme.Block]:
    """All fenced blocks of a page."""
    fence = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [readme.Block(*found) for found in fence.findall(text)]


def run(page: list[readme.Block], service: str) -> list[Step]:
    """Every block of `sh`, in order, against a service that listens elsewhere than is shown."""
    followers = [*page[1:], None]
    steps = [
        (block.text, after.text if after and after.language in {"json", "text"} else "")
        for block, after in zip(page, followers, strict=True)
        if block.language == "sh"
    ]
    script = f"echo {_MARK!r}\n".join(commands for commands, _ in steps)
    ran = subprocess.run(
        ["sh", "-eu", "-c", script.replace(SHOWN_BASE, service)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    printed = ran.stdout.split(f"{_MARK}\n")
    return [Step(*step, out) for step, out in zip(steps, printed, strict=True)]
