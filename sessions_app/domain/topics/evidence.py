"""Trained models of single messages and pairs: word weights, cue words, coherence, familiarity.

Each class holds arrays that `benchmarks/train_topics.py` fitted, and turns a message into one
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

# Cue words come early in a message; the bound also limits the work.
CUE_TOKENS = 60


class Weigher:
    """Inverse document frequencies of stems; a stem without one counts as the rarest."""

    __slots__ = ("_weights", "unknown")

    def __init__(self, weights: Mapping[str, float], unknown: float) -> None:
        self._weights = weights
        self.unknown = unknown

    def weight(self, term: str) -> float:
        """The evidence in two messages sharing this stem: 0 (none) and up."""
        return self._weights.get(term, self.unknown)

    def known_share(self, reading: Reading) -> float:
        """The share of a message's words with a weight: low in other languages and in code."""
        if not reading.tokens:
            return 0.0
        return sum(stem(token) in self._weights for token in reading.tokens) / len(reading.tokens)

    def rarity(self, reading: Reading) -> float:
        """The mean rarity of a message's key terms, 0 to 1 (1: none has a weight)."""
        if not reading.terms:
            return 0.0
        total = sum(self.weight(stem(term)) for term in reading.terms)
        return total / len(reading.terms) / self.unknown


def cue_grams(reading: Reading) -> list[str]:
    """The keys into the cue words: stems, pairs of stems, and the message's first one to three."""
    roots = [stem(token) for token in reading.tokens[:CUE_TOKENS]]
    grams = dict.fromkeys(roots)
    grams.update(dict.fromkeys(f"{left} {right}" for left, right in pairwise(roots)))
    for length in (1, 2, 3):
        grams[f"^{' '.join(roots[:length])}"] = None
    if reading.question:
        grams["?"] = None
    return list(grams)


class CueWords:
    """Log-odds that a message opens a topic (`now`), or the next one does (`following`)."""

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

    A low-rank bilinear similarity. It was fitted to score the true next message above the next
    messages of other dialogues (utterance-pair coherence: Xing and Carenini, SIGDIAL 2021).
    `before` has shape (2 * dimensions, rank), `after` (dimensions, rank).
    """

    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]

    def follows(self, vector: Vector, previous: Vector, earlier: Vector) -> float:
        """Cosine between the direction the two previous messages predict and this one's."""
        half = self.before.shape[0] // 2
        predicted = previous @ self.before[:half] + earlier @ self.before[half:]
        actual = vector @ self.after
        # One square root for both norms; the maximum below avoids dividing by zero.
        norms = float(np.sqrt(np.dot(predicted, predicted) * np.dot(actual, actual)))
        return float(np.dot(predicted, actual)) / max(norms, 1e-6)


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """How much a conversation resembles the training data.

    `centroids` (clusters, dimensions) are unit-norm cluster centres of training messages. Trust is
    0.5 where the mean cosine to the nearest cluster is `centre`; `slope` says how fast it changes
    around that.
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
    # `exp` overflows for large arguments.
    if x < -40.0:
        return 0.0
    return 1.0 / (1.0 + exp(-x))
