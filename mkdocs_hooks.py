"""What the site of `make docs` has beyond docs/: the pages at the root, a list, the diagrams.

The README and its neighbours stay where people look for them; here they become pages, with their
links turned to where things are on the site. Links to code become plain names.
"""

import hashlib
import re
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security-policy.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}
DECISIONS = "decisions/index.md"
# mermaid 11.16.0, byte for byte as npm has it; the package is taken for this one file.
MERMAID = ("mermaidx", "assets/mermaid.js")
MERMAID_SHA256 = "74d7c46dabca328c2294733910a8aa1ed0c37451776e8d5295da38a2b758fb9b"

# The README's badges: what CI says of a commit is not on the site, and nothing is asked of the net.
_BADGE = re.compile(r"^\[?!\[[^\]]*\]\([^)]*badge[^)]*\)(\]\([^)]*\))?\n", re.MULTILINE)
# A picture for either colour scheme, as GitHub takes it, and as the theme does.
_THEMED = re.compile(
    r'<picture>\s*<source [^>]*srcset="docs/([^"]+)">\s*<img src="docs/([^"]+)" alt="([^"]+)">\s*'
    r"</picture>"
)
_PICTURE = re.compile(r"!\[([^\]]*)\]\(docs/(images/[^)\s]+)\)")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?![a-z]+:|#)([^)\s]+)\)")


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages from the root, the list of decisions, and Mermaid."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_from_root(text)))
    files.append(File.generated(config, DECISIONS, content=_decisions()))
    files.append(File.generated(config, "javascripts/mermaid.min.js", content=_mermaid()))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Links from docs/ to code become names."""
    if page.file.src_uri in {*PAGES.values(), DECISIONS}:
        return markdown
    return _LINK.sub(lambda found: _from_docs(found, page.file.src_uri), markdown)


def _from_root(text: str) -> str:
    text = _THEMED.sub(r"![\3](\2#only-light)\n![\3](\1#only-dark)", _BADGE.sub("", text))
    return _LINK.sub(_turned, _PICTURE.sub(r"![\1](\2)", text))


def _turned(found: "re.Match[str]") -> str:
    text, target = found[1], found[2]
    place, _, anchor = target.partition("#")
    if place == "docs/decisions":
        return f"[{text}]({DECISIONS})"
    page = PAGES.get(place) or (place.removeprefix("docs/") if place.startswith("docs/") else "")
    if not page:
        return text if text.startswith("`") else f"`{text}`"
    return f"[{_said(text)}]({page}{'#' + anchor if anchor else ''})"


def _said(text: str) -> str:
    return text.removeprefix("docs/")


def _from_docs(found: "re.Match[str]", page: str) -> str:
    target = (ROOT / "docs" / page).parent / found[2].partition("#")[0]
    resolved = target.resolve()
    if not resolved.exists() or resolved.is_relative_to(ROOT / "docs"):
        return found[0]  # a page of the site, or a mistake for the strict build to report
    name = str(resolved.relative_to(ROOT))
    if name in PAGES:
        depth = "../" * page.count("/")
        return f"[{found[1]}]({depth}{PAGES[name]})"
    return f"`{found[1].strip('`')}`"


def _decisions() -> str:
    rows = []
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        rows.append(f"- [{title}]({path.name})")
    return "# Decisions\n\nWhat a newcomer would question, and why it is so.\n\n" + "\n".join(rows)


def _mermaid() -> bytes:
    package, place = MERMAID
    content = (package_files(package) / place).read_bytes()
    if hashlib.sha256(content).hexdigest() != MERMAID_SHA256:
        raise PluginError(f"{package}'s {place} is not the file that is known here")
    return content
