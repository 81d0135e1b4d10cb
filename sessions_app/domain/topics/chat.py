"""The detector of chats with an assistant: a logistic model of a person's message.

Answers are long and drift; what the person asks opens topics. The features compare a question with
the questions and answers before it and read the cues by which it leans on them or stands alone.
None of them knows a subject, so the model holds for subjects that it was not fitted on.
`benchmarks/fit_chat.py` fits it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log1p
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from sessions_app.domain.topics.evidence import Coherence, Weigher, logistic
from sessions_app.domain.topics.features import TYPICAL_FOLLOWS, overlap
from sessions_app.domain.topics.questions import Question, is_content
from sessions_app.domain.topics.state import Spread, TopicState, Turn, Vector, unpack_vector
from sessions_app.domain.topics.text import Reading, stem

CHAT_TEXT: Final = (
    "words", "stems", "back", "within", "definite", "follows_up", "acknowledges", "introduces",
    "asks_what", "question", "answers", "continues", "names_new", "new_mass", "new_share",
    "known_mass", "overlap_answer", "overlap_question", "newest", "overlap_past", "answer_words",
    "cue", "quotes", "opener", "alone", "unknown", "alone_unknown", "alone_newest",
)  # fmt: skip
CHAT_DENSE: Final = (
    "answer_1", "question_1", "answer_2", "question_2", "best", "segment", "asked", "whole",
    "past", "usual", "drop", "follows", "follows_depth", "follows_2", "nearest", "nearest_squared",
    "new_share_nearest", "alone_nearest", "unknown_nearest", "alone_unknown_nearest",
)  # fmt: skip
CHAT_WEIGHTS: Final = Path(__file__).with_name("weights") / "chat_model.json"
_NEW_SHARE: Final = CHAT_TEXT.index("new_share")
_ALONE: Final = CHAT_TEXT.index("alone")
_TYPICAL_NEAREST: Final = 0.45
# Answers of the public dialogues have 12 words, the longest a mean of 25; an assistant's have 30
# to 150.
_SHORT_ANSWER: Final = log1p(12)
_LONG_ANSWER: Final = log1p(30)
_LONG_SLOPE: Final = 10.0
# Of the logarithms of their lengths.
_USUAL_DEVIATION: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class QuestionFeatures:
    """The features of a person's message, and its values for the running means."""

    row: list[float]
    nearest: float | None


def chat_features(
    state: TopicState,
    question: Question,
    reading: Reading,
    *,
    vector: Vector | None,
    weigher: Weigher,
    coherence: Coherence | None,
    cue: float,
) -> QuestionFeatures:
    """`CHAT_TEXT`, and with a vector `CHAT_DENSE`, of a person's message, in order.

    `coherence` is None for vectors of an encoder that it was not fitted to.
    """
    row = _text_row(state, question, reading, weigher, cue)
    if vector is None:
        return QuestionFeatures(row, None)
    dense, nearest = _dense_row(state, vector, coherence)
    # How far a question is counts for more where it stands alone and shares no word.
    new_share, (alone, unknown, both) = row[_NEW_SHARE], row[_ALONE : _ALONE + 3]
    shares = [nearest, new_share, alone, unknown, both]
    return QuestionFeatures(row + dense + [share * nearest for share in shares], nearest)


def _text_row(
    state: TopicState, question: Question, reading: Reading, weigher: Weigher, cue: float
) -> list[float]:
    stems = frozenset(question.stems)
    lexicon = frozenset(state.lexicon)
    last = state.recent[0] if state.recent else None
    answer = next((turn for turn in state.recent if not turn.user), None)
    earlier = next((turn for turn in state.recent if turn.user and names_subject(turn)), None)
    past = frozenset(stem(term) for term, _ in state.past_terms)
    new, known = _mass(weigher, stems - lexicon), _mass(weigher, stems & lexicon)
    newest = max((weigher.weight(each) for each in stems - lexicon), default=0.0) / weigher.unknown
    leans = question.points_back or question.acknowledges or reading.continues
    alone, unknown = float(not leans), float(known == 0.0)
    return [
        log1p(question.words), float(min(len(stems), 12)), float(min(question.points_back, 3)),
        float(min(question.points_within, 3)), float(min(question.definite, 4)),
        float(min(question.follows_up, 4)), float(question.acknowledges),
        float(question.introduces), float(question.asks_what), float(reading.question),
        float(last is not None and not last.user and last.question), float(reading.continues),
        float(min(4, sum(name not in lexicon for name in question.names))),
        min(6.0, new), new / (new + known) if new + known else 0.5, min(6.0, known),
        _shared(weigher, stems, answer), _shared(weigher, stems, earlier),
        newest,
        overlap(weigher, stems, past), log1p(answer.words) if answer else 0.0,
        cue, float(question.quotes), float(reading.opener),
        alone, unknown, alone * unknown, alone * newest,
    ]  # fmt: skip


def names_subject(turn: Turn) -> bool:
    """Whether a message names something: an elliptical question is near to anything."""
    return any(map(is_content, turn.terms))


