"""TODO map."""

from sessions_app.services.topics.annotations import (
    CATCH_UP_SECONDS,
    Vector,
    catch_up,
    current_label,
    query_vector,
    restored,
    window_message,
)
from sessions_app.services.topics.judging_ahead import judge_ahead
from sessions_app.services.topics.segments import TopicSegment, topic_list

__all__ = [
    "CATCH_UP_SECONDS",
    "TopicSegment",
    "Vector",
    "catch_up",
    "current_label",
    "judge_ahead",
    "query_vector",
    "restored",
    "topic_list",
    "window_message",
]
