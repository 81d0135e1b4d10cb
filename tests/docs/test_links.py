"""Every link from one file to another leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.readme import ROOT, TEXT

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def links(page: Path) -> list[str]:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path):
    missing = [
        target
        for target in links(page)
        if not (page.parent / target.partition("#")[0]).resolve().exists()
    ]

    assert missing == []


def test_the_readme_leads_to_every_page_of_the_documentation():
    pages = {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md")}

    assert pages <= set(re.findall(r"\]\(([^)\s#]+)", TEXT))
