"""A collector on loopback that takes what OpenTelemetry sends over HTTP, and keeps it."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.waiting import joined


class Collector:
    """The exports that came."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.headers: list[dict[str, str]] = []
        self._exports: list[ExportTraceServiceRequest] = []

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Keep an export; called by the server's threads."""
        export = ExportTraceServiceRequest()
        export.ParseFromString(body)
        self.headers.append(headers)
        self._exports.append(export)

    @property
    def spans(self) -> list[Any]:
        """All spans, as protobuf has them."""
        return [
            span
            for export in list(self._exports)
            for resource in export.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def services(self) -> set[str]:
        """The names of the services that sent any."""
        return {
            attribute.value.string_value
            for export in list(self._exports)
            for resource in export.resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
        }

    def __str__(self) -> str:
        return "\n".join(map(str, self._exports))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector, for as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                sent = {name.lower(): value for name, value in self.headers.items()}
                collector.take(sent, body)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        joined(thread)
