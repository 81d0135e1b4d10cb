"""The SDK of this process: made after its fork, flushed at its end."""

import os
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chatproject.version import VERSION
from sessions_app import tracing

SERVICE_NAME = "chat-sessions"
# What is left at the end of a process is sent for so long; a collector may be away.
FLUSH_MS = 2_000


class _Provider:
    """The SDK's, once this process has begun."""

    provider: Any = None


def begin(exporter: Any = None) -> None:
    """Record spans from now on, if traces are configured; in each process after its fork.

    `exporter` replaces the one that sends by OTLP. Raises ImproperlyConfigured where the packages
    are missing.
    """
    if not settings.TRACES or _Provider.provider is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ImproperlyConfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry: pip install -r "
            "requirements-traces.txt, or unset it"
        ) from error
    resource = Resource.create(
        {
            "service.version": VERSION,
            "service.instance.id": f"{os.uname()[1]}/{os.getpid()}",
        }
    )
    if resource.attributes["service.name"] in {"", "unknown_service"}:
        resource = resource.merge(Resource({"service.name": SERVICE_NAME}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    _Provider.provider = provider
    tracing.begin(provider.get_tracer("chat-sessions", VERSION))


def flush() -> None:
    """Send what has been recorded."""
    if _Provider.provider is not None:
        _Provider.provider.force_flush(FLUSH_MS)


def end() -> None:
    """Send what has been recorded, and record nothing from now on."""
    provider, _Provider.provider = _Provider.provider, None
    tracing.begin(None)
    if provider is not None:
        provider.force_flush(FLUSH_MS)
        provider.shutdown()
