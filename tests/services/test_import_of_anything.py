"""Imports of trees that no program has written: every one is read or refused, none is a fault."""

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.reading import LineRefused
from sessions_app.services.transfer import Source, making, source_read

DATA = Path(__file__).parents[1] / "data" / "imports"
NOW = datetime(2026, 11, 28, tzinfo=UTC)
FILES = {
    "chatgpt.json": "openai", "chatgpt_faults.json": "openai", "claude.json": "claude",
    "open_webui.json": "openwebui", "librechat.json": "librechat",
    "librechat_tree.json": "librechat", "librechat_collections.jsonl": "librechat",
    "langchain.jsonl": "langchain", "langchain_faults.jsonl": "langchain",
    "langgraph_checkpoints.jsonl": "langgraph", "agents_items.json": "agents",
    "agents_mongodb.jsonl": "agents",
}  # fmt: skip
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5) | st.just("\ue200cite\ue202turn0search0") | st.just("data:;base64,!"),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def values_of(name: str) -> list[Any]:
    text = (DATA / name).read_text(encoding="utf-8")
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything inside of a value."""
    inner = list(value.items()) if isinstance(value, dict) else (
        list(enumerate(value)) if isinstance(value, list) else [])  # fmt: skip
    return [each for key, child in inner for each in ((*path, key), *places(child, (*path, key)))]


def changed(values: list[Any], path: tuple[Any, ...], odd: Any) -> list[Any]:
    copied = json.loads(json.dumps(values))
    target = copied
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = odd
    return list(copied)


@pytest.mark.parametrize("name", FILES)
def test_a_tree_with_anything_anywhere_is_read_or_refused(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    original = values_of(name)
    everywhere = places(original)

    @settings(
        max_examples=int(os.environ.get("EXAMPLES", "5")), deadline=None, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip
    @given(st.lists(st.tuples(st.sampled_from(everywhere), ODD), min_size=1, max_size=3))
    def read(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
        values = original
        for path, odd in changes:
            try:
                values = changed(values, path, odd)
            # An earlier change has taken this place away.
            except (KeyError, IndexError, TypeError):
                continue
        path = tmp_path / "in.jsonl"
        path.write_text("".join(json.dumps(value) + "\n" for value in values))
        source = Source(str(path), FILES[name], forks=True)
        try:
            reading = source_read(source=source, user_id="alice", now=NOW, dry_run=True)
            records = list(reading.records)
            reading.close()
        except (InvalidInput, LineRefused):
            return
        assert all(record["type"] in ("session", "message") for _, record in records)

    with caplog.at_level(logging.ERROR, logger=making.__name__):
        read()
    # Refused by its form, rather than by what a reader stumbled over.
    assert caplog.records == []
