"""A span for each request that is answered."""

import time
from collections.abc import Callable, MutableMapping
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from chatproject.metrics.labels import method_label, route_label
from sessions_app import request_context, tracing
from sessions_app.tracing import SERVER, TRACEPARENT, TRACESTATE, Span

# Of ASGI: a request before it has come to Django.
Scope = MutableMapping[str, Any]
GetResponse = Callable[[HttpRequest], HttpResponseBase]

_HEADERS = (TRACEPARENT.encode(), TRACESTATE.encode())
_META = {TRACEPARENT: "HTTP_TRACEPARENT", TRACESTATE: "HTTP_TRACESTATE"}


def tracing_requests(get_response: GetResponse) -> GetResponse:
    """The middleware that records a span for each request, to its answer or its stream's begin.

    It joins the trace of a caller that sends `traceparent`.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not tracing.is_on():
            return get_response(request)
        sent = {name: request.META[key] for name, key in _META.items() if key in request.META}
        span = request_span(request.method or "", sent)
        try:
            with span.current():
                response = get_response(request)
            match = request.resolver_match
            answered(
                span,
                method=method_label(request.method),
                route=route_label(match.route if match else None),
                status=response.status_code,
            )
        except BaseException as error:
            span.fail(tracing.error_type(error))
            raise
        finally:
            span.end()
        return response

    return answer


def request_span(method: str, sent: dict[str, str], nanoseconds: int | None = None) -> Span:
    """The span of a request that has come, in its caller's trace if it has one."""
    named = method_label(method)
    return tracing.started(
        named, {"http.request.method": named}, kind=SERVER, sent=sent, nanoseconds=nanoseconds
    )


def answered(span: Span, *, method: str, route: str, status: int) -> None:
    """Say how a request was answered; `route` is the template, never the path."""
    span.rename(f"{method} {route}")
    span.note({"http.route": route, "http.response.status_code": status})
    facts = request_context.facts.get()
    if facts is not None:
        span.note({"chat.request.id": facts.request_id})
        if facts.session_id:
            span.note({"gen_ai.conversation.id": facts.session_id})
    if status >= 500:
        span.fail(str(status))


def refused(scope: Scope, route: str | None, status: int, arrived: float) -> None:
    """Record the span of a request that came at `arrived`, by `time.monotonic`, and no further."""
    if not tracing.is_on():
        return
    sent = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in _HEADERS
    }
    waited = time.monotonic() - arrived
    span = request_span(scope["method"], sent, time.time_ns() - round(waited * 1e9))
    answered(span, method=method_label(scope["method"]), route=route_label(route), status=status)
    span.end()
