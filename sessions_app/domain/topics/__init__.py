"""Topic detection: which topic each message of a session belongs to, and what to call it.

`text` reads one message: words, key terms, cues (`words` holds the lists of words without a
subject). `state` is what detection keeps of a session, bounded and storable. `features` turns a
reading and a state into numbers; `evidence` holds the trained models of single messages and pairs,
`head` the perceptrons on top and the weights file. `questions` reads a person's message as a
question to an assistant, and `chat` holds the model of such chats. `rules` says what may never open
a topic. `measuring` gathers the evidence at one message from these, `detection` combines it into a
decision, `advancing` makes the state after it; `labels` names topics.
"""

from sessions_app.domain.topics.advancing import advance, level
from sessions_app.domain.topics.chat import (
    CHAT_DENSE,
    CHAT_TEXT,
    CHAT_WEIGHTS,
    ChatModel,
    chat_model_from,
)
from sessions_app.domain.topics.detection import (
    THRESHOLD,
    TopicDecision,
    chat_probability,
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
from sessions_app.domain.topics.labels import UNTITLED, current_label, phrases_of
from sessions_app.domain.topics.measuring import gather, head_inputs
from sessions_app.domain.topics.rules import never_opens
from sessions_app.domain.topics.state import TopicMessage, TopicState, Vector, pack_vector
from sessions_app.domain.topics.text import Reading, read, stem

__all__ = [
    "CHAT_DENSE",
    "CHAT_TEXT",
    "CHAT_WEIGHTS",
    "TEXT_FEATURES",
    "THRESHOLD",
    "UNTITLED",
    "WEIGHTS_PATH",
    "WEIGHTS_VERSION",
    "ChatModel",
    "Head",
    "Reading",
    "TopicDecision",
    "TopicMessage",
    "TopicState",
    "Vector",
    "advance",
    "chat_model_from",
    "chat_probability",
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
    "phrases_of",
    "read",
    "shipped_head",
    "stem",
    "stems",
]
