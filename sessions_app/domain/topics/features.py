"""Computes the features of a message: numbers that argue for or against a topic shift.

They compare the message with the last messages and with the whole segment, at several scales. A
shift is a message that is far from its segment *compared with how far this conversation's messages
usually are from each other*. Cue words, question and answer, roles and lengths complete them.
"""

from math import log1p
from typing import Final

import numpy as np

from sessions_app.domain.topics.evidence import Coherence, Weigher
from sessions_app.domain.topics.state import Spread, TopicState, Turn, Vector, unpack_vector
from sessions_app.domain.topics.text import Reading, stem

# The order is part of the weights file; `head.feature_list` checks it.
TEXT_FEATURES: Final = (
    "user", "same_role", "since", "seq", "topics", "words", "words_1", "shorter", "question",
    "question_1", "question_2", "asks", "closer", "closer_1", "closer_2", "opener", "announced",
    "backward", "social", "social_1", "substance", "foreign", "overlap_1", "overlap_2",
    "overlap_4", "overlap_segment", "overlap_past", "overlap_contrast", "novelty",
    "overlap_depth", "shared", "no_terms", "gap_question", "continues",
    "cue", "cue_1",
)  # fmt: skip
DENSE_FEATURES: Final = (
    "near_1", "near_2", "near_3", "near_4", "top_2", "top_4", "top_6", "mean_4", "segment",
    "whole", "past", "contrast", "echo", "echo_2", "held", "block_2", "block_4", "depth", "z",
    "drop", "same_role_near", "level", "span", "spread", "follows", "follows_2", "follows_depth",
)  # fmt: skip

# Priors of the running means, for a conversation that has only begun.
TYPICAL_NEAR = 0.25
TYPICAL_SPREAD = 0.18
TYPICAL_OVERLAP = 0.12
TYPICAL_FOLLOWS = 0.3


def stems(terms: tuple[str, ...]) -> frozenset[str]:
    """The distinct stems of `terms`."""
    return frozenset(map(stem, terms))


def _mass(weigher: Weigher, terms: frozenset[str]) -> float:
    # Sorted, since the last bits of a float sum depend on the order, and the order of a set
    # differs between processes: two workers must decide alike.
    return sum(sorted(weigher.weight(term) for term in terms))


def overlap(weigher: Weigher, these: frozenset[str], those: frozenset[str]) -> float:
    """Shared weight over the lighter side's weight, in [0, 1], damped where a side is tiny."""
    shared = these & those
    if not shared:
        return 0.0
    lighter = min(_mass(weigher, these), _mass(weigher, those))
    # Half a rare word is added, so that one shared word of a short message is weak evidence.
    return _mass(weigher, shared) / (lighter + weigher.unknown * 0.5)


def text_features(
    state: TopicState, reading: Reading, *, user: bool, weigher: Weigher, cue: float
) -> tuple[list[float], float]:
    """`TEXT_FEATURES` in order, and the lexical nearness for the running mean."""
    recent = state.recent
    current = stems(reading.terms)
    sides = [stems(turn.terms) for turn in recent[:4]]
    segment = stems(tuple(term for term, _ in state.terms))
    past = stems(tuple(term for term, _ in state.past_terms))
    near = [overlap(weigher, current, side) for side in sides] + [0.0] * (4 - len(sides))
    recent_4 = frozenset().union(*sides) if sides else frozenset()
    in_segment, in_past = overlap(weigher, current, segment), overlap(weigher, current, past)
    mass = _mass(weigher, current)
    # A message without terms is neither new nor old: 0.5.
    fresh = _mass(weigher, current - segment - past - recent_4) / mass if mass else 0.5
    last = recent[0] if recent else _SILENCE
    second_last = recent[1] if len(recent) > 1 else _SILENCE
    level = max(near[0], near[1], 0.5 * in_segment)
    usual = (state.lexical.mean * state.lexical.count + TYPICAL_OVERLAP * 4) / (
        state.lexical.count + 4
    )
    row = [
        float(user), float(bool(recent) and last.user == user), log1p(state.since),
        log1p(state.judged), state.topic / (state.judged + 4.0), log1p(reading.words),
        log1p(last.words), log1p(reading.words) - log1p(last.words), float(reading.question),
        float(last.question), float(second_last.question), float(reading.asks_anywhere),
        float(reading.closer), float(last.closer), float(second_last.closer), float(reading.opener),
        float(reading.announced), float(reading.backward), float(reading.social),
        float(last.social), log1p(state.substance), float(reading.foreign_script),
        near[0], near[1], overlap(weigher, current, recent_4), in_segment, in_past,
        in_segment - in_past, fresh, level - usual, float(len(current & (segment | recent_4))),
        float(not current), float(last.question and last.user != user),
        float(reading.continues), cue, last.cue,
    ]  # fmt: skip
    return row, level


