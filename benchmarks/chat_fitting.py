"""Fit the model of chats with an assistant: from glued conversations to `chat_model.json`.

A conversation of CAsT stands in many of the glued dialogues. So its own dialogues are never fitted
on as they are: they are taken apart, and pairs of conversations are fitted on whose subjects the
scored dialogue does not have.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from benchmarks.chat_rows import Floats, Rows
from sessions_app.domain.topics import CHAT_DENSE, CHAT_TEXT, ChatModel, chat_model_from

STRENGTH = 0.02
# Each set's share of the weight: CAsT's questions lean on each other the most, as in real chats.
SHARES = {"cast22": 0.3, "ikat": 0.15, "mtrag": 0.3, "mtbench101": 0.25}


def fit(groups: dict[str, list[Rows]]) -> dict[str, Any]:
    """Both models, with and without vectors, in the form that is stored."""
    inputs = np.vstack([rows.inputs for group in groups.values() for rows in group])
    labels = np.concatenate([rows.labels for group in groups.values() for rows in group])
    weights = np.concatenate(
        [
            np.full(size, SHARES[name] / size)
            for name, group in groups.items()
            if (size := sum(len(rows.labels) for rows in group))
        ]
    )
    weights = weights / weights.mean()
    return {
        "features": [*CHAT_TEXT, *CHAT_DENSE],
        "dense": _logistic(inputs, labels, weights),
        "text": _logistic(inputs[:, : len(CHAT_TEXT)], labels, weights),
    }


def _logistic(inputs: Floats, labels: Any, weights: Floats) -> dict[str, Any]:
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0)
    # What never varies weighs nothing, and must not divide by zero.
    scale = np.where(scale < 1e-3, 1.0, scale)
    standard = np.clip((inputs - mean) / scale, -4.0, 4.0)
    model = LogisticRegression(C=STRENGTH, max_iter=1000)
    model.fit(standard, labels, sample_weight=weights)
    return {
        "mean": mean.round(5).tolist(),
        "scale": scale.round(5).tolist(),
        "weights": model.coef_[0].round(5).tolist(),
        "bias": round(float(model.intercept_[0]), 5),
    }


def fitted(groups: dict[str, list[Rows]]) -> ChatModel:
    """A model of these rows."""
    return chat_model_from(fit(groups))


def calibrated(
    log_odds: Floats, labels: npt.NDArray[np.bool_], weights: Floats
) -> tuple[float, float]:
    """Platt's slope and offset, which turn log-odds of held-out questions into probabilities."""
    model = LogisticRegression(C=1e6)
    model.fit(log_odds.reshape(-1, 1), labels, sample_weight=weights / weights.mean())
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def shifted_odds(stored: dict[str, Any], slope: float, offset: float) -> dict[str, Any]:
    """The models with their log-odds calibrated."""
    return stored | {
        name: stored[name]
        | {
            "weights": [round(slope * weight, 5) for weight in stored[name]["weights"]],
            "bias": round(slope * stored[name]["bias"] + offset, 5),
        }
        for name in ("dense", "text")
    }
