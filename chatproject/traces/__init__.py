"""OpenTelemetry: sends spans to OTEL_EXPORTER_OTLP_ENDPOINT, if that is set.

The SDK reads its own environment variables: the endpoint, headers, timeouts, the sampler, the size
of batches. It sends on a thread of its own, and drops spans rather than keep a request waiting.
`exporting` begins and ends it, `requests` and `queries` make the spans of requests and of queries;
services and model calls make theirs with `sessions_app.tracing`.
"""
