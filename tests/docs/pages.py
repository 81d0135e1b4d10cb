"""Pages of the documentation, taken apart."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    """A page under `docs`."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next heading of any level; empty without one."""
    found = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def tables(text: str) -> dict[str, list[list[str]]]:
    """The rows of each table, by the first cell of its head."""
    return dict(all_tables(text))


def all_tables(text: str) -> list[tuple[str, list[list[str]]]]:
    """The first cell of the head and the rows of each table, in order."""
    blocks = re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE)
    parsed = [[_cells(line) for line in block.splitlines()] for block in blocks]
    return [(head[0], rows) for head, _, *rows in parsed]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def code(cell: str) -> list[str]:
    """The pieces of code in a text."""
    return re.findall(r"`([^`\n]+)`", cell)
