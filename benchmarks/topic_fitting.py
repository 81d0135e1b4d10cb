"""Fit what topic detection learns: from dialogues to the arrays of a weights file.

Evidence models (cue words, coherence) are cross-fitted: what the head learns from them was computed
on dialogues they had not seen, so that it does not trust them more than it may.
"""

import warnings
from collections import Counter
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.cluster import MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from benchmarks.topic_sets import Dialogue, unpacked
from sessions_app.domain.topics import (
    TEXT_FEATURES,
    WEIGHTS_VERSION,
    Head,
    Reading,
    TopicMessage,
    TopicState,
    advance,
    cue_grams,
    feature_list,
    gather,
    head_from_arrays,
    head_inputs,
    level,
    never_opens,
    read,
    stem,
)

Arrays = dict[str, Any]
Sets = dict[str, list[Dialogue]]
Floats = npt.NDArray[np.float32]

# TIAGE's labels are the least certain; a greater weight of its shifts brings its best threshold
# near the others', so that one threshold serves all.
SET_WEIGHTS = {"tiage": 1.5}
COMPONENTS, RANK, CLUSTERS = 64, 128, 128
CUE_STRENGTH, CUE_MIN_COUNT, CUE_MIN_ODDS = 0.1, 4, 0.05
NETS, UNITS = 4, 32
CROSS = 3


_READINGS: dict[str, Reading] = {}


def reading_of(content: str) -> Reading:
    """`read`, remembered: training passes over the same messages many times."""
    if content not in _READINGS:
        _READINGS[content] = read(content)
    return _READINGS[content]


def squeeze(name: str, matrix: Floats) -> Arrays:
    """A matrix as signed bytes with one scale a column."""
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-9) / 127.0
    return {
        name: np.rint(matrix / scale).astype(np.int8),
        f"{name}_scale": scale.astype(np.float32),
    }


def fit_idf(sets: Sets) -> Arrays:
    """Document frequencies of all stems over messages, function words included."""
    counts: Counter[str] = Counter()
    total = 0
    for dialogues in sets.values():
        for dialogue in dialogues:
            for content in dialogue.contents:
                total += 1
                counts.update({stem(token) for token in reading_of(content).tokens})
    kept = sorted(term for term, count in counts.items() if count >= 3)
    weights = np.array([log((total + 1) / (counts[term] + 0.5)) for term in kept])
    return {
        "idf_stems": np.array("\n".join(kept)),
        "idf_weights": weights.astype(np.float16),
        "idf_unknown": np.float32(log((total + 1) / 1.5)),
    }


def fit_cues(sets: Sets, seed: int = 0) -> Arrays:
    """Logistic regression on the grams of each message and of the one before it."""
    counts: Counter[str] = Counter()
    for dialogues in sets.values():
        for dialogue in dialogues:
            for content in dialogue.contents:
                counts.update(cue_grams(reading_of(content)))
    grams = sorted(gram for gram, count in counts.items() if count >= CUE_MIN_COUNT)
    place = {gram: i for i, gram in enumerate(grams)}
    rows, columns, labels, weights = [], [], [], []
    for name, dialogues in sets.items():
        each = SET_WEIGHTS.get(name, 1.0) / sum(len(d.contents) for d in dialogues)
        for dialogue in dialogues:
            looked = [
                [place[g] for g in cue_grams(reading_of(c)) if g in place]
                for c in dialogue.contents
            ]
            for seq, (before, now) in enumerate(pairwise(looked), start=2):
                columns += now + [i + len(grams) for i in before]
                rows += [len(labels)] * (len(now) + len(before))
                labels.append(seq in dialogue.starts)
                weights.append(each)
    inputs = csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, columns)),
        shape=(len(labels), 2 * len(grams)),
    )
    weight = np.array(weights) / np.mean(weights)
    model = LogisticRegression(
        C=CUE_STRENGTH, solver="liblinear", max_iter=300, random_state=seed
    ).fit(inputs, labels, sample_weight=weight)
    odds = model.coef_[0].reshape(2, -1).T
    keep = np.abs(odds).max(axis=1) >= CUE_MIN_ODDS
    unit = float(np.abs(odds).max() / 127.0)
    return {
        "cue_grams": np.array("\n".join(g for g, k in zip(grams, keep, strict=True) if k)),
        "cue_odds": np.rint(odds[keep] / unit).astype(np.int8),
        "cue_unit": np.float32(unit),
    }


