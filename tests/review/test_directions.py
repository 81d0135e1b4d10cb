"""Titles and names cannot turn around what stands beside them on a page or in a file."""

import csv
import io
import re

import pytest

from tests.review.conftest import AUDIT, LIST, text

RLO = "\u202e"
TITLE = f"invoice {RLO}fdp.exe"
SHOWN = f"\u2068{TITLE}\u2069"


def loose(shown: str) -> list[str]:
    """Where the characters stand outside of an isolate."""
    return re.findall(RLO, re.sub("\u2068[^\u2069\n]*\u2069", "", shown))


@pytest.fixture
def turned(alice, talk):
    return talk(alice, f"{RLO}hello", title=TITLE, metadata={f"k{RLO}": f"v{RLO}"})


def test_the_list_isolates_titles(lea, turned):
    page = text(lea.client.get(LIST))
    assert page.count(SHOWN) == 3  # the link, and the labels of the box and of the row's menu
    assert loose(page) == []


def test_so_does_a_conversation(lea, turned, opened):
    page = text(lea.client.get(opened(lea, turned, detail=f"why {RLO}")))
    assert SHOWN in page
    content = re.sub(r'<div class="msg__text">.*?</div>', "", page, flags=re.DOTALL)
    assert loose(content) == []


def test_so_does_the_read_log(lea, turned, opened):
    opened(lea, turned, detail=f"why {RLO}")
    assert f"\u2068why {RLO}\u2069" in text(lea.client.get(AUDIT))


def test_so_does_its_export(lea, turned, opened):
    opened(lea, turned, detail=f"why {RLO}")
    response = lea.client.post(f"{AUDIT}export/", {"form": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    assert rows[1]["detail"] == f"\u2068why {RLO}\u2069"


def test_so_does_a_conversation_as_markdown(turned, act):
    exported = b"".join(act("export", turned, reason="legal", form="markdown")).decode()
    assert exported.startswith(f"# {SHOWN}\n")


@pytest.mark.parametrize("before", ["", " ", "\u3000", "\u200b", "\t"])
@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
def test_no_cell_of_the_export_is_a_formula(lea, session_id, opened, before, sign):
    opened(lea, session_id, detail=f"x{before}{sign}1;{sign}2")
    written = b"".join(lea.client.post(f"{AUDIT}export/", {"form": "csv"})).decode()
    # All cells are quoted, so that none begins at a semicolon.
    assert f'"x{before}{sign}1;{sign}2"' in written
