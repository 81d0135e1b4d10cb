"""Hands the commands of the tests' client on to `QuerySpans`, in those tests that trace."""

from pymongo import monitoring

from chatproject.traces.queries import QuerySpans
from sessions_app import tracing


class TracedQueries(monitoring.CommandListener):
    """A listener that a client has from its start, for tests that trace later."""

    def __init__(self) -> None:
        self._spans = QuerySpans()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if tracing.is_on():
            self._spans.started(event)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if tracing.is_on():
            self._spans.succeeded(event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        if tracing.is_on():
            self._spans.failed(event)
