"""The README, taken apart."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: `sh`, `python`, or the output that the block before it prints."""

    language: str
    text: str


def section(title: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    marks, start = next(
        (found[1], found.end())
        for found in re.finditer(r"^(#+) (.*)$", TEXT, re.MULTILINE)
        if found[2] == title
    )
    end = re.compile(rf"^#{{1,{len(marks)}}} ", re.MULTILINE).search(TEXT, start)
    return TEXT[start : end.start() if end else len(TEXT)]


def blocks(title: str) -> list[Block]:
    """The fenced blocks of a section."""
    return [Block(*found) for found in _FENCE.findall(section(title))]


def table(title: str) -> list[list[str]]:
    """The rows of the first table of a section, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def code(cell: str) -> list[str]:
    """The pieces of code in a text."""
    return re.findall(r"`([^`\n]+)`", cell)


def prose() -> str:
    """Everything outside of fenced blocks."""
    return _FENCE.sub("", TEXT)


def shows(expected: str, printed: str) -> bool:
    """Whether `printed` is what a block shows, in which … stands for anything."""
    pattern = ".*?".join(map(re.escape, expected.strip().split("…")))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None
