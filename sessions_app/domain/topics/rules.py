"""Rules that decide before any score, and the untrained detector."""

from typing import Final

from sessions_app.domain.topics.features import DENSE_FEATURES, TEXT_FEATURES
from sessions_app.domain.topics.state import TopicState
from sessions_app.domain.topics.text import Reading, stem

# So long that an assistant answers, whatever words it uses.
LONG_ANSWER_WORDS: Final = 60
SHORT_WORDS: Final = 3
# With a lower share of known words, the language counts as not covered.
COVERED_SHARE: Final = 0.35
# Messages that a topic must have before vanished words may end it.
UNCOVERED_SEGMENT: Final = 4

# Weights and bias of the untrained detector, in log-odds. They were set by hand and by a coarse
# search on the development parts of the public sets, and hold for every conversation. Arguments
# for a shift: the message is far from the last two, measured by what is usual in this
# conversation; it opens with a phrase such as "another question"; a user says it. Arguments
# against: it answers a question, points back ("that one") or shares words with the topic.
UNTRAINED_DENSE: Final = {
    "z": -0.6,
    "gap_question": -0.7,
    "question": 0.05,
    "user": 0.2,
    "opener": 0.7,
    "words": 0.3,
    "backward": -0.35,
    "continues": -0.3,
    "no_terms": -0.4,
    "shared": -0.1,
    "level": -0.25,
}
UNTRAINED_DENSE_BIAS: Final = 1.02
UNTRAINED_TEXT: Final = {
    "overlap_depth": -2.3,
    "overlap_segment": -0.85,
    "overlap_4": -0.15,
    "gap_question": -0.8,
    "question": 0.15,
    "user": 0.05,
    "opener": 0.8,
    "words": 0.1,
    "backward": -0.35,
    "continues": -0.3,
    "no_terms": -0.35,
}
UNTRAINED_TEXT_BIAS: Final = 0.5

_DENSE_NAMES: Final = [*TEXT_FEATURES, *DENSE_FEATURES]
_DENSE_TERMS: Final = [(_DENSE_NAMES.index(name), w) for name, w in UNTRAINED_DENSE.items()]
_TEXT_TERMS: Final = [(TEXT_FEATURES.index(name), w) for name, w in UNTRAINED_TEXT.items()]


def untrained_log_odds(row: list[float], *, dense: bool) -> float:
    """The untrained detector's log-odds of a shift; `row` holds the text (and dense) features."""
    terms, bias = (
        (_DENSE_TERMS, UNTRAINED_DENSE_BIAS) if dense else (_TEXT_TERMS, UNTRAINED_TEXT_BIAS)
    )
    return sum(row[index] * weight for index, weight in terms) - bias


def not_judged(role: str, content: str) -> str | None:
    """The reason for not judging a message, None where it is judged."""
    if role not in ("user", "assistant"):
        return f"a {role} message belongs to the topic it serves"
    if not content.strip():
        return "an empty message says nothing"
    return None


def never_opens(state: TopicState, reading: Reading, *, user: bool) -> str | None:
    """The reason why a judged message cannot open a topic, None where it can."""
    last = state.recent[0] if state.recent else None
    if reading.social:
        return "a greeting, thanks or a bare yes or no"
    if reading.code_only:
        return "code alone continues what it is about"
    if state.substance == 0:
        return "nothing has been said yet in this topic"
    if not reading.terms and reading.words <= SHORT_WORDS:
        return "too short to name a topic"
    # An answer seldom repeats the words of its question, so scores would mislead.
    if last and last.user != user:
        if last.question and reading.words <= SHORT_WORDS and not reading.asks_anywhere:
            return "a short answer to the question before"
        if not user and reading.words >= LONG_ANSWER_WORDS:
            return "a long answer to what was asked"
    return None


def announces(state: TopicState, reading: Reading, *, user: bool) -> bool:
    """Whether a user announces another subject and shares no key term with the current one."""
    if not (user and reading.announced):
        return False
    current = {stem(term) for term, _ in state.terms}
    return current.isdisjoint(map(stem, reading.terms))


def uncovered_shift(state: TopicState, reading: Reading, row: list[float]) -> bool:
    """Whether a message in a language without known words and vectors opens a topic.

    It does when it announces a change in known words. Otherwise all of these must hold: the
    conversation usually repeats its words, the topic is some messages old, and the message is of
    some length and shares no word with it.
    """
    if reading.announced:
        return True
    shared = row[TEXT_FEATURES.index("overlap_4")] + row[TEXT_FEATURES.index("overlap_segment")]
    return (
        state.substance >= UNCOVERED_SEGMENT
        and state.lexical.mean >= 0.1
        and len(reading.terms) >= 4
        and shared == 0.0
    )
