"""What pages say of the code is so: tables beside enumerations, collections and constants."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from sessions_app import documents
from sessions_app.api import authentication, identity_provider
from sessions_app.domain.turns import TurnState
from sessions_app.domain.window import Reason, summaries
from sessions_app.providers import connections, openai_chunks, openai_compatible, openai_relay
from sessions_app.repository import sharding
from tests.docs import pages

PAGES = [pages.ROOT / "README.md", *sorted((pages.ROOT / "docs").rglob("*.md"))]
OF_ONE = {document.COLLECTION: document for document in documents.ALL}
MEBIBYTE = 1024 * 1024


def sections(path: Path) -> list[tuple[str, str]]:
    """Each section of a page with its place, its fenced blocks included."""
    text = path.read_text(encoding="utf-8")
    fences = [match.span() for match in re.finditer(r"^```.*?^```$", text, re.DOTALL | re.M)]
    starts = [
        match.start()
        for match in re.finditer(r"^#+ ", text, re.M)
        if not any(begin < match.start() < end for begin, end in fences)
    ]
    parts = [text[begin:end] for begin, end in pairwise([*starts, len(text)])]
    return [(f"{path.relative_to(pages.ROOT)}: {part.splitlines()[0]}", part) for part in parts]


def prose(part: str) -> str:
    """A section without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", part, flags=re.DOTALL | re.M)


def test_every_collection_is_in_the_table_of_what_is_kept_about_a_person():
    rows = pages.tables(pages.section(pages.read("personal-data.md"), "What is kept"))["Where"]
    says = {name: row[2] for row in rows for name in pages.code(row[0])}

    assert set(OF_ONE) - set(says) == set()
    for name, document in OF_ONE.items():
        assert ("`user_id`" in says[name]) == ("user_id" in document._fields), name


def test_turns_in_examples_have_states_that_exist():
    shown = re.findall(r'"type":"turn".*?"state":"(\w+)"', pages.read("personal-data.md"))

    assert shown
    assert set(shown) <= {state.value for state in TurnState}


def test_every_reason_of_a_window_is_explained():
    rows = pages.tables(pages.section(pages.read("context.md"), "Reasons"))["kept"]
    shown = [code for row in rows for cell in (row[0], row[2]) for code in pages.code(cell)]

    assert sorted(shown) == sorted(reason.value for reason in Reason)


def test_every_reason_of_a_window_has_words_on_the_page():
    panel = pages.ROOT / "sessions_app/web/static/chat/views/later/context_panel.js"
    _, _, table = panel.read_text(encoding="utf-8").partition("const REASONS = {")
    worded = re.findall(r"^  (\w+):", table.partition("};")[0], re.MULTILINE)

    assert sorted(worded) == sorted(reason.value for reason in Reason)


def test_every_collection_has_its_shard_key_in_the_plan():
    rows = pages.tables(pages.section(pages.read("scaling.md"), "Shard key"))["collection"]
    shown = {name: row[1] for row in rows for name in pages.code(row[0])}
    keys = sharding.keys()

    assert set(shown) == set(OF_ONE)
    for name, key in shown.items():
        assert pages.code(key) == list(keys.get(name, {})), name


@pytest.mark.parametrize(
    ("what", "bound"),
    [
        ("making a connection", f"{connections.CONNECT_SECONDS:g} s"),
        ("one event of a stream", f"{openai_chunks.EVENT_MAX_BYTES // MEBIBYTE} MiB"),
        ("a whole answer at once", f"{openai_compatible.ANSWER_MAX_BYTES // MEBIBYTE} MiB"),
        ("a relayed answer at once", f"{openai_relay.WHOLE_MAX_BYTES // MEBIBYTE} MiB"),
        ("one event of a relayed stream", f"{openai_relay.EVENT_MAX_BYTES // MEBIBYTE} MiB"),
    ],
)
def test_a_provider_is_bounded_as_the_page_says(what: str, bound: str):
    rows = pages.tables(pages.section(pages.read("providers.md"), "What is bounded"))["Limit"]
    shown = [row[1] for row in rows if re.sub(r"\[(\w+)\]\([^)]*\)", r"\1", row[0]) == what]

    assert shown == [bound]


