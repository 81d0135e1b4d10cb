"""The state of topic detection: what it keeps of a session, bounded, in a form that can be stored.

Vectors are signed bytes and terms short strings, so a state takes a few kilobytes at any length of
session. Vectors are packed to bytes *before* they are used: a state that went through MongoDB gives
bit-identical decisions.
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
Phrases = tuple[tuple[str, float], ...]

# A state of another version is not read: topics are judged from the start.
STATE_VERSION = 2
# The bounds of a state: its size must not depend on the session.
RECENT_TURNS = 6
PAST_SEGMENTS = 3
SEGMENT_TERMS = 48
LEXICON_STEMS = 192


@dataclass(frozen=True, slots=True, eq=False)
class TopicMessage:
    """A message as topic detection takes it.

    `role` is `system`, `user`, `assistant` or `tool`. `content` is empty for a tombstone. `vector`
    is the message's dense vector (only its direction counts), its bytes from `pack_vector`, or
    None without an encoder. `encoder` is the name of the encoder that made it, empty for the one
    that the head was trained with.
    """

    role: str
    content: str
    vector: Vector | bytes | None = None
    encoder: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the last judged messages.

    `cue` is the log-odds, from its words, that the message after it opens a topic.
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
        """This spread with one more value; old values fade after 64, so that it adapts."""
        # Capped, so that the past of a long conversation does not outweigh its present.
        count = min(self.count + 1, 64)
        delta = value - self.mean
        mean = self.mean + delta / count
        squares = (
            self.squares * (count - 1) / max(1, self.count) if self.count >= 64 else self.squares
        )
        return Spread(count, mean, squares + delta * (value - mean))

    def deviation(self, prior: float, weight: float = 4.0) -> float:
        """Standard deviation, with `prior` counting as `weight` more observations."""
        spread = (self.squares + weight * prior * prior) / (self.count + weight)
        return sqrt(max(spread, 1e-6))


@dataclass(frozen=True, slots=True)
class TopicState:
    """The running state of one session. `seq` is that of the last message observed.

    `topic` is the current topic's number (0 before the first message) and `topic_start` its first
    `seq`. `since` counts the current segment's judged messages, `substance` those that are more
    than a greeting. Of the current segment, `lexicon` holds the stems of content words, the newest
    first, `phrases` what it can be named by, with weights, and `asked` the centroid of its
    `questions` that name something. `segment`, `past` and `whole` are packed centroids. The spreads
    hold what is usual in this session: nearness of neighbours (`dense`, `lexical`), coherence
    (`coherent`), nearness of questions to what was said before (`asking`), the logarithm of an
    answer's length (`answers`), nearness to the training data (`familiar`; `rarity` of key terms
    without vectors), and the share of known words (`known`).
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
    lexicon: tuple[str, ...] = ()
    phrases: Phrases = ()
    asked: bytes = b""
    questions: int = 0
    dense: Spread = Spread()
    lexical: Spread = Spread()
    coherent: Spread = Spread()
    familiar: Spread = Spread()
    known: Spread = Spread()
    rarity: Spread = Spread()
    asking: Spread = Spread()
    answers: Spread = Spread()

    def to_dict(self) -> dict[str, Any]:
        """A dictionary that JSON and BSON can hold; `from_dict` restores an equal state."""
        return {
            "v": STATE_VERSION,
            **{name: getattr(self, name) for name in _COUNTS},
            "recent": [_turn_out(turn) for turn in self.recent],
            "segment": _text(self.segment),
            "whole": _text(self.whole),
            "past": [_text(vector) for vector in self.past],
            "terms": [[term, count] for term, count in self.terms],
            "past_terms": [[term, count] for term, count in self.past_terms],
            "lexicon": list(self.lexicon),
            "phrases": [[phrase, weight] for phrase, weight in self.phrases],
            "asked": _text(self.asked),
            **{name: _spread_out(getattr(self, name)) for name in _SPREADS},
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Restore a stored state.

        Raises ValueError for a state of another version: the caller then judges from the start.
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
            lexicon=tuple(map(str, stored["lexicon"])),
            phrases=tuple((str(phrase), float(weight)) for phrase, weight in stored["phrases"]),
            asked=_bytes(stored["asked"]),
            questions=int(stored["questions"]),
            dense=_spread_in(stored["dense"]),
            lexical=_spread_in(stored["lexical"]),
            coherent=_spread_in(stored["coherent"]),
            familiar=_spread_in(stored["familiar"]),
            known=_spread_in(stored["known"]),
            rarity=_spread_in(stored["rarity"]),
            asking=_spread_in(stored["asking"]),
            answers=_spread_in(stored["answers"]),
        )

    def to_bytes(self) -> bytes:
        """The state compressed to a third; `from_bytes` restores an equal one."""
        # JSON rather than pickle: a stored state must not be able to run code.
        return zlib.compress(json.dumps(self.to_dict(), separators=(",", ":")).encode(), 6)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Restore a state from `to_bytes`; raises ValueError for any other bytes or version."""
        try:
            return cls.from_dict(json.loads(zlib.decompress(stored)))
        except (zlib.error, KeyError, TypeError) as error:
            raise ValueError("not a topic state") from error


_COUNTS = ("seq", "topic", "topic_start", "judged", "since", "substance", "questions")
_SPREADS = ("dense", "lexical", "coherent", "familiar", "known", "rarity", "asking", "answers")


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
    """The direction of a vector, one signed byte per dimension.

    Empty for None, for the zero vector and for one that is not finite. Packing the result of
    `unpack_vector` gives the same bytes, so a vector may be stored packed.
    """
    if vector is None:
        return b""
    # Packed already: a second packing could change the bits of a decision.
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
    """The packed centroid of `count` messages with one more added; old ones fade after 16."""
    if not centroid or len(centroid) != vector.size or count == 0:
        return pack_vector(vector)
    # Capped at 16, so that a centroid follows its topic.
    return pack_vector(unpack_vector(centroid) * np.float32(min(count, 16)) + vector)


def remember(lexicon: tuple[str, ...], stems: tuple[str, ...]) -> tuple[str, ...]:
    """The lexicon with a message's stems in front; beyond `LEXICON_STEMS`, the oldest go."""
    return tuple(dict.fromkeys((*stems, *lexicon)))[:LEXICON_STEMS]


def count_terms(
    counts: tuple[tuple[str, int], ...], terms: tuple[str, ...]
) -> tuple[tuple[str, int], ...]:
    """Add one to each of `terms`; beyond `SEGMENT_TERMS`, drop the rarest, then the oldest."""
    table = dict(counts)
    for term in terms:
        table[term] = table.get(term, 0) + 1
    if len(table) <= SEGMENT_TERMS:
        return tuple(table.items())
    positions = {term: position for position, term in enumerate(table)}
    best = sorted(table, key=lambda term: (-table[term], -positions[term]))[:SEGMENT_TERMS]
    return tuple((term, table[term]) for term in sorted(best, key=positions.__getitem__))
