"""What was learned about single messages and pairs of them: cue words, coherence, familiarity.

Each class holds arrays that `benchmarks/train_topics.py` fitted and answers one question with one
number. None of them knows about sessions or decisions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import exp

import numpy as np
import numpy.typing as npt

from sessions_app.domain.topics.state import Vector
from sessions_app.domain.topics.text import Reading, stem

CUE_TOKENS = 60


class Weigher:
    """Inverse document frequencies of stems. A word that was never counted is the rarest."""

    __slots__ = ("_known", "unknown")

    def __init__(self, known: Mapping[str, float], unknown: float) -> None:
        self._known = known
        self.unknown = unknown

    def weight(self, term: str) -> float:
        """How much it says that two messages share this stem: 0 (nothing) and up."""
        return self._known.get(term, self.unknown)

    def known_share(self, reading: Reading) -> float:
        """Which share of a message's words was ever counted: low in other languages and in code."""
        if not reading.tokens:
            return 0.0
        return sum(stem(token) in self._known for token in reading.tokens) / len(reading.tokens)

    def rarity(self, reading: Reading) -> float:
        """How rare a message's key terms were on average, 0 to 1 (1: none was ever counted)."""
        if not reading.terms:
            return 0.0
        total = sum(self.weight(stem(term)) for term in reading.terms)
        return total / len(reading.terms) / self.unknown


def cue_grams(reading: Reading) -> list[str]:
    """What cue words are looked up by: stems, pairs of stems, and how the message begins."""
    roots = [stem(token) for token in reading.tokens[:CUE_TOKENS]]
    grams = dict.fromkeys(roots)
    grams.update(dict.fromkeys(f"{one} {two}" for one, two in pairwise(roots)))
    for length in (1, 2, 3):
        grams[f"^{' '.join(roots[:length])}"] = None
    if reading.question:
        grams["?"] = None
    return list(grams)


class CueWords:
    """Log-odds that words open a topic (`now`) or that the next message will (`following`)."""

    __slots__ = ("_odds",)

    def __init__(self, odds: Mapping[str, tuple[float, float]]) -> None:
        self._odds = odds

    def judge(self, reading: Reading) -> tuple[float, float]:
        """The summed log-odds (now, following) of a message's grams; unknown grams add nothing."""
        now = following = 0.0
        for gram in cue_grams(reading):
            odds = self._odds.get(gram)
            if odds is not None:
                now += odds[0]
                following += odds[1]
        return now, following


@dataclass(frozen=True, slots=True, eq=False)
class Coherence:
    """How well a message follows from the two before it, -1 to 1.

    A low-rank bilinear similarity, fitted so that the true next message scores above the next
    messages of other dialogues (utterance-pair coherence: Xing and Carenini, SIGDIAL 2021).
    `before` has shape (2 * dimensions, rank), `after` (dimensions, rank).
    """

    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]

    def follows(self, vector: Vector, previous: Vector, earlier: Vector) -> float:
        """Cosine between where the two previous messages lead and where this one is."""
        half = self.before.shape[0] // 2
        led = previous @ self.before[:half] + earlier @ self.before[half:]
        here = vector @ self.after
        norms = float(np.sqrt(np.dot(led, led) * np.dot(here, here)))
        return float(np.dot(led, here)) / max(norms, 1e-6)


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """How far a conversation resembles those the head was trained on.

    `centroids` (clusters, dimensions) are unit-norm cluster centres of training messages. A
    conversation whose messages are on average `centre` near to their nearest cluster is trusted
    half; `slope` says how fast trust changes around that.
    """

    centroids: npt.NDArray[np.float32]
    centre: float
    slope: float

    def nearest(self, vector: Vector) -> float:
        """Cosine to the nearest cluster of training messages."""
        return float(np.max(self.centroids @ vector))

    def trust(self, mean: float) -> float:
        """The head's share of the decision, 0 to 1, at a running mean of `nearest`."""
        return logistic(self.slope * (mean - self.centre))


def logistic(x: float) -> float:
    """The standard logistic function, safe for any float."""
    if x < -40.0:
        return 0.0
    return 1.0 / (1.0 + exp(-x))
