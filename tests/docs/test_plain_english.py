"""Pages are plain English, and short.

A reader who is no native speaker has to understand each sentence at the first reading. These
patterns have made readers stall; the message of a failure says what to write.
"""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
WRITE = {
    r"\banew\b": "again",
    r"\bone's own\b|\bof one's\b": "your own, the caller's",
    r"\bneeded nowhere\b": "optional",
    r"\bwithout what opens\b": "without secrets",
    r"\bwhat of one\b": "which messages",
    r"\bneither is a wall\b": "neither is a security boundary",
    r"\bis no use of\b": "does not count as usage",
    r"\btried to be\b": "is retried",
    r"\blies there means nothing\b": "is harmless",
    r"\bfigures flatter\b": "the benchmark warns",
    r"\bas good as gone\b": "deleted",
    r"\bhas a hand in\b": "is working on",
    r"\bthe key one\b": "one of your keys",
    r"\b[Ww]hoever\b": "somebody who, users who",
    r"\ball the same\b": "still, nevertheless",
    r"\bdearer\b|\bdearest\b": "more expensive",
    r"\bseldomer\b": "less often",
    r"\bNobody's\b|\bnobody looks at\b": "name who does what",
    r"\bgo(?:es)? along with\b": "is deleted with, is sent with",
    r"\bsay(?:s)? of (?:it|them)self\b": "name what says it",
    r"\bbeside it and alone, in the same run\b.{0,3}\bones\b": "name both",
    r"\bit has been told\b|\bis told of\b": "is notified",
    r"\bpassed over\b(?!:)": "skipped, ignored",
    r"\bputs? down\b|\bput down\b": "write, store",
    r"\btakes? it up\b|\btaken up again\b|\btakes up the\b": "resume, continue",
}
# Longest a page may be, in words, tables and code included; longer ones with the reason.
MOST_WORDS = 2_000
LONGER = {
    "CHANGELOG.md": "a list that grows with each version",
    "docs/schema.md": "a reference: a row for each field that is stored",
    "docs/benchmarks.md": "tables that `benchmarks.publish` writes",
    "docs/scaling.md": "tables that `benchmarks.publish` writes",
    "docs/reference/settings.md": "a reference: a row for each setting",
    "docs/security.md": "a row for each threat, and tables that `test_principals` writes",
    "docs/operations.md": "a reference: every file, series, message and promise",
    "CONTRIBUTING.md": "a glossary, a map of the packages and the recipes",
}


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return " ".join(re.sub(r"`[^`]*`", "`…`", text).split())


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_has_no_phrase_that_readers_stall_on(page: Path):
    found = [
        f"“…{text[max(0, hit.start() - 40) : hit.end() + 20]}…”: write {instead}"
        for text in [prose(page)]
        for pattern, instead in WRITE.items()
        for hit in re.finditer(pattern, text)
    ]

    assert found == [], "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_is_no_longer_than_one_reads(page: Path):
    if named(page) not in LONGER:
        assert len(page.read_text().split()) <= MOST_WORDS


def test_the_exceptions_are_pages_that_are_longer():
    assert [name for name in LONGER if len((ROOT / name).read_text().split()) <= MOST_WORDS] == []
