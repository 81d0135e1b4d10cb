"""Rules that decide before any score."""

from typing import Final

from sessions_app.domain.topics.features import TEXT_FEATURES
from sessions_app.domain.topics.questions import Question
from sessions_app.domain.topics.state import TopicState
from sessions_app.domain.topics.text import Reading, stem

# So long that an assistant answers, whatever words it uses.
LONG_ANSWER_WORDS: Final = 60
SHORT_WORDS: Final = 3
# With a lower share of known words, the language counts as not covered.
COVERED_SHARE: Final = 0.35
# Messages that a topic must have before vanished words may end it.
UNCOVERED_SEGMENT: Final = 4


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


def announces(state: TopicState, reading: Reading, question: Question | None) -> bool:
    """Whether a person announces another subject, names it, and shares no key term with this one.

    "By the way, how long does it keep?" points back, and announces nothing.
    """
    if question is None or not reading.announced or question.points_back or not question.stems:
        return False
    current = {stem(term) for term, _ in state.terms}
    return current.isdisjoint(map(stem, reading.terms))


def uncovered_shift(
    state: TopicState, reading: Reading, row: list[float], question: Question | None
) -> bool:
    """Whether a message in a language without known words and vectors opens a topic.

    It does when it announces a change in known words. Otherwise all of these must hold: the
    conversation usually repeats its words, the topic is some messages old, and the message is of
    some length and shares no word with it.
    """
    if reading.announced:
        return announces(state, reading, question)
    shared = row[TEXT_FEATURES.index("overlap_4")] + row[TEXT_FEATURES.index("overlap_segment")]
    return (
        state.substance >= UNCOVERED_SEGMENT
        and state.lexical.mean >= 0.1
        and len(reading.terms) >= 4
        and shared == 0.0
    )
