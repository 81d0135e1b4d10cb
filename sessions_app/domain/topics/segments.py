"""Splits judged messages into segments, one per topic, and labels each by its key terms."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sessions_app.domain.topics.evidence import Weigher
from sessions_app.domain.topics.head import shipped_head
from sessions_app.domain.topics.state import TopicState
from sessions_app.domain.topics.text import read, stem

LABEL_TERMS = 4
MAX_LABEL_TERM_CHARS = 20
UNTITLED = "conversation"


@dataclass(frozen=True, slots=True)
class Segment:
    """The consecutive messages of one topic.

    `score` is the score of the shift that opened it, 0 for the first segment.
    """

    topic: int
    start_seq: int
    end_seq: int
    message_count: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class JudgedMessage:
    """What `segments_of` needs of a message: its seq, topic, text and score."""

    seq: int
    topic: int
    content: str
    score: float = 0.0


def label_terms(
    counts: Mapping[str, int], elsewhere: Mapping[str, int], *, weigher: Weigher
) -> str:
    """Label a segment by one to four key terms, best first; "conversation" when it has none.

    `counts` says in how many of the segment's messages a term occurs, `elsewhere` in how many of
    the session's other messages. A term scores high when it recurs here, is rare in general and
    is rare elsewhere in the session (TF-IDF with the session itself as second corpus).
    """
    folded: dict[str, tuple[str, float]] = {}
    other: Counter[str] = Counter()
    for term, count in elsewhere.items():
        other[stem(term)] += count
    total: Counter[str] = Counter()
    for term, count in counts.items():
        total[stem(term)] += count
    for position, term in enumerate(counts):
        root = stem(term)
        # Numbers and very long words, such as identifiers, make poor labels.
        if root in folded or term.isdigit() or len(term) > MAX_LABEL_TERM_CHARS:
            continue
        rarity = min(weigher.weight(root), weigher.unknown * 0.75)
        # An early mention breaks ties: people name the subject when they bring it up.
        early = 1.0 + 0.02 * position
        score = rarity * total[root] ** 0.75 / (1.0 + other[root]) ** 0.5 / early
        folded[root] = (term, score * (0.5 if any(map(str.isdigit, term)) else 1.0))
    ranked = sorted(folded.values(), key=lambda pair: -pair[1])
    if not ranked:
        return UNTITLED
    best = ranked[0][1]
    return ", ".join(term for term, score in ranked[:LABEL_TERMS] if score >= 0.45 * best)


def current_label(state: TopicState, *, weigher: Weigher | None = None) -> str:
    """Label the current segment from the state's bounded term counts, without its messages."""
    return label_terms(
        dict(state.terms), dict(state.past_terms), weigher=weigher or shipped_head().weigher
    )


def _counts(contents: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for content in contents:
        counts.update(read(content).terms)
    return counts


def segments_of(
    messages: Sequence[JudgedMessage], *, weigher: Weigher | None = None
) -> tuple[Segment, ...]:
    """Split judged messages, in order of `seq`, into one segment per run of equal `topic`."""
    weigher = weigher or shipped_head().weigher
    runs: list[list[JudgedMessage]] = []
    for message in messages:
        if not runs or runs[-1][-1].topic != message.topic:
            runs.append([])
        runs[-1].append(message)
    counts = [_counts(message.content for message in run) for run in runs]
    whole: Counter[str] = Counter()
    for table in counts:
        whole.update(table)
    return tuple(
        Segment(
            topic=run[0].topic,
            start_seq=run[0].seq,
            end_seq=run[-1].seq,
            message_count=len(run),
            label=label_terms(table, whole - table, weigher=weigher),
            score=run[0].score,
        )
        for run, table in zip(runs, counts, strict=True)
    )
