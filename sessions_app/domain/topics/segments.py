"""A session as a list of topics: where each begins and ends, and what to call it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sessions_app.domain.topics.evidence import Weigher
from sessions_app.domain.topics.text import read, stem

LABEL_TERMS = 4
UNTITLED = "conversation"


@dataclass(frozen=True, slots=True)
class Segment:
    """The consecutive messages of one topic. `score` is how sure its opening shift was, 0 to 1.

    The first segment was opened by no shift; its score is 0.
    """

    topic: int
    start_seq: int
    end_seq: int
    message_count: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class JudgedMessage:
    """What `segments_of` needs of a message: its place, topic, text and score."""

    seq: int
    topic: int
    content: str
    score: float = 0.0


def label_terms(
    counts: Mapping[str, int], elsewhere: Mapping[str, int], *, weigher: Weigher
) -> str:
    """Name a segment by one to four key terms, most telling first; "conversation" when it has none.

    `counts` says in how many of the segment's messages a term occurs, `elsewhere` in how many of
    the session's other messages. A term is telling when it recurs here, is rare in general and is
    rare elsewhere in the session (TF-IDF with the session itself as second corpus).
    """
    folded: dict[str, tuple[str, float]] = {}
    other: Counter[str] = Counter()
    for term, count in elsewhere.items():
        other[stem(term)] += count
    total: Counter[str] = Counter()
    for term, count in counts.items():
        total[stem(term)] += count
    for place, term in enumerate(counts):
        root = stem(term)
        if root in folded or term.isdigit() or len(term) > 20:
            continue
        rarity = min(weigher.weight(root), weigher.unknown * 0.75)
        # an early mention breaks ties: people name the subject when they bring it up
        telling = rarity * total[root] ** 0.75 / (1.0 + other[root]) ** 0.5 / (1.0 + 0.02 * place)
        folded[root] = (term, telling * (0.5 if any(map(str.isdigit, term)) else 1.0))
    ranked = sorted(folded.values(), key=lambda pair: -pair[1])
    if not ranked:
        return UNTITLED
    best = ranked[0][1]
    named = [term for term, telling in ranked[:LABEL_TERMS] if telling >= 0.45 * best]
    return ", ".join(named)


def _counts(contents: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for content in contents:
        counts.update(read(content).terms)
    return counts


def segments_of(messages: Sequence[JudgedMessage], *, weigher: Weigher) -> tuple[Segment, ...]:
    """The segments of some judged messages in order of `seq`, one per run of equal `topic`."""
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
