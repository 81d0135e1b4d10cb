"""Every link from one file to another leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.readme import ROOT, TEXT

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
# Where GitHub shows what CI says, seen from the root of a repository there.
ON_GITHUB = "../../actions/"


def links(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src(?:set)?="([^"]+)"', text)
    return [each for each in targets if not re.match(rf"[a-z]+:|{re.escape(ON_GITHUB)}", each)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path):
    missing = [
        target
        for target in links(page)
        if not (page.parent / target.partition("#")[0]).resolve().exists()
    ]

    assert missing == []


def test_every_page_of_the_documentation_can_be_reached_from_the_readme():
    reached: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        todo += [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]

    listed = {path for path in ROOT.glob("docs/**/*.md") if path.parent.name != "decisions"}
    assert listed - reached == set()


def test_the_readme_leads_to_every_guide_and_reference():
    pages = {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*/*.md")}
    named = set(re.findall(r"\]\(([^)\s#]+)", TEXT))

    assert {page for page in pages if "/decisions/" not in page} <= named
