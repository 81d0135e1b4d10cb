"""Turns, the windows that they send, and the topics of what is said."""

from prometheus_client import Counter, Histogram

from sessions_app.instruments.registry import own

_TURNS = Counter(
    "chat_turns", "Turns that have ended, by how and for which model.", ["state", "model"],
    registry=own,
)  # fmt: skip
_PLAN_SECONDS = Histogram(
    "chat_window_seconds",
    "Seconds that planning a context window took, by strategy.",
    ["strategy"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=own,
)
_TRIMMED = Histogram(
    "chat_window_trimmed_ratio",
    "The share of a session's messages that the window of a turn left out.",
    buckets=(0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1),
    registry=own,
)
_MESSAGES = Counter(
    "chat_window_messages",
    "Messages of the sessions that turns were planned for, by whether the model saw them.",
    ["fate"],
    registry=own,
)
_SHIFTS = Counter("chat_topic_shifts", "Messages that opened a new topic.", registry=own)


def turn_ended(state: str, model: str) -> None:
    """Count a turn that was recorded as ended; `model` is of a bounded set."""
    _TURNS.labels(state, model).inc()


def window_planned(strategy: str, seconds: float) -> None:
    """Note how long planning a window took."""
    _PLAN_SECONDS.labels(strategy).observe(seconds)


def window_sent(*, kept: int, dropped: int) -> None:
    """Count the messages of a session that a turn's window has kept and dropped."""
    _MESSAGES.labels("kept").inc(kept)
    _MESSAGES.labels("dropped").inc(dropped)
    if kept + dropped:
        _TRIMMED.observe(dropped / (kept + dropped))


def topics_shifted(number: int) -> None:
    """Count messages that opened a topic, when they are judged for the first time."""
    _SHIFTS.inc(number)
