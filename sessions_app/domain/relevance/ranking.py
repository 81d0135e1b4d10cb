"""Ranks the candidates of a window for a query, by words and by meaning.

Each message gets a lexical score (BM25; Robertson & Zaragoza 2009, "The Probabilistic Relevance
Framework") and, where vectors exist, a dense one (cosine). Both become standard scores over the
candidates and are added, with a share of the neighbours' scores: an answer seldom repeats the words
of its question. The speakers' names are taken out of the query, since in a conversation they match
half of all messages; they count through who spoke instead. Who asks about themselves ("where do I
live?") is answered by what they have said, which assistants' long answers would push aside.

The weights are those of a listwise softmax fitted to LoCoMo questions (Maharana et al. 2024),
rounded. docs/context.md has the figures and their limits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sessions_app.domain.candidate import Ranking, WindowMessage
from sessions_app.domain.relevance.terms import term_ids

Scores = NDArray[np.float32]

# (distance in seq, weight): the message itself, the one before it, the one after it, …
LEXICAL_KERNEL: Final = ((0, 0.34), (-1, 0.26), (-2, 0.22), (1, 0.13), (2, 0.10))
DENSE_KERNEL: Final = ((0, 0.68), (-2, 0.14), (1, 0.10), (2, 0.08))
# Added to the messages of the one person the query names, in standard scores.
SPEAKER_WEIGHT: Final = 1.3

# Added where persons ask about themselves: to what they have said, and again where it asks nothing.
# Fitted on told facts (benchmarks/told_facts.py); no question of LoCoMo is in the first person.
ASKER_WEIGHT: Final = 0.5
STATED_WEIGHT: Final = 1.5
_FIRST_PERSON = re.compile(
    r"\b(?:i|my|me|mine|we|our|us|ich|mein\w*|mir|mich|wir|unser\w*|yo|mi|mis|nuestr\w+|je|j|mon|ma|"
    r"mes|moi|nous|notre|nos|eu|meus?|minhas?|nossos?|أنا|لي|عندي)\b|我|私|僕|俺",
    re.IGNORECASE,
)
_PERSON_CHARS: Final = 400
_ASKS = re.compile("[?？؟]")
# Asks for what the assistant has said.
_SECOND_PERSON = re.compile(
    r"\b(?:you|your|du|dein\w*|sie|ihr\w*|tú|usted|tu|vous|votre|vos|você|te)\b|你|您|あなた",
    re.IGNORECASE,
)

# Of a longer query, such as a pasted document, only the rarest words count.
MAX_QUERY_TERMS: Final = 64

# The usual parameters of BM25.
_K1, _B = 1.2, 0.75
_LABEL = re.compile(r"([A-Z][\w.'-]{0,30}(?: [A-Z][\w.'-]{0,30})?): ")
# A label of a single line, such as "Note:", is not a speaker.
_MIN_LINES = 2
# Each name is looked for at every word of the query.
MAX_NAMES: Final = 32


@dataclass(frozen=True, slots=True)
class Relevance:
    """One score per candidate, higher for nearer to the query, and how they were computed."""

    scores: Scores
    ranking: Ranking


def rank(
    messages: Sequence[WindowMessage],
    query: str,
    query_vector: Scores | None = None,
    *,
    asked_by: int | None = None,
) -> Relevance:
    """Score every candidate (ascending by `seq`) for the query.

    `asked_by` is the index of the message that is the query itself, which must not compete.
    Candidates without a vector get the mean dense score. Where no word and no vector can be
    compared, the ranking is `none` and all scores are 0.
    """
    speakers = [speaker_of(message) for message in messages]
    names = label_names(speakers)
    text = without_names(query, names)
    seqs = np.fromiter((message.seq for message in messages), dtype=np.int64)
    lexical = _standard(lexical_scores(messages, text), asked_by)
    dense = _dense(messages, query_vector, asked_by)
    if dense is None and not lexical.any():
        return Relevance(np.zeros(len(messages), np.float32), Ranking.NONE)
    total = _spread(lexical, seqs, LEXICAL_KERNEL)
    if dense is not None:
        total += _spread(dense, seqs, DENSE_KERNEL)
    total += SPEAKER_WEIGHT * _spoken_by_the_named(speakers, names, query)
    if not names:
        total += _said_by_the_asker(messages, query)
    return Relevance(total, Ranking.LEXICAL if dense is None else Ranking.LEXICAL_DENSE)


def query_text(query: str, messages: Sequence[WindowMessage]) -> str:
    """The query without the speakers' names: the text to encode as `rank`'s `query_vector`."""
    return without_names(query, label_names([speaker_of(message) for message in messages]))


def speaker_of(message: WindowMessage) -> str | None:
    """The speaker: the message's name, or the label of a transcript line ("Ann: …")."""
    if message.name:
        return message.name
    label = _LABEL.match(message.content)
    return label.group(1) if label else None


