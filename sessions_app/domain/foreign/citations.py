"""The signs that stand in a model's text for its sources, and the sources in their place.

ChatGPT writes `U+E200 cite U+E202 turn0search1 U+E201`, before that `【4†source】`. A reader sees
neither there; here they would be stored and found.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

RESOLVED = "citation marker, replaced by its source"
REMOVED = "citation marker without its source"
# A marker that was cut off has no end.
_MARKER = re.compile(
    "\ue200(?P<body>[^\ue200\ue201]{0,4000})\ue201"
    "|\ue200[a-z_]{0,30}(?:\ue202[\\w.:-]{0,80}){0,40}"
    "|(?:\ue202turn\\d{1,6}[a-z]{1,20}\\d{1,6})+"
    "|【(?P<old>\\d{1,6}(?::\\d{1,6})?†[^【】\n]{0,300})】"
)
_REST = re.compile("[\ue200-\ue20f]")
_REFERENCE = re.compile(r"turn\d{1,6}[a-z]{1,20}\d{1,6}")
_LINES = re.compile(r"L\d+(?:-L?\d+)?")
_CLOSING = " \n\t.,;:!?)"
_LINKED = ("http://", "https://")


class Source(NamedTuple):
    """A page or a file; either may be empty."""

    title: str = ""
    url: str = ""


# By a marker's whole text, by a reference (`turn0search1`), by an old marker's number (`†4`).
Sources = Mapping[str, list[Source]]


def has_markers(text: str) -> bool:
    """Whether there may be a marker: most texts have none."""
    return "†" in text or not _is_free(text)


def _is_free(text: str) -> bool:
    return _REST.search(text) is None


def resolved(text: str, sources: Sources, *, changed: Counter[str], left: Counter[str]) -> str:
    """The text with links or titles in place of markers; those without a source are removed."""
    if not has_markers(text):
        return text
    pieces: list[str] = []
    end = 0
    for match in _MARKER.finditer(text):
        before = text[end : match.start()]
        shown = _shown(match, sources)
        (changed if shown else left)[RESOLVED if shown else REMOVED] += 1
        if shown:
            before += "" if not before or before[-1].isspace() else " "
        elif text[match.end() : match.end() + 1] in _CLOSING:
            # At the end `in` is true as well: no space stays before nothing.
            before = before.rstrip(" ")
        pieces += [before, shown]
        end = match.end()
    pieces.append(text[end:])
    return _REST.sub("", "".join(pieces))


def _shown(match: re.Match[str], sources: Sources) -> str:
    listed = sources.get(match[0])
    if not listed:
        body = match["old"]
        listed = _of_old(body, sources) if body else _of_new(match[0], sources)
    return " ".join(dict.fromkeys(filter(None, map(_words, listed))))


def _of_new(marker: str, sources: Sources) -> list[Source]:
    named = [source for name in _REFERENCE.findall(marker) for source in sources.get(name, [])]
    if named:
        return named
    kind, *values = marker.strip("\ue200\ue201").split("\ue202")
    if kind == "url" and values:
        return [Source(values[0], values[-1])]
    if kind == "entity" and values:
        return [Source(_entity(values[0]))]
    return []


def _entity(value: str) -> str:
    """The name in `["person", "Amália Rodrigues", …]`."""
    try:
        listed = json.loads(value)
    except (ValueError, RecursionError):
        return ""
    named = isinstance(listed, list) and len(listed) > 1 and isinstance(listed[1], str)
    return listed[1] if named else ""


def _of_old(body: str, sources: Sources) -> list[Source]:
    number, *labels = body.split("†")
    if listed := sources.get(f"†{number}") or sources.get(f"†{number.rpartition(':')[2]}"):
        return listed
    label = labels[0].strip() if labels else ""
    is_title = label and label != "source" and not _LINES.fullmatch(label)
    return [Source(label)] if is_title else []


def _words(source: Source) -> str:
    title = re.sub(r"[\[\]\s]+", " ", source.title).strip()
    url = source.url.strip()
    if not url.startswith(_LINKED) or any(sign in url for sign in " <>\n\\"):
        url = ""
    if title and url:
        return f"[{title}](<{url}>)" if "(" in url or ")" in url else f"[{title}]({url})"
    return f"<{url}>" if url else f"({title})" if title else ""


def as_sources(listed: Iterable[tuple[object, object]]) -> list[Source]:
    """Sources of titles and addresses, whatever a file has in their place."""
    made = (Source(*(each if isinstance(each, str) else "" for each in pair)) for pair in listed)
    return [source for source in made if source.title or source.url]
