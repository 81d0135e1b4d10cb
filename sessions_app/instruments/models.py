"""Model calls, by OpenTelemetry's semantic conventions for generative AI clients.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ names the metrics, their
attributes and their buckets; in Prometheus' form dots are underscores, and the unit is a suffix.
"""

from typing import NamedTuple

from prometheus_client import Counter, Histogram

from sessions_app.instruments.registry import own

_LABELS = ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"]
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_FIRST = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_TOKENS = tuple(4**exponent for exponent in range(14))

_DURATION = Histogram(
    "gen_ai_client_operation_duration_seconds",
    "Seconds that model calls took, to the end of the answer; error_type is empty where it came.",
    [*_LABELS, "error_type"],
    buckets=_SECONDS,
    registry=own,
)
_FIRST_CHUNK = Histogram(
    "gen_ai_client_operation_time_to_first_chunk_seconds",
    "Seconds from a streamed model call to the first piece of its answer.",
    _LABELS,
    buckets=_FIRST,
    registry=own,
)
_USAGE = Histogram(
    "gen_ai_client_token_usage",
    "Tokens of a model call, as its server counts them: input and output.",
    [*_LABELS, "gen_ai_token_type"],
    buckets=_TOKENS,
    registry=own,
)
# The conventions have no token type for these, which are part of the input.
_CACHED = Counter(
    "chat_model_cached_tokens",
    "Input tokens that the model's server had in its cache.",
    ["model"],
    registry=own,
)
# A label's set for each series that there is; more would not fit the files.
_MOST_MODELS = 12
_models: set[str] = set()


class Provided(NamedTuple):
    """What a call is told apart by: `operation` and `provider` by the conventions' names."""

    operation: str
    provider: str
    model: str

    def bounded(self) -> "Provided":
        """The same, with `other` in place of one model too many."""
        if self.model not in _models and len(_models) >= _MOST_MODELS:
            return self._replace(model="other")
        _models.add(self.model)
        return self


def model_called(call: Provided, seconds: float, error_type: str = "") -> None:
    """Note a model call that has ended; `error_type` is a code, empty where it was answered."""
    _DURATION.labels(*call.bounded(), error_type).observe(seconds)


def first_chunk_received(call: Provided, seconds: float) -> None:
    """Note when the first piece of a streamed answer came."""
    _FIRST_CHUNK.labels(*call.bounded()).observe(seconds)


def tokens_used(
    call: Provided, *, input_tokens: int | None, output_tokens: int | None, cached: int | None
) -> None:
    """Count tokens, as far as the server has told them."""
    bounded = call.bounded()
    for kind, number in (("input", input_tokens), ("output", output_tokens)):
        if number is not None:
            _USAGE.labels(*bounded, kind).observe(number)
    if cached:
        _CACHED.labels(bounded.model).inc(cached)
