"""TODO map."""

from sessions_app.domain.topics.detection import (
    THRESHOLD,
    Mode,
    TopicDecision,
    TopicMessage,
    TopicState,
    advance,
    current_label,
    gather,
    head_inputs,
    level,
    observe,
)
from sessions_app.domain.topics.evidence import cue_grams
from sessions_app.domain.topics.features import TEXT_FEATURES, stems
from sessions_app.domain.topics.head import (
    WEIGHTS_PATH,
    WEIGHTS_VERSION,
    Head,
    feature_list,
    head_from_arrays,
    shipped_head,
)
from sessions_app.domain.topics.rules import never_opens
from sessions_app.domain.topics.segments import UNTITLED
from sessions_app.domain.topics.state import Vector, pack_vector
from sessions_app.domain.topics.text import Reading, read, stem

__all__ = [
    "TEXT_FEATURES",
    "THRESHOLD",
    "UNTITLED",
    "WEIGHTS_PATH",
    "WEIGHTS_VERSION",
    "Head",
    "Mode",
    "Reading",
    "TopicDecision",
    "TopicMessage",
    "TopicState",
    "Vector",
    "advance",
    "cue_grams",
    "current_label",
    "feature_list",
    "gather",
    "head_from_arrays",
    "head_inputs",
    "level",
    "never_opens",
    "observe",
    "pack_vector",
    "read",
    "shipped_head",
    "stem",
    "stems",
]
