"""A span for each command to MongoDB that a span's work sends."""

from pymongo import monitoring

from sessions_app import tracing
from sessions_app.tracing import CLIENT, Span


class QuerySpans(monitoring.CommandListener):
    """Records a span for each command to MongoDB that a span's work sends, without its values.

    The clocks of turns and other work in the background ask MongoDB several times a second for no
    request; those queries have none. The maintained instrumentation is not used because it writes
    MongoDB's error messages into spans, and those quote what is stored (decision 35).
    """

    def __init__(self) -> None:
        self._running: dict[int, Span] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Begin a span."""
        if not tracing.belongs_to_a_span():
            return
        name, collection = event.command_name, event.command.get(event.command_name)
        target = collection if isinstance(collection, str) else ""
        host, port = event.connection_id
        self._running[event.request_id] = tracing.started(
            f"{name} {target}".strip(),
            {
                "db.system.name": "mongodb",
                "db.operation.name": name,
                "db.namespace": event.database_name,
                **({"db.collection.name": target} if target else {}),
                "server.address": host,
                **({"server.port": port} if port else {}),
            },
            kind=CLIENT,
        )

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """End it."""
        span = self._running.pop(event.request_id, None)
        if span is not None:
            span.end()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """End it, with MongoDB's code."""
        span = self._running.pop(event.request_id, None)
        if span is not None:
            failure = event.failure
            span.fail(str(failure.get("codeName") or failure.get("code") or "connection"))
            span.end()