# Stands in for the messages before the first one.
_SILENCE: Final = Turn(user=False, terms=(), words=0, question=False, closer=False, social=True)


def _unit(vector: Vector) -> Vector:
    norm = np.float32(np.sqrt(np.dot(vector, vector)))
    unit: Vector = vector / max(norm, np.float32(1e-6))
    return unit


def usual_near(spread: Spread) -> float:
    """The usual nearness of neighbouring messages here, with a prior worth 4 messages."""
    return (spread.mean * spread.count + TYPICAL_NEAR * 4) / (spread.count + 4)


def dense_features(
    state: TopicState, vector: Vector, *, user: bool, coherence: Coherence
) -> tuple[list[float], float, float]:
    """`DENSE_FEATURES` in order, and the nearness and coherence for the running means.

    `vector` is unit-norm. The conversation's usual nearness stands in for a vector that is missing
    in the past: it argues neither way.
    """
    usual = usual_near(state.dense)
    size = vector.size
    # Turns from before the encoder was installed, or changed, have no such vector.
    turns = [turn for turn in state.recent if len(turn.vector) == size]
    rows = [unpack_vector(turn.vector) for turn in turns]
    centroids = [state.segment, state.whole, *state.past]
    unpacked = [unpack_vector(packed) if len(packed) == size else None for packed in centroids]
    near = [float(np.dot(row, vector)) for row in rows]
    padded = near + [usual] * max(0, 4 - len(near))
    segment, whole, *past = (
        usual if row is None else float(np.dot(row, vector)) for row in unpacked
    )
    echo = float(np.dot(rows[0], rows[1])) if len(rows) > 1 else usual
    echo_2 = float(np.dot(rows[1], rows[2])) if len(rows) > 2 else usual
    in_segment = float(np.dot(rows[0], unpacked[0])) if rows and unpacked[0] is not None else usual
    block_2 = block_4 = usual
    if len(rows) > 1:
        newest = _unit(vector + rows[0])
        block_2 = float(np.dot(newest, _unit(np.sum(rows[1:3], axis=0))))
        block_4 = float(np.dot(newest, _unit(np.sum(rows[1:5], axis=0))))
    peers = [sim for sim, turn in zip(near, turns, strict=True) if turn.user == user]
    top_2, top_4 = max(padded[:2]), max(padded[:4])
    # Without earlier topics, one is assumed that is a little further away than usual.
    furthest = max(past) if past else usual - 0.1
    spread = state.dense.deviation(TYPICAL_SPREAD)
    row = [
        *padded[:4], top_2, top_4, max(padded), sum(padded[:4]) / 4, segment, whole, furthest,
        segment - furthest, echo, echo_2, in_segment, block_2, block_4, top_2 - usual,
        (top_2 - usual) / spread, padded[0] - echo, peers[0] if peers else usual, usual,
        segment - usual, spread, *_follows(state, vector, rows, coherence),
    ]  # fmt: skip
    return row, top_2, row[-3]


def _follows(
    state: TopicState, vector: Vector, rows: list[Vector], coherence: Coherence
) -> tuple[float, float, float]:
    """Coherence with the two messages before, with the two before the last, and its depth."""
    usual = (state.coherent.mean * state.coherent.count + TYPICAL_FOLLOWS * 4) / (
        state.coherent.count + 4
    )
    if not rows:
        return usual, usual, 0.0
    last = len(rows) - 1
    near = coherence.follows(vector, rows[0], rows[min(1, last)])
    far = coherence.follows(vector, rows[min(1, last)], rows[min(2, last)])
    return near, far, near - usual
