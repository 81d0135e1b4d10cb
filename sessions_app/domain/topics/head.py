"""The trained head: turns evidence into the probability of a shift, and reads its weights file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sessions_app.domain.topics.evidence import (
    Coherence,
    CueWords,
    Familiarity,
    Weigher,
    logistic,
)
from sessions_app.domain.topics.features import DENSE_FEATURES, TEXT_FEATURES

Floats = npt.NDArray[np.float32]

WEIGHTS_VERSION: Final = 1
WEIGHTS_PATH: Final = Path(__file__).with_name("weights") / "topic_head.npz"
# Two in a hundred held-out dialogues have key terms rarer than this, and most dialogues of sets
# that were left out of training.
_TEXT_TRUST_CENTRE: Final = 0.7
_TEXT_TRUST_SLOPE: Final = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Perceptrons:
    """A few one-hidden-layer perceptrons whose probabilities are averaged.

    Shapes: `mean`, `scale` (inputs,); `hidden` (inputs, nets * units); `hidden_bias`
    (nets * units,); `out` (nets, units); `out_bias` (nets,). Inputs are standardised and clipped
    at four standard deviations, so that no outlier decides alone.
    """

    mean: Floats
    scale: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats

    def probability(self, row: Floats) -> float:
        """The mean probability of a shift for one row of inputs."""
        standard = np.clip((row - self.mean) / self.scale, -4.0, 4.0)
        units = np.maximum(standard @ self.hidden + self.hidden_bias, 0.0)
        # A mean over several small nets varies less than one net of the same size.
        logits = np.sum(units.reshape(self.out.shape) * self.out, axis=1) + self.out_bias
        return float(np.mean(1.0 / (1.0 + np.exp(-np.clip(logits, -40.0, 40.0)))))


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Everything that was trained. `projection` has shape (dimensions, components)."""

    weigher: Weigher
    cues: CueWords
    coherence: Coherence
    familiarity: Familiarity
    projection: Floats
    dense: Perceptrons
    text: Perceptrons

    @property
    def dimensions(self) -> int:
        """The size of the vectors the head was trained on; vectors of other sizes are ignored."""
        return int(self.projection.shape[0])

    def trust(self, *, familiar: float, rarity: float, dense: bool) -> float:
        """The head's share of the score, 0 to 1: high where it knows such conversations.

        `familiar` is the mean nearness to the training clusters, `rarity` the mean rarity of key
        terms, which stands in for it without vectors (`dense` false).
        """
        if dense:
            return self.familiarity.trust(familiar)
        return logistic(_TEXT_TRUST_SLOPE * (_TEXT_TRUST_CENTRE - rarity))


def head_from_arrays(arrays: Mapping[str, Any]) -> Head:
    """Build a head from the arrays of a weights file.

    Raises ValueError when the file was made for other features or by another version.
    """
    made_for = str(arrays["features"])
    # With features in another order, scores would be wrong without any error.
    if int(arrays["version"]) != WEIGHTS_VERSION or made_for != feature_list():
        raise ValueError("topic weights were made for other features: train them again")
    # Stored as one string: numpy would pad each gram to the longest.
    grams = str(arrays["cue_grams"]).split("\n")
    odds = np.asarray(arrays["cue_odds"], dtype=np.float32).astype(float) * float(
        arrays["cue_unit"]
    )
    stems = str(arrays["idf_stems"]).split("\n")
    idf = np.asarray(arrays["idf_weights"], dtype=np.float32).astype(float)
    centroids = _rows(arrays, "centroids")
    return Head(
        weigher=Weigher(dict(zip(stems, idf.tolist(), strict=True)), float(arrays["idf_unknown"])),
        cues=CueWords({g: (a, b) for g, (a, b) in zip(grams, odds.tolist(), strict=True)}),
        coherence=Coherence(before=_rows(arrays, "before"), after=_rows(arrays, "after")),
        familiarity=Familiarity(
            centroids=centroids / np.linalg.norm(centroids, axis=1, keepdims=True),
            centre=float(arrays["trust_centre"]),
            slope=float(arrays["trust_slope"]),
        ),
        projection=_rows(arrays, "projection"),
        dense=_perceptrons(arrays, "dense"),
        text=_perceptrons(arrays, "text"),
    )


def feature_list() -> str:
    """The names of the features that this code computes, in order."""
    return " ".join([*TEXT_FEATURES, "|", *DENSE_FEATURES])


def _rows(arrays: Mapping[str, Any], name: str) -> Floats:
    """A matrix that is stored as signed bytes, with one scale per column."""
    scale = np.asarray(arrays[f"{name}_scale"], dtype=np.float32)
    return np.ascontiguousarray(np.asarray(arrays[name], dtype=np.float32) * scale)


def _perceptrons(arrays: Mapping[str, Any], name: str) -> Perceptrons:
    parts = ("mean", "scale", "hidden", "hidden_bias", "out", "out_bias")
    return Perceptrons(
        **{part: np.asarray(arrays[f"{name}_{part}"], dtype=np.float32) for part in parts}
    )


# Never changed after loading, so threads share it without a lock.
@lru_cache(maxsize=1)
def shipped_head() -> Head:
    """The head this project ships, read once per process.

    Raises FileNotFoundError when the weights are missing and ValueError when they do not fit.
    """
    # No pickles: a weights file must not be able to run code.
    with np.load(WEIGHTS_PATH, allow_pickle=False) as arrays:
        return head_from_arrays(arrays)
