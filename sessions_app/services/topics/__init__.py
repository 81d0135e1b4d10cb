"""Topics and vectors of stored messages.

`annotations` judges a session's messages block by block, when a request needs it, or
behind a turn as deferred work. `vectors` encodes messages and restores
their vectors; `changing` brings them to another encoder; `segments` reads a session's topics.
"""

from sessions_app.services.topics.annotations import (
    CATCH_UP_SECONDS,
    catch_up,
    judge_again,
)
from sessions_app.services.topics.changing import change_encoder
from sessions_app.services.topics.segments import (
    TopicList,
    TopicSegment,
    current_label,
    topic_list,
)
from sessions_app.services.topics.vectors import (
    Vector,
    query_vector,
    ranking_by,
    restored,
    window_message,
)

__all__ = [
    "CATCH_UP_SECONDS",
    "TopicList",
    "TopicSegment",
    "Vector",
    "catch_up",
    "change_encoder",
    "current_label",
    "judge_again",
    "query_vector",
    "ranking_by",
    "restored",
    "topic_list",
    "window_message",
]
