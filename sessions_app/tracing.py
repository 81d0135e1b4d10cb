"""Spans of OpenTelemetry: one for each request, service step, query and model call.

Nothing is recorded, and OpenTelemetry is not even imported, until `begin` is called with a tracer
(`chatproject.traces`, where OTEL_EXPORTER_OTLP_ENDPOINT is set). A span has names, numbers and
codes; no message text, no values of a query, and of an error its kind and not its words, which may
quote what somebody has written.
"""

import contextvars
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from opentelemetry import trace

P = ParamSpec("P")
R = TypeVar("R")

Attributes = Mapping[str, str | int | float | bool | Sequence[str]]
"""What a span says, under the names of OpenTelemetry's semantic conventions."""

SERVER, CLIENT, INTERNAL = "SERVER", "CLIENT", "INTERNAL"
# W3C Trace Context; baggage, which may hold anything, is neither taken nor passed on.
TRACEPARENT, TRACESTATE = "traceparent", "tracestate"


class _Tracing:
    tracer: "trace.Tracer | None" = None


class Span:
    """An operation in progress; without a tracer it takes no notes."""

    __slots__ = ("_span",)

    def __init__(self, span: "trace.Span | None" = None) -> None:
        self._span = span

    def note(self, attributes: Attributes) -> None:
        """Add what has become known."""
        if self._span is not None:
            self._span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """Call it by what it turned out to be."""
        if self._span is not None:
            self._span.update_name(name)

    def fail(self, error_type: str) -> None:
        """Say that it has failed, and by what kind of error."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", error_type)
            self._span.set_status(StatusCode.ERROR)

    def current(self) -> AbstractContextManager[object]:
        """Have what is done in the block, by this thread or task, belong to it."""
        if self._span is None:
            return _NOTHING
        from opentelemetry.trace import use_span

        return use_span(self._span, record_exception=False, set_status_on_exception=False)

    def end(self) -> None:
        """Nothing more belongs to it."""
        if self._span is not None:
            self._span.end()


_OFF = Span()
_NOTHING: AbstractContextManager[Span] = nullcontext(_OFF)


def begin(tracer: "trace.Tracer | None") -> None:
    """Record spans with `tracer` from now on; None records none."""
    _Tracing.tracer = tracer


def is_on() -> bool:
    """Whether spans are recorded."""
    return _Tracing.tracer is not None


def started(
    name: str,
    attributes: Attributes | None = None,
    *,
    kind: str = INTERNAL,
    sent: Mapping[str, str] | None = None,
    nanoseconds: int | None = None,
) -> Span:
    """A span that its user ends. `sent` are the headers of a caller whose trace it belongs to.

    `nanoseconds` is when it began, Unix time; None for now.
    """
    if _Tracing.tracer is None:
        return _OFF
    from opentelemetry.trace import SpanKind

    return Span(
        _Tracing.tracer.start_span(
            name,
            context=None if sent is None else _propagator().extract(sent),
            kind=SpanKind[kind],
            attributes=attributes,
            start_time=nanoseconds,
        )
    )


def span(
    name: str, attributes: Attributes | None = None, *, kind: str = INTERNAL
) -> AbstractContextManager[Span]:
    """A span for the block, and for what this thread or task does in it."""
    if _Tracing.tracer is None:
        return _NOTHING
    return _around(started(name, attributes, kind=kind))


@contextmanager
def _around(of_block: Span) -> Iterator[Span]:
    try:
        with of_block.current():
            yield of_block
    except BaseException as error:
        of_block.fail(error_type(error))
        raise
    finally:
        of_block.end()


def error_type(error: BaseException) -> str:
    """The kind of an error: this service's code for it, else the name of its class."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else type(error).__qualname__


def step(work: Callable[P, R]) -> Callable[P, R]:
    """Record a span for each call of a service, also where it is a coroutine.

    It is called by the service's package and name, such as `messages.message_append`.
    """
    package = work.__module__.removeprefix("sessions_app.services.").partition(".")[0]
    name = f"{package}.{work.__name__.strip('_')}"

    if inspect.iscoroutinefunction(work):

        @functools.wraps(work)
        async def waited_for(*args: P.args, **kwargs: P.kwargs) -> Any:
            with span(name):
                return await work(*args, **kwargs)

        return cast("Callable[P, R]", waited_for)

    @functools.wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if _Tracing.tracer is None:
            return work(*args, **kwargs)
        with span(name):
            return work(*args, **kwargs)

    return call


def belongs_to_a_span() -> bool:
    """Whether what is done now belongs to a span that is recorded."""
    if _Tracing.tracer is None:
        return False
    from opentelemetry.trace import get_current_span

    return get_current_span().is_recording()


def headers() -> dict[str, str]:
    """What a server that is asked now is sent, so that its spans join the trace."""
    carrier: dict[str, str] = {}
    if _Tracing.tracer is not None:
        _propagator().inject(carrier)
    return carrier


def inherited(work: Callable[[], R]) -> Callable[[], R]:
    """`work` as it is to be called on another thread, with this one's request and span."""
    return functools.partial(contextvars.copy_context().run, work)


@functools.cache
def _propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator()
