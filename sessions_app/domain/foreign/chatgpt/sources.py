"""The sources that a message of ChatGPT's export cites."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sessions_app.domain.foreign.citations import Source, as_sources
from sessions_app.domain.foreign.shapes import listed, mapped

_PER_MESSAGE = 2_000


def sources_of_message(text: str, metadata: Mapping[str, Any]) -> dict[str, list[Source]]:
    """By markers, by references and by numbers; `text` is what positions count in."""
    sources: dict[str, list[Source]] = {}
    for reference in listed(metadata.get("content_references"))[:_PER_MESSAGE]:
        if isinstance(reference, dict):
            _add(sources, reference.get("matched_text"), _of_reference(reference))
    for citation in listed(metadata.get("citations"))[:_PER_MESSAGE]:
        if isinstance(citation, dict):
            cited = mapped(citation.get("metadata")) or citation
            listed_sources = as_sources([(cited.get("title") or cited.get("name"), _url(cited))])
            _add(sources, _between(text, citation), listed_sources)
            number = mapped(cited.get("extra")).get("cited_message_idx")
            _add(sources, f"†{number}", listed_sources)
    return sources


def sources_of_searches(messages: Iterable[Mapping[str, Any]]) -> dict[str, list[Source]]:
    """What the searches of a branch brought, by references such as `turn0search1`."""
    sources: dict[str, list[Source]] = {}
    for message in messages:
        metadata = mapped(message.get("metadata"))
        for group in listed(metadata.get("search_result_groups")):
            for entry in listed(mapped(group).get("entries")):
                _add_entry(sources, mapped(entry))
        for reference in listed(metadata.get("content_references")):
            for item in _items(mapped(reference)):
                _add_entry(sources, item)
    return sources


def _add_entry(sources: dict[str, list[Source]], entry: Mapping[str, Any]) -> None:
    listed_sources = as_sources([(entry.get("title"), _url(entry))])
    for name in (entry.get("ref_id"), *listed(entry.get("refs"))):
        if isinstance(name, dict):
            turn, kind, index = (name.get(f) for f in ("turn_index", "ref_type", "ref_index"))
            _add(sources, f"turn{turn}{kind}{index}", listed_sources)


def _add(sources: dict[str, list[Source]], key: Any, listed_sources: list[Source]) -> None:
    if isinstance(key, str) and key.strip() and listed_sources:
        sources.setdefault(key, listed_sources)


def _items(reference: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for item in (*listed(reference.get("items")), *listed(reference.get("sources"))):
        if isinstance(item, dict):
            yield item


def _of_reference(reference: Mapping[str, Any]) -> list[Source]:
    cited = as_sources((item.get("title"), _url(item)) for item in _items(reference))
    own = as_sources([(reference.get("title") or reference.get("name"), _url(reference))])
    return cited or own or as_sources([("", safe) for safe in listed(reference.get("safe_urls"))])


def _url(stored: Mapping[str, Any]) -> Any:
    return stored.get("url") or stored.get("link")


def _between(text: str, citation: Mapping[str, Any]) -> str:
    """What stands where a citation says that it stands."""
    start, end = citation.get("start_ix"), citation.get("end_ix")
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end):
        return ""
    return text[start:end]