def _mass(weigher: Weigher, stems: frozenset[str]) -> float:
    # Sorted: two workers must add in the same order to decide alike.
    return sum(sorted(weigher.weight(each) for each in stems)) / weigher.unknown


def _shared(weigher: Weigher, stems: frozenset[str], turn: Turn | None) -> float:
    if turn is None:
        return 0.0
    return overlap(weigher, stems, frozenset(stem(term) for term in turn.terms if is_content(term)))


def _dense_row(
    state: TopicState, vector: Vector, coherence: Coherence | None
) -> tuple[list[float], float]:
    size = vector.size
    usual = _usual(state.asking, _TYPICAL_NEAREST, weight=3)

    def near(packed: bytes, otherwise: float) -> float:
        return float(np.dot(unpack_vector(packed), vector)) if len(packed) == size else otherwise

    answers = [turn.vector for turn in state.recent if not turn.user][:2]
    questions = [turn.vector for turn in state.recent if turn.user and names_subject(turn)][:2]
    a_1, a_2 = (near(packed, usual) for packed in (*answers, b"", b"")[:2])
    q_1, q_2 = (near(packed, usual) for packed in (*questions, b"", b"")[:2])
    segment, asked = near(state.segment, usual), near(state.asked, usual)
    past = max((near(packed, usual - 0.1) for packed in state.past), default=usual - 0.1)
    best = max(a_1, q_1)
    nearest = max(best, segment, asked)
    typical = _usual(state.coherent, TYPICAL_FOLLOWS, weight=4)
    follows, follows_2 = _follows(state, vector, coherence, typical)
    row = [
        a_1, q_1, a_2, q_2, best, segment, asked, near(state.whole, usual), past, usual,
        best - usual, follows, follows - typical, follows_2, nearest,
    ]  # fmt: skip
    return row, nearest


def _usual(spread: Spread, typical: float, *, weight: float) -> float:
    return (spread.mean * spread.count + typical * weight) / (spread.count + weight)


def _follows(
    state: TopicState, vector: Vector, coherence: Coherence | None, typical: float
) -> tuple[float, float]:
    rows = [unpack_vector(t.vector) for t in state.recent[:3] if len(t.vector) == vector.size]
    if not rows or coherence is None:
        return typical, typical
    last = len(rows) - 1
    return (
        coherence.follows(vector, rows[0], rows[min(1, last)]),
        coherence.follows(vector, rows[min(1, last)], rows[min(2, last)]),
    )


def long_answers(answers: Spread) -> float:
    """How much a conversation's answers are as long as an assistant's, 0 to 1.

    An assistant that asks back between its long answers has answers of very unlike lengths.
    """
    usual = _usual(answers, _SHORT_ANSWER, weight=0.5)
    unlike = max(0.0, answers.deviation(_USUAL_DEVIATION) - _USUAL_DEVIATION)
    return logistic(_LONG_SLOPE * (usual + unlike - _LONG_ANSWER))


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """A logistic model of standardised inputs, clipped so that no outlier decides alone."""

    mean: Vector
    scale: Vector
    weights: Vector
    bias: float

    def log_odds(self, row: Sequence[float]) -> float:
        """The log-odds of a shift for one row of inputs."""
        standard = np.clip((np.asarray(row, np.float32) - self.mean) / self.scale, -4.0, 4.0)
        return float(np.dot(standard, self.weights)) + self.bias

    def probability(self, row: Sequence[float]) -> float:
        """The probability of a shift for one row of inputs."""
        return logistic(self.log_odds(row))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """A model from its stored form."""
        return cls(
            mean=np.asarray(stored["mean"], np.float32),
            scale=np.asarray(stored["scale"], np.float32),
            weights=np.asarray(stored["weights"], np.float32),
            bias=float(stored["bias"]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class ChatModel:
    """The models: with the vectors of the head's encoder or of others, and by words alone."""

    dense: Logistic
    text: Logistic
    others: Mapping[str, Logistic] = field(default_factory=dict)

    def probability(self, row: Sequence[float], encoder: str = "") -> float:
        """The probability that the message with these features opens a topic."""
        dense = self.others.get(encoder) if encoder else self.dense
        if dense is None or len(row) == len(CHAT_TEXT):
            return self.text.probability(row[: len(CHAT_TEXT)])
        return dense.probability(row)


def chat_model_from(stored: Mapping[str, Any]) -> ChatModel:
    """Build the model from its stored form.

    Raises ValueError when it was fitted to other features.
    """
    if stored["features"] != [*CHAT_TEXT, *CHAT_DENSE]:
        raise ValueError("the chat model was fitted to other features: fit it again")
    return ChatModel(
        dense=Logistic.from_dict(stored["dense"]),
        text=Logistic.from_dict(stored["text"]),
        others={
            encoder: Logistic.from_dict(model)
            for encoder, model in stored.get("others", {}).items()
        },
    )


@lru_cache(maxsize=1)
def shipped_chat_model() -> ChatModel:
    """The model this project ships, read once per process."""
    return chat_model_from(json.loads(CHAT_WEIGHTS.read_text(encoding="utf-8")))
