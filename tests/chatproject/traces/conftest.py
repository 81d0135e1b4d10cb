"""Spans of this process, kept in memory."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chatproject.traces import exporting


class Spans:
    """What has been recorded so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def all(self) -> list[ReadableSpan]:
        exporting.flush()
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def only(self, name: str) -> ReadableSpan:
        [span] = self.named(name)
        return span

    def path(self, span: ReadableSpan) -> list[str]:
        """The names of a span and of those that it belongs to, the outermost last."""
        by_id = {each.context.span_id: each for each in self.all}
        names = [span.name]
        while span.parent is not None and span.parent.span_id in by_id:
            span = by_id[span.parent.span_id]
            names.append(span.name)
        return names

    def clear(self) -> None:
        exporting.flush()
        self._exporter.clear()


@pytest.fixture
def spans(settings: Any, database: Any) -> Iterator[Spans]:
    settings.TRACES = True
    exporter = InMemorySpanExporter()
    exporting.begin(exporter)
    yield Spans(exporter)
    exporting.end()