def test_the_life_of_a_session_has_every_way_between_its_states():
    diagram = pages.section(pages.read("concepts.md"), "The life of a session")
    ways = set(re.findall(r"^ +(\S+) --> (\S+):", diagram, re.MULTILINE))

    assert ways == {
        ("[*]", "active"), ("active", "active"), ("active", "expired"), ("active", "archived"),
        ("expired", "active"), ("expired", "archived"), ("expired", "[*]"),
        ("archived", "active"), ("archived", "[*]"), ("active", "[*]"),
    }  # fmt: skip


def test_the_cost_of_a_summary_is_that_of_the_code():
    text = pages.section(pages.read("summaries.md"), "What it costs")

    assert f"{summaries.EXTENSION_TOKENS:,} tokens with their labels" in text
    assert f"at most {summaries.SUMMARY_MAX_TOKENS} tokens" in text
    assert f"at most {summaries.WORTH_A_CALL_MAX_TOKENS} tokens" in text
    assert f"{summaries.EXCERPT_TOKENS} tokens; of a longer one" in text


def test_the_rules_for_an_identity_provider_are_those_of_the_code():
    text = pages.section(pages.read("guides/your-backend.md"), "Rules")
    rules = {row[0]: row[1] for row in pages.tables(text)["Rule"]}

    assert all(name in rules["algorithms"] for name in identity_provider.PROVIDER_ALGORITHMS)
    assert f"{authentication.MAX_SUBJECT_CHARS} printable ASCII" in rules["subject"]
    assert f"{authentication.MAX_TOKEN_CHARS:,} characters" in rules["token length"]
    assert f"{identity_provider.PROVIDER_LEEWAY_SECONDS} seconds" in rules["clocks"]
    assert f"every {identity_provider.KEYS_FRESH_SECONDS // 60} minutes" in rules["keys"]
    assert f"every {identity_provider.FETCH_PAUSE_SECONDS} seconds" in rules["keys"]
    assert identity_provider.KEYS_USABLE_SECONDS == 3_600
    assert "an hour" in rules["keys"]


def test_no_place_for_a_table_is_empty():
    for path in PAGES:
        assert not re.search(r"<!-- [^>]+ -->\s*<!-- end -->", path.read_text()), path


_SAME = re.compile(r"\bcosts? the same\b|\b(?:one|same) price\b")
_FIGURE = re.compile(
    r"\d[\d,.]*\s*(?:times|ms|%|µs|to \d)|\]\([^)]*(?:benchmarks|context-inside)\.md"
)


def test_who_says_that_length_costs_nothing_gives_the_figure():
    bare = [
        (title, found[0])
        for path in PAGES
        for title, part in sections(path)
        for paragraph in prose(part).split("\n\n")
        if (found := _SAME.search(" ".join(paragraph.split()))) and not _FIGURE.search(paragraph)
    ]

    assert bare == []


_MEASURED = re.compile(
    r"\b(?:took|takes|take|cost|costs)\b[^.|]*?\d[\d,.]*\s?(?:ms|µs|seconds|s|minutes|MB|kB)\b"
)
_COMMAND = re.compile(r"python -m|python benchmarks|manage\.py|-m pytest|`make")


def test_a_figure_has_the_command_that_prints_it():
    """A time or a size in prose, and in its section or in the introduction a command."""
    bare = []
    for path in PAGES:
        parts = sections(path)
        introduced = any(_COMMAND.search(part) for _, part in parts[:1])
        for title, part in parts:
            measured = _MEASURED.search(" ".join(prose(part).split()))
            if measured and not introduced and not _COMMAND.search(part):
                bare.append((title, measured[0]))

    assert bare == []


@pytest.mark.parametrize("path", sorted(pages.ROOT.glob("requirements*.txt")), ids=lambda p: p.name)
def test_every_requirement_is_pinned(path: Path):
    # A lock has its hashes on further lines.
    text = path.read_text().replace("\\\n", " ")
    lines = [line.split("#")[0].split(" --hash")[0].strip() for line in text.splitlines()]
    named = [line for line in lines if line and not line.startswith("-")]

    assert [line for line in named if not re.match(r"^[\w.\[\],-]+==[\w.+]+( ?;.*)?$", line)] == []