def label_names(speakers: Sequence[str | None]) -> frozenset[str]:
    """The labels that are speakers: those with several lines, unlike a chance "Note: …".

    Of more than MAX_NAMES, those with most lines.
    """
    lines = Counter(speaker for speaker in speakers if speaker)
    return frozenset(name for name, count in lines.most_common(MAX_NAMES) if count >= _MIN_LINES)


def without_names(query: str, names: frozenset[str]) -> str:
    """The query without these names; unchanged where no word would be left."""
    if not names:
        return query
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    text = re.sub(rf"\b(?:{pattern})(?:'s|’s|:)?(?!\w)", "", query, flags=re.IGNORECASE)
    text = " ".join(text.split())
    return text if len(term_ids(text)) else query


def lexical_scores(messages: Sequence[WindowMessage], query: str) -> Scores:
    """The BM25 score of every candidate for the query, with the candidates as the collection."""
    wanted = np.unique(term_ids(query))
    if not len(wanted) or not messages:
        return np.zeros(len(messages), np.float32)
    terms = [term_ids(m.content) if m.terms is None else m.terms for m in messages]
    lengths = np.fromiter(map(len, terms), dtype=np.int64, count=len(terms))
    flat = np.concatenate(terms)
    if len(wanted) > MAX_QUERY_TERMS:
        wanted = _rarest(wanted, flat)
    owner = np.repeat(np.arange(len(terms)), lengths)
    # A few comparisons over all terms take a tenth of the time of one search over them.
    columns = [np.bincount(owner[flat == term], minlength=len(terms)) for term in wanted]
    counts = np.stack(columns, axis=1)
    holders = (counts > 0).sum(axis=0)
    rarity = np.log1p((len(terms) - holders + 0.5) / (holders + 0.5))
    relative = lengths / max(lengths.mean(), 1e-9)
    saturated = counts * (_K1 + 1) / (counts + (_K1 * (1 - _B + _B * relative))[:, None])
    return np.asarray((saturated * rarity).sum(axis=1), dtype=np.float32)


def _rarest(wanted: NDArray[np.uint32], flat: NDArray[np.uint32]) -> NDArray[np.uint32]:
    present, uses = np.unique(flat, return_counts=True)
    shared = np.isin(present, wanted)
    order = np.argsort(uses[shared], kind="stable")[:MAX_QUERY_TERMS]
    # With no word in common, any word serves: it scores 0 everywhere.
    return present[shared][order] if len(order) else wanted[:1]


def _dense(
    messages: Sequence[WindowMessage], query_vector: Scores | None, asked_by: int | None
) -> Scores | None:
    if query_vector is None:
        return None
    encoded = [index for index, message in enumerate(messages) if message.vector is not None]
    if not encoded:
        return None
    rows = np.stack([vector for m in messages if (vector := m.vector) is not None])
    scores = np.full(len(messages), np.nan, np.float32)
    # Not `@`: BLAS would wake a thread per core for a product of half a millisecond.
    scores[encoded] = np.einsum("nd,d->n", rows, query_vector)
    return _standard(scores, asked_by)


def _standard(scores: Scores, asked_by: int | None) -> Scores:
    scored = np.isfinite(scores)
    if asked_by is not None:
        # The query itself would be the best match, and shift the mean of all others.
        scored[asked_by] = False
    sample = scores[scored]
    spread = float(sample.std()) if len(sample) else 0.0
    # Equal scores rank nothing, and would divide by zero.
    if spread < 1e-9:
        return np.zeros(len(scores), np.float32)
    return np.where(scored, (scores - sample.mean()) / spread, 0).astype(np.float32)


def _spread(scores: Scores, seqs: NDArray[np.int64], kernel: Sequence[tuple[int, float]]) -> Scores:
    total = np.zeros(len(scores), np.float32)
    for distance, weight in kernel:
        # Neighbours by `seq`, not by position: candidates have gaps.
        index = np.searchsorted(seqs, seqs + distance).clip(max=len(seqs) - 1)
        total += weight * np.where(seqs[index] == seqs + distance, scores[index], 0)
    return total


def _said_by_the_asker(messages: Sequence[WindowMessage], query: str) -> Scores:
    text = query[:_PERSON_CHARS]
    if not _FIRST_PERSON.search(text) or _SECOND_PERSON.search(text):
        return np.zeros(len(messages), np.float32)
    weights = (
        ASKER_WEIGHT + STATED_WEIGHT * (not _ASKS.search(m.content[-3:]))
        if m.role == "user"
        else 0.0
        for m in messages
    )
    return np.fromiter(weights, np.float32, len(messages))


def _spoken_by_the_named(
    speakers: Sequence[str | None], names: frozenset[str], query: str
) -> Scores:
    text = query.lower()
    named = {name for name in names if re.search(rf"\b{re.escape(name.lower())}\b", text)}
    # With several names, it is not known whose words are asked for.
    if len(named) != 1:
        return np.zeros(len(speakers), np.float32)
    return np.fromiter((speaker in named for speaker in speakers), np.float32, len(speakers))
