"""Measures a message against the messages before it: what every detector decides from."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sessions_app.domain.topics.chat import QuestionFeatures, chat_features
from sessions_app.domain.topics.features import dense_features, text_features
from sessions_app.domain.topics.head import Head
from sessions_app.domain.topics.labels import phrases_of
from sessions_app.domain.topics.questions import Question, content_stems, read_question
from sessions_app.domain.topics.state import (
    TopicMessage,
    TopicState,
    Vector,
    pack_vector,
    unpack_vector,
)
from sessions_app.domain.topics.text import Reading, bounded, read

# What the head, and the coherence of neighbours, were trained with.
HEAD_ENCODER: Final = "all-minilm-l6-v2-int8/1"


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The measurements at one message: features for the head, and values for the running means.

    `row` holds the features in order. `vector` and `before` are the unit vectors of this message
    and the one before it, None without an encoder. `question` and `question_features` read
    a person's message as a question, None of the assistant's. `phrases` can name a topic.
    """

    reading: Reading
    user: bool
    row: list[float]
    lexical: float
    following: float
    packed: bytes
    vector: Vector | None
    before: Vector | None
    dense: float
    coherent: float
    stems: tuple[str, ...]
    phrases: tuple[str, ...]
    question: Question | None = None
    question_features: QuestionFeatures | None = None
    encoder: str = ""

    @property
    def for_head(self) -> bool:
        """Whether there is a vector of the encoder that the head was trained with."""
        return self.vector is not None and not self.encoder


def gather(state: TopicState, message: TopicMessage, head: Head) -> Evidence:
    """Measure a message against the state. Decides nothing and changes nothing."""
    reading = read(message.content)
    user = message.role == "user"
    now, following = head.cues.judge(reading)
    row, lexical = text_features(state, reading, user=user, weigher=head.weigher, cue=now)
    packed = pack_vector(message.vector)
    encoder = "" if message.encoder == HEAD_ENCODER else message.encoder
    # A vector of another width means nothing to any model here.
    if len(packed) != head.dimensions:
        packed = b""
    vector = before = None
    dense = coherent = 0.0
    if packed:
        vector = unpack_vector(packed)
    if vector is not None and not encoder:
        features, dense, coherent = dense_features(
            state, vector, user=user, coherence=head.coherence
        )
        row += features
        if state.recent and state.recent[0].vector:
            before = unpack_vector(state.recent[0].vector)
    question = question_features = None
    if user:
        question = read_question(message.content)
        question_features = chat_features(
            state, question, reading,
            vector=vector, weigher=head.weigher,
            coherence=None if encoder else head.coherence, cue=now,
        )  # fmt: skip
    stems = question.stems if question else content_stems(bounded(message.content))
    return Evidence(
        reading, user, row, lexical, following, packed, vector, before, dense, coherent,
        stems,
        phrases_of(message.content), question, question_features, encoder,
    )  # fmt: skip


def head_inputs(evidence: Evidence, head: Head) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The input of the head's perceptrons: the features, then both messages' projected vectors.

    Without a vector, the features alone.
    """
    row = np.asarray(evidence.row, dtype=np.float32)
    if not evidence.for_head or evidence.vector is None:
        return row
    here = evidence.vector @ head.projection
    # The first message has no vector before it.
    there = np.zeros_like(here) if evidence.before is None else evidence.before @ head.projection
    return np.concatenate([row, here, there])
