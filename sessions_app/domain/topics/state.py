"""What topic detection remembers of a session: small, bounded, the same in memory and in storage.

Vectors are kept as signed bytes and terms as short strings, so a state is a few kilobytes however
long the session is. Vectors are brought to their byte form *before* they are used, so that a state
that was written to MongoDB and read back leads to bit-identical decisions.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]

STATE_VERSION = 1
RECENT_TURNS = 6
PAST_SEGMENTS = 3
SEGMENT_TERMS = 48


@dataclass(frozen=True, slots=True, eq=False)
class TopicMessage:
    """One message as the tracker sees it.

    `role` is `system`, `user`, `assistant` or `tool`. `content` is empty for a tombstone. `vector`
    is the message's dense vector (any scale, only its direction counts), its byte form from
    `pack_vector`, or None when there is no encoder.
    """

    role: str
    content: str
    vector: Vector | bytes | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the latest judged messages.

    `cue` says how strongly its words announce that the next message changes the topic (log-odds).
    """

    user: bool
    terms: tuple[str, ...]
    words: int
    question: bool
    closer: bool
    social: bool
    cue: float = 0.0
    vector: bytes = b""


@dataclass(frozen=True, slots=True)
class Spread:
    """Running count, mean and sum of squared deviations (Welford)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> "Spread":
        """This spread with one more value; old values fade after 64 so that it can adapt."""
        count = min(self.count + 1, 64)
        delta = value - self.mean
        mean = self.mean + delta / count
        squares = (
            self.squares * (count - 1) / max(1, self.count) if self.count >= 64 else self.squares
        )
        return Spread(count, mean, squares + delta * (value - mean))

    def deviation(self, prior: float, weight: float = 4.0) -> float:
        """Standard deviation, pulled toward `prior` as if that had been seen `weight` times."""
        spread = (self.squares + weight * prior * prior) / (self.count + weight)
        return sqrt(max(spread, 1e-6))


@dataclass(frozen=True, slots=True)
class TopicState:
    """The running state of one session. `seq` counts every message observed, from 1.

    `topic` is the current topic's number (0 before the first message) and `topic_start` its first
    `seq`. `substance` counts the current segment's messages that say something (not a greeting),
    `since` all its judged messages. `segment`, `past` and `whole` are centroids in byte form.
    The spreads say what is usual here: how near neighbours are (`dense`, `lexical`), how well they
    follow (`coherent`), how much the talk resembles the training data (`familiar`; without vectors
    `rarity`, how rare its key terms were there) and how many of its words are known (`known`).
    """

    seq: int = 0
    topic: int = 0
    topic_start: int = 0
    judged: int = 0
    since: int = 0
    substance: int = 0
    recent: tuple[Turn, ...] = ()
    segment: bytes = b""
    whole: bytes = b""
    past: tuple[bytes, ...] = ()
    terms: tuple[tuple[str, int], ...] = ()
    past_terms: tuple[tuple[str, int], ...] = ()
    dense: Spread = Spread()
    lexical: Spread = Spread()
    coherent: Spread = Spread()
    familiar: Spread = Spread()
    known: Spread = Spread()
    rarity: Spread = Spread()

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary that JSON and BSON can hold; `from_dict` gives back an equal state."""
        return {
            "v": STATE_VERSION,
            **{name: getattr(self, name) for name in _COUNTS},
            "recent": [_turn_out(turn) for turn in self.recent],
            "segment": _text(self.segment),
            "whole": _text(self.whole),
            "past": [_text(vector) for vector in self.past],
            "terms": [[term, count] for term, count in self.terms],
            "past_terms": [[term, count] for term, count in self.past_terms],
            **{name: _spread_out(getattr(self, name)) for name in _SPREADS},
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read a stored state.

        Raises ValueError when it was written by another version: the caller then replays.
        """
        if stored.get("v") != STATE_VERSION:
            raise ValueError(f"topic state version {stored.get('v')!r} is not {STATE_VERSION}")
        return cls(
            seq=int(stored["seq"]),
            topic=int(stored["topic"]),
            topic_start=int(stored["topic_start"]),
            judged=int(stored["judged"]),
            since=int(stored["since"]),
            substance=int(stored["substance"]),
            recent=tuple(_turn_in(turn) for turn in stored["recent"]),
            segment=_bytes(stored["segment"]),
            whole=_bytes(stored["whole"]),
            past=tuple(_bytes(vector) for vector in stored["past"]),
            terms=tuple((str(term), int(count)) for term, count in stored["terms"]),
            past_terms=tuple((str(term), int(count)) for term, count in stored["past_terms"]),
            dense=_spread_in(stored["dense"]),
            lexical=_spread_in(stored["lexical"]),
            coherent=_spread_in(stored["coherent"]),
            familiar=_spread_in(stored["familiar"]),
            known=_spread_in(stored["known"]),
            rarity=_spread_in(stored["rarity"]),
        )

    def to_bytes(self) -> bytes:
        """The state in a third of the space, to be stored; `from_bytes` gives back an equal one."""
        return zlib.compress(json.dumps(self.to_dict(), separators=(",", ":")).encode(), 6)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Read a stored state; raises ValueError as `from_dict`, and for what is none at all."""
        try:
            return cls.from_dict(json.loads(zlib.decompress(stored)))
        except (zlib.error, KeyError, TypeError) as error:
            raise ValueError("not a topic state") from error


_COUNTS = ("seq", "topic", "topic_start", "judged", "since", "substance")
_SPREADS = ("dense", "lexical", "coherent", "familiar", "known", "rarity")


def _spread_out(spread: Spread) -> list[float]:
    return [spread.count, spread.mean, spread.squares]


def _spread_in(stored: Sequence[float]) -> Spread:
    count, mean, squares = stored
    return Spread(int(count), float(mean), float(squares))


def _turn_out(turn: Turn) -> dict[str, Any]:
    return {
        "user": turn.user,
        "terms": list(turn.terms),
        "words": turn.words,
        "question": turn.question,
        "closer": turn.closer,
        "social": turn.social,
        "cue": turn.cue,
        "vector": _text(turn.vector),
    }


def _turn_in(stored: Mapping[str, Any]) -> Turn:
    return Turn(
        user=bool(stored["user"]),
        terms=tuple(stored["terms"]),
        words=int(stored["words"]),
        question=bool(stored["question"]),
        closer=bool(stored["closer"]),
        social=bool(stored["social"]),
        cue=float(stored["cue"]),
        vector=_bytes(stored["vector"]),
    )


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def pack_vector(vector: Vector | bytes | None) -> bytes:
    """The direction of a vector as signed bytes, one a dimension; b"" for none, zero or not finite.

    Packing what `unpack_vector` returned gives the same bytes, so a vector may be stored packed.
    """
    if vector is None:
        return b""
    if isinstance(vector, bytes):
        return vector if any(vector) else b""
    peak = float(np.max(np.abs(vector))) if vector.size else 0.0
    if not np.isfinite(peak) or peak == 0.0:
        return b""
    packed: bytes = np.rint(vector * (127.0 / peak)).astype(np.int8).tobytes()
    return packed


def unpack_vector(packed: bytes) -> Vector:
    """The unit-norm float32 vector of a packed one."""
    raw = np.frombuffer(packed, dtype=np.int8).astype(np.float32)
    unit: Vector = raw / np.float32(np.sqrt(np.dot(raw, raw)))
    return unit


def blend(centroid: bytes, count: int, vector: Vector) -> bytes:
    """A packed centroid of `count` messages (fading after 16) with one more message in it."""
    if not centroid or len(centroid) != vector.size or count == 0:
        return pack_vector(vector)
    return pack_vector(unpack_vector(centroid) * np.float32(min(count, 16)) + vector)


def count_terms(
    counts: tuple[tuple[str, int], ...], terms: tuple[str, ...]
) -> tuple[tuple[str, int], ...]:
    """Add one to each of `terms`; past `SEGMENT_TERMS` the rarest and oldest are forgotten."""
    table = dict(counts)
    for term in terms:
        table[term] = table.get(term, 0) + 1
    if len(table) <= SEGMENT_TERMS:
        return tuple(table.items())
    newest = {term: place for place, term in enumerate(table)}
    kept = sorted(table, key=lambda term: (-table[term], -newest[term]))[:SEGMENT_TERMS]
    return tuple((term, table[term]) for term in sorted(kept, key=newest.__getitem__))
