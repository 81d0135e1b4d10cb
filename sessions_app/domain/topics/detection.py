"""Detects topic shifts online: each message is judged from the messages before it.

`observe` takes a session's state and its next message, and returns the new state and the topic of
the message. It is pure and deterministic: replaying a session gives the same decisions, and so
does any worker that continues from a stored `TopicState`.

The score is the probability of a shift. It mixes two detectors: the trained head weighs more, the
more the conversation resembles its training data; the model of chats with an assistant, in which
only a person's message opens a topic, has the rest of the weight (docs/topics.md).
"""

from dataclasses import dataclass, replace
from math import log
from typing import Final

from sessions_app.domain.topics.advancing import advance, level
from sessions_app.domain.topics.chat import ChatModel, long_answers, shipped_chat_model
from sessions_app.domain.topics.evidence import logistic
from sessions_app.domain.topics.head import Head, shipped_head
from sessions_app.domain.topics.measuring import Evidence, gather, head_inputs
from sessions_app.domain.topics.rules import (
    COVERED_SHARE,
    announces,
    never_opens,
    not_judged,
    uncovered_shift,
)
from sessions_app.domain.topics.state import TopicMessage, TopicState

THRESHOLD: Final = 0.4
# On held-out dialogues the head is best at 0.35, the chat model at 0.4.
_HEAD_SHIFT: Final = log(0.4 / 0.6) - log(0.35 / 0.65)
# No detector computes a score for an announced shift; clients get this one.
ANNOUNCED_SCORE: Final = 0.9


@dataclass(frozen=True, slots=True)
class TopicDecision:
    """The decision about one message.

    `topic` counts from 1. `score` is the calibrated probability of a shift; a shift needs
    `threshold` or more. The score is 0 where a rule decided. `trust` is the trained head's share of
    the score, 0 to 1.
    """

    topic: int
    shift: bool
    score: float
    threshold: float
    reason: str
    trust: float = 0.0


def observe(
    state: TopicState,
    message: TopicMessage,
    *,
    head: Head | None = None,
    chat: ChatModel | None = None,
) -> tuple[TopicState, TopicDecision]:
    """Judge the session's next message; `TopicState()` is the state before its first.

    `head` and `chat` are the shipped ones when None. A vector whose size is not the head's is
    ignored. Raises FileNotFoundError or ValueError when the shipped weights are missing or do not
    fit.
    """
    head = head or shipped_head()
    seq = state.seq + 1
    # The first message opens topic 1, whatever it says.
    if state.topic == 0:
        state = replace(state, topic=1, topic_start=seq)
    # Counted even where it is not judged: `seq` must stay in step with the session.
    reason = not_judged(message.role, message.content)
    if reason is not None:
        state = replace(state, seq=seq)
        return state, TopicDecision(state.topic, False, 0.0, THRESHOLD, reason)
    evidence = gather(state, message, head)
    levelled = level(state, evidence, head)
    decision = _decide(levelled, evidence, head, chat or shipped_chat_model())
    return advance(levelled, evidence, shift=decision.shift), decision


def _decide(state: TopicState, evidence: Evidence, head: Head, chat: ChatModel) -> TopicDecision:
    reason = never_opens(state, evidence.reading, user=evidence.user)
    if reason is not None:
        return TopicDecision(state.topic, False, 0.0, THRESHOLD, reason)
    if evidence.question and evidence.question.refers:
        reason = "asks for one of the things that were said"
        return TopicDecision(state.topic, False, 0.0, THRESHOLD, reason)
    if announces(state, evidence.reading, evidence.question):
        reason = "leaves the topic: announced, and no key term is shared"
        return TopicDecision(state.topic + 1, True, ANNOUNCED_SCORE, THRESHOLD, reason)
    # The head and its word weights were trained on English: in a language whose words they do not
    # know, their scores mean nothing.
    covered = state.known.mean >= COVERED_SHARE
    if not covered and not (evidence.vector is not None and evidence.encoder in chat.others):
        shift = uncovered_shift(state, evidence.reading, evidence.row, evidence.question)
        reason = "a language that is not covered: judged by announced or vanished words alone"
        return TopicDecision(
            state.topic + shift, shift, THRESHOLD if shift else 0.0, THRESHOLD, reason
        )
    dense = evidence.for_head
    trust = covered * head.trust(
        familiar=state.familiar.mean, rarity=state.rarity.mean, dense=dense
    )
    # The head was trained on dialogues of short turns.
    trust *= 1.0 - long_answers(state.answers)
    net = head.dense if dense else head.text
    learned = _shifted(net.probability(head_inputs(evidence, head))) if trust > 0.0 else 0.0
    score = trust * learned + (1.0 - trust) * chat_probability(evidence, chat)
    shift = score >= THRESHOLD
    return TopicDecision(
        state.topic + shift, shift, score, THRESHOLD, _reason(state, evidence, shift), trust
    )


def _shifted(probability: float) -> float:
    """The head's probability, so that its own threshold is at `THRESHOLD`."""
    bounded_probability = min(max(probability, 1e-6), 1.0 - 1e-6)
    return logistic(log(bounded_probability / (1.0 - bounded_probability)) + _HEAD_SHIFT)


def chat_probability(evidence: Evidence, chat: ChatModel) -> float:
    """The probability that a message of a chat opens a topic.

    0 for the assistant's, and for a person's that names nothing ("tell me more about that").
    """
    question = evidence.question
    if (
        evidence.question_features is None
        or not evidence.stems
        or (question and question.only_acts)
    ):
        return 0.0
    return chat.probability(evidence.question_features.row, evidence.encoder)


def _reason(state: TopicState, evidence: Evidence, shift: bool) -> str:
    verdict = "leaves" if shift else "stays with"
    if not evidence.for_head:
        shared = set(evidence.reading.terms) & {term for term, _ in state.terms}
        measure = f"shares {len(shared)} key terms with it"
    else:
        measure = f"nearness {evidence.dense:.2f}, usual here {state.dense.mean:.2f}"
    cues = [
        name
        for name, present in (
            ("an announced change", evidence.reading.announced),
            ("an opening phrase", evidence.reading.opener and not evidence.reading.announced),
            ("a question", evidence.reading.question),
        )
        if present
    ]
    return f"{verdict} the topic: {', '.join([measure, *cues])}"
