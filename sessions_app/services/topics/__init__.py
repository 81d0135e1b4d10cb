"""Topics and vectors of stored messages.

`annotations` judges a session's messages block by block, when a request needs it, or
behind a turn as deferred work. `vectors` encodes messages and restores
their vectors; `segments` reads a session's topics.
"""

from sessions_app.services.topics.annotations import (
    CATCH_UP_SECONDS,
    catch_up,
    judge_again,
)
from sessions_app.services.topics.segments import (
    TopicList,
    TopicSegment,
    current_label,
    topic_list,
)
from sessions_app.services.topics.vectors import Vector, query_vector, restored, window_message

__all__ = [
    "CATCH_UP_SECONDS",
    "TopicList",
    "TopicSegment",
    "Vector",
    "catch_up",
    "current_label",
    "judge_again",
    "query_vector",
    "restored",
    "topic_list",
    "window_message",
]