def fit_coherence(sets: Sets, seed: int = 0) -> Arrays:
    """A bilinear similarity by contrast with the other next messages of the same set in a batch."""
    befores, afters, origins = [], [], []
    for origin, dialogues in enumerate(sets.values()):
        for dialogue in dialogues:
            rows = unpacked(dialogue)
            for t in range(1, len(rows)):
                quiet = any(reading_of(dialogue.contents[i]).social for i in (t - 1, t))
                if t + 1 in dialogue.starts or quiet:
                    continue
                befores.append(np.concatenate([rows[t - 1], rows[max(0, t - 2)]]))
                afters.append(rows[t])
                origins.append(origin)
    before, after = _contrast(
        np.array(befores, np.float32), np.array(afters, np.float32), np.array(origins), seed
    )
    return {**squeeze("before", before), **squeeze("after", after)}


def principal(rows: Floats, count: int) -> Floats:
    """The `count` uncentred principal components (dimensions, count), each with a fixed sign."""
    _, vectors = np.linalg.eigh(rows.astype(np.float64).T @ rows.astype(np.float64))
    chosen = vectors[:, ::-1][:, :count]
    chosen = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(count)])
    components: Floats = chosen.astype(np.float32)
    return components


def _contrast(
    x: Floats, z: Floats, origins: npt.NDArray[Any], seed: int, epochs: int = 12, size: int = 256
) -> tuple[Floats, Floats]:
    """InfoNCE with Adam, from the principal components; returns the two projections."""
    rng = np.random.RandomState(seed)
    basis = principal(z, RANK)
    start = [np.vstack([basis * 0.8, basis * 0.3]), basis.copy()]
    start = [p.astype(np.float32) for p in start]
    params = [p.copy() for p in start]
    first, second = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    step = 0
    for epoch in range(epochs):
        batches = []
        for origin in np.unique(origins):
            order = rng.permutation(np.where(origins == origin)[0])
            batches += [order[i : i + size] for i in range(0, len(order) - size // 2, size)]
        rng.shuffle(batches)
        for batch in batches:
            step += 1
            for i, gradient in enumerate(_contrast_gradients(params, x[batch], z[batch])):
                gradient = gradient + np.float32(1e-4) * (params[i] - start[i])
                first[i] = 0.9 * first[i] + 0.1 * gradient
                second[i] = 0.999 * second[i] + 0.001 * gradient**2
                rate = np.float32(3e-4 * (1 - epoch / epochs) / (1 - 0.9**step))
                params[i] = params[i] - rate * first[i] / (
                    np.sqrt(second[i] / np.float32(1 - 0.999**step)) + np.float32(1e-8)
                )
    return params[0].astype(np.float32), params[1].astype(np.float32)


def _contrast_gradients(params: list[Floats], x: Floats, z: Floats) -> tuple[Floats, Floats]:
    temperature = np.float32(0.07)
    a, b = x @ params[0], z @ params[1]
    a_norm = np.linalg.norm(a, axis=1, keepdims=True) + 1e-6
    b_norm = np.linalg.norm(b, axis=1, keepdims=True) + 1e-6
    a, b = a / a_norm, b / b_norm
    logits = a @ b.T / temperature
    rows = np.exp(logits - logits.max(axis=1, keepdims=True))
    columns = np.exp(logits - logits.max(axis=0, keepdims=True))
    slope = rows / rows.sum(axis=1, keepdims=True) + columns / columns.sum(axis=0, keepdims=True)
    slope = (slope - 2 * np.eye(len(x), dtype=np.float32)) / np.float32(2 * len(x) * temperature)
    to_a, to_b = slope @ b, slope.T @ a
    to_a = (to_a - a * (to_a * a).sum(axis=1, keepdims=True)) / a_norm
    to_b = (to_b - b * (to_b * b).sum(axis=1, keepdims=True)) / b_norm
    return x.T @ to_a, z.T @ to_b


def fit_geometry(sets: Sets, seed: int = 0) -> Arrays:
    """Principal components of all messages, and clusters of each set's."""
    stacked = {name: np.vstack([unpacked(d) for d in group]) for name, group in sets.items()}
    everything = np.vstack(list(stacked.values()))
    components = principal(everything, COMPONENTS)
    centroids = [
        MiniBatchKMeans(CLUSTERS, random_state=seed, n_init=1, batch_size=2048).fit(rows)
        for rows in stacked.values()
    ]
    return {
        **squeeze("projection", components.astype(np.float32)),
        **squeeze("centroids", np.vstack([c.cluster_centers_ for c in centroids])),
        "trust_centre": np.float32(0.47),
        "trust_slope": np.float32(40.0),
    }


def silent_nets() -> Arrays:
    """Perceptrons that say nothing: they stand in while the evidence is gathered."""
    shapes = {"mean": (1,), "hidden": (1, 1), "hidden_bias": (1,), "out": (1, 1), "out_bias": (1,)}
    nets = {f"{m}_{k}": np.zeros(v) for m in ("dense", "text") for k, v in shapes.items()}
    return {**nets, "dense_scale": np.ones(1), "text_scale": np.ones(1)}


def gather_rows(dialogue: Dialogue, head: Head) -> tuple[list[Floats], list[bool]]:
    """The head's inputs and labels at each message that no rule decides, under the true history."""
    state, rows, labels = TopicState(topic=1, topic_start=1), [], []
    for seq, (role, content) in enumerate(
        zip(dialogue.roles, dialogue.contents, strict=True), start=1
    ):
        message = TopicMessage(role, content, dialogue.vectors[seq - 1])
        evidence = gather(state, message, head)
        if seq > 1 and never_opens(state, evidence.reading, user=evidence.user) is None:
            rows.append(head_inputs(evidence, head))
            labels.append(seq in dialogue.starts)
        state = advance(level(state, evidence, head), evidence, shift=seq in dialogue.starts)
    return rows, labels


def fit_nets(name: str, rows: Floats, labels: Any, weights: Any) -> Arrays:
    """A few small perceptrons from different seeds, stacked for `Perceptrons`."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    inputs = np.clip((rows - mean) / scale, -4.0, 4.0)
    nets = []
    with warnings.catch_warnings():
        # Stopping after a fixed number of passes is the regularisation.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in range(NETS):
            net = MLPClassifier(
                (UNITS,), alpha=0.03, learning_rate_init=2e-3, max_iter=8, batch_size=256,
                random_state=seed,
            )  # fmt: skip
            nets.append(net.fit(inputs, labels, sample_weight=weights / np.mean(weights)))
    return {
        f"{name}_mean": mean,
        f"{name}_scale": scale,
        f"{name}_hidden": np.hstack([net.coefs_[0] for net in nets]).astype(np.float16),
        f"{name}_hidden_bias": np.concatenate([net.intercepts_[0] for net in nets]),
        f"{name}_out": np.stack([net.coefs_[1][:, 0] for net in nets]),
        f"{name}_out_bias": np.array([net.intercepts_[1][0] for net in nets]),
    }


def fit_head(sets: Sets) -> Arrays:
    """All arrays of a weights file, trained on these sets and on nothing else."""
    base = {
        "version": np.int32(WEIGHTS_VERSION),
        "features": np.array(feature_list()),
        **fit_idf(sets),
        **fit_geometry(sets),
    }
    full = {**base, **silent_nets(), **fit_cues(sets), **fit_coherence(sets)}
    names, rows, labels = [], [], []
    for part in range(CROSS):
        seen = {n: [d for i, d in enumerate(g) if i % CROSS != part] for n, g in sets.items()}
        head = head_from_arrays({**full, **fit_cues(seen), **fit_coherence(seen)})
        for name, group in sets.items():
            for dialogue in group[part::CROSS]:
                fresh, truth = gather_rows(dialogue, head)
                names += [name] * len(fresh)
                rows += fresh
                labels += truth
    sizes = Counter(names)
    weights = np.array([SET_WEIGHTS.get(name, 1.0) / sizes[name] for name in names])
    inputs = np.stack(rows)
    # The lexical features come first in a row, so both heads learn from one pass.
    for kind, width in (("dense", inputs.shape[1]), ("text", len(TEXT_FEATURES))):
        full |= fit_nets(kind, inputs[:, :width], np.array(labels), weights)
    return full
