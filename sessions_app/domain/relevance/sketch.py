"""Chooses the older runs of a long session that are worth reading, from a small sketch of each.

Ranking needs every candidate's words and vector, and a session of 100,000 messages has too many to
read them for one turn. A run's sketch is built once, when the run is full. It holds the set of its
words and the mean vector of every few consecutive messages, in a sixth of the bytes of the run's
vectors. The runs whose sketches score best are read, and their messages become candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sessions_app.domain.candidate import WindowMessage
from sessions_app.domain.relevance.terms import term_ids

Vectors = NDArray[np.float32]

# Fewer messages per mean would cost more bytes, more would blur the mean.
MESSAGES_PER_CENTROID: Final = 8
LEXICAL_SHARE: Final = 0.5
# Of a longer query, such as a pasted document, only so many words count, in hash order: a random
# sample that is the same every time.
MAX_QUERY_TERMS: Final = 128


@dataclass(frozen=True, slots=True)
class RunSketch:
    """The words and mean vectors of a run of consecutive messages.

    `terms` holds the run's distinct term hashes as little-endian uint32, `centroids` unit vectors
    as `quantise` packs them; it is empty where no message had a vector.
    """

    first_seq: int
    last_seq: int
    terms: bytes
    centroids: bytes


def quantise(vectors: Vectors) -> bytes:
    """Pack unit vectors of shape (n, d) into n·d signed bytes, each scaled to the whole range.

    The scale is not stored, since the length of a unit vector is known. The cosine to the original
    stays above .999.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12)
    packed: bytes = np.rint(vectors * (127 / largest)).astype(np.int8).tobytes()
    return packed


def restore(packed: bytes, dimensions: int) -> Vectors:
    """Unpack the unit vectors of `quantise`, shape (n, dimensions)."""
    rows = np.frombuffer(packed, np.int8).reshape(-1, dimensions).astype(np.float32)
    return _unit(rows)


def sketch_run(messages: Sequence[WindowMessage]) -> RunSketch:
    """Sketch a full run (ascending by `seq`, not empty); deleted messages are left out."""
    shown = [message for message in messages if not message.deleted]
    terms = [term_ids(m.content) if m.terms is None else m.terms for m in shown]
    distinct = np.unique(np.concatenate(terms)) if terms else np.empty(0, np.uint32)
    vectors = [message.vector for message in shown if message.vector is not None]
    groups = range(0, len(vectors), MESSAGES_PER_CENTROID)
    means = [np.mean(vectors[at : at + MESSAGES_PER_CENTROID], axis=0) for at in groups]
    return RunSketch(
        first_seq=messages[0].seq,
        last_seq=messages[-1].seq,
        terms=distinct.astype("<u4").tobytes(),
        centroids=quantise(_unit(np.array(means, np.float32))) if means else b"",
    )


def choose_runs(
    sketches: Sequence[RunSketch],
    query: str,
    query_vector: Vectors | None = None,
    *,
    limit: int,
) -> list[RunSketch]:
    """Choose the `limit` runs nearest to the query, in conversation order; newer ones win ties.

    `query` and `query_vector` are those of `relevance.rank`.
    """
    scores = score_runs(sketches, query, query_vector)
    # By score, then by position from the end.
    order = np.lexsort((-np.arange(len(sketches)), -scores))[:limit]
    return [sketches[at] for at in sorted(order)]


def score_runs(
    sketches: Sequence[RunSketch], query: str, query_vector: Vectors | None = None
) -> Vectors:
    """Score each run by the rarity of the query's words in it, and by its nearest centroid."""
    lexical = _standard(_rarity_matched(sketches, query))
    if query_vector is None:
        return lexical
    dense = _standard(_nearest_centroid(sketches, query_vector))
    return LEXICAL_SHARE * lexical + (1 - LEXICAL_SHARE) * dense


def _rarity_matched(sketches: Sequence[RunSketch], query: str) -> Vectors:
    wanted = np.unique(term_ids(query))[:MAX_QUERY_TERMS]
    holds = np.zeros((len(sketches), len(wanted)), bool)
    for row, sketch in enumerate(sketches):
        terms = np.frombuffer(sketch.terms, "<u4")
        if len(terms):
            index = terms.searchsorted(wanted).clip(max=len(terms) - 1)
            holds[row] = terms[index] == wanted
    holders = holds.sum(axis=0)
    rarity = np.log1p((len(sketches) - holders + 0.5) / (holders + 0.5))
    return np.asarray(holds @ rarity, np.float32)


def _nearest_centroid(sketches: Sequence[RunSketch], query_vector: Vectors) -> Vectors:
    nearest = np.zeros(len(sketches), np.float32)
    encoded = [row for row, sketch in enumerate(sketches) if sketch.centroids]
    if not encoded:
        return nearest
    packed = b"".join(sketches[row].centroids for row in encoded)
    rows = np.frombuffer(packed, np.int8).reshape(-1, len(query_vector)).astype(np.float32)
    # Dividing the products by the lengths saves a second pass over every byte for unit rows.
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    cosines = np.einsum("nd,d->n", rows, query_vector) / np.maximum(lengths, 1)
    sizes = [len(sketches[row].centroids) // len(query_vector) for row in encoded]
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    nearest[encoded] = np.maximum.reduceat(cosines, starts)
    return nearest


def _standard(scores: Vectors) -> Vectors:
    spread = float(scores.std()) if len(scores) else 0.0
    return (scores - scores.mean()) / spread if spread > 1e-9 else np.zeros_like(scores)


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
