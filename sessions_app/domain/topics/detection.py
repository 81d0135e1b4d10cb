"""Detects topic shifts online: each message is judged from the messages before it.

`observe` takes a session's state and its next message, and returns the new state and the topic of
the message. It is pure and deterministic: replaying a session gives the same decisions, and so
does any worker that continues from a stored `TopicState`.

The score is the probability of a shift. It mixes two detectors: the trained head weighs more, the
more the conversation resembles its training data; the model of chats with an assistant, in which
only a person's message opens a topic, has the rest of the weight (docs/topics.md).
"""

from dataclasses import dataclass, replace
from math import log, log1p
from typing import Final

import numpy as np

from sessions_app.domain.topics.chat import (
    ChatModel,
    QuestionFeatures,
    chat_features,
    long_answers,
    shipped_chat_model,
)
from sessions_app.domain.topics.evidence import logistic
from sessions_app.domain.topics.features import dense_features, text_features
from sessions_app.domain.topics.head import Head, shipped_head
from sessions_app.domain.topics.labels import (
    ANSWER_WEIGHT,
    OPENING_WEIGHT,
    PERSON_WEIGHT,
    note_phrases,
    phrases_of,
)
from sessions_app.domain.topics.questions import Question, content_stems, read_question
from sessions_app.domain.topics.rules import (
    COVERED_SHARE,
    announces,
    never_opens,
    not_judged,
    uncovered_shift,
)
from sessions_app.domain.topics.state import (
    PAST_SEGMENTS,
    RECENT_TURNS,
    TopicMessage,
    TopicState,
    Turn,
    Vector,
    blend,
    count_terms,
    pack_vector,
    remember,
    unpack_vector,
)
from sessions_app.domain.topics.text import Reading, bounded, read

THRESHOLD: Final = 0.4
# What the head, and the coherence of neighbours, were trained with.
HEAD_ENCODER: Final = "all-minilm-l6-v2-int8/1"
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


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The measurements at one message: features for the head, and values for the running means.

    `row` holds the features in order. `vector` and `before` are the unit vectors of this message
    and the one before it, None without an encoder. `question` and `question_features` read
    a person's message as a question, None of the assistant's. `phrases` can name a topic.
    """

    reading: Reading
    user: bool
    row: list[float]
    lexical: float
    following: float
    packed: bytes
    vector: Vector | None
    before: Vector | None
    dense: float
    coherent: float
    stems: tuple[str, ...]
    phrases: tuple[str, ...]
    question: Question | None = None
    question_features: QuestionFeatures | None = None
    encoder: str = ""

    @property
    def for_head(self) -> bool:
        """Whether there is a vector of the encoder that the head was trained with."""
        return self.vector is not None and not self.encoder


def gather(state: TopicState, message: TopicMessage, head: Head) -> Evidence:
    """Measure a message against the state. Decides nothing and changes nothing."""
    reading = read(message.content)
    user = message.role == "user"
    now, following = head.cues.judge(reading)
    row, lexical = text_features(state, reading, user=user, weigher=head.weigher, cue=now)
    packed = pack_vector(message.vector)
    encoder = "" if message.encoder == HEAD_ENCODER else message.encoder
    # A vector of another width means nothing to any model here.
    if len(packed) != head.dimensions:
        packed = b""
    vector = before = None
    dense = coherent = 0.0
    if packed:
        vector = unpack_vector(packed)
    if vector is not None and not encoder:
        features, dense, coherent = dense_features(
            state, vector, user=user, coherence=head.coherence
        )
        row += features
        if state.recent and state.recent[0].vector:
            before = unpack_vector(state.recent[0].vector)
    question = question_features = None
    if user:
        question = read_question(message.content)
        question_features = chat_features(
            state, question, reading,
            vector=vector, weigher=head.weigher,
            coherence=None if encoder else head.coherence, cue=now,
        )  # fmt: skip
    stems = question.stems if question else content_stems(bounded(message.content))
    return Evidence(
        reading, user, row, lexical, following, packed, vector, before, dense, coherent,
        stems,
        phrases_of(message.content), question, question_features, encoder,
    )  # fmt: skip


def head_inputs(evidence: Evidence, head: Head) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The input of the head's perceptrons: the features, then both messages' projected vectors.

    Without a vector, the features alone.
    """
    row = np.asarray(evidence.row, dtype=np.float32)
    if not evidence.for_head or evidence.vector is None:
        return row
    here = evidence.vector @ head.projection
    # The first message has no vector before it.
    there = np.zeros_like(here) if evidence.before is None else evidence.before @ head.projection
    return np.concatenate([row, here, there])


def level(state: TopicState, evidence: Evidence, head: Head) -> TopicState:
    """Add this message to the running means that say how familiar the conversation is."""
    reading = evidence.reading
    # Greetings are alike everywhere and would make every conversation look familiar.
    if reading.social:
        return state
    if not evidence.user:
        state = replace(state, answers=state.answers.add(log1p(reading.words)))
    state = replace(state, known=state.known.add(head.weigher.known_share(reading)))
    if reading.terms:
        state = replace(state, rarity=state.rarity.add(head.weigher.rarity(reading)))
    if not evidence.for_head or evidence.vector is None:
        return state
    return replace(state, familiar=state.familiar.add(head.familiarity.nearest(evidence.vector)))


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


def advance(state: TopicState, evidence: Evidence, *, shift: bool) -> TopicState:
    """The state after a judged message; `shift` says whether it opened a topic."""
    seq, reading = state.seq + 1, evidence.reading
    # Kept for the features of the next messages.
    turn = Turn(
        user=evidence.user,
        terms=reading.terms,
        words=reading.words,
        question=reading.question,
        closer=reading.closer,
        social=reading.social,
        cue=evidence.following,
        vector=evidence.packed,
    )
    if shift:
        state = _open_topic(state, seq)
    # A greeting says nothing about the subject, so it moves no centroid.
    if not reading.social:
        if evidence.vector is not None:
            state = replace(
                state,
                segment=blend(state.segment, state.substance, evidence.vector),
                whole=blend(state.whole, state.judged, evidence.vector),
            )
        state = _note_question(state, evidence)
        state = replace(state, substance=state.substance + 1)
    # A first message has no neighbour, so it adds nothing to the means.
    if state.recent:
        state = replace(state, lexical=state.lexical.add(evidence.lexical))
        if evidence.for_head:
            state = replace(
                state,
                dense=state.dense.add(evidence.dense),
                coherent=state.coherent.add(evidence.coherent),
            )
        if (
            evidence.question_features is not None
            and evidence.question_features.nearest is not None
        ):
            state = replace(state, asking=state.asking.add(evidence.question_features.nearest))
    return replace(
        state,
        seq=seq,
        judged=state.judged + 1,
        since=state.since + 1,
        recent=(turn, *state.recent)[:RECENT_TURNS],
        terms=count_terms(state.terms, reading.terms),
        lexicon=remember(state.lexicon, evidence.stems),
        phrases=note_phrases(state.phrases, evidence.phrases, _naming_weight(state, evidence)),
    )


def _naming_weight(state: TopicState, evidence: Evidence) -> float:
    """What a message's phrases count for the topic's label."""
    if not evidence.user:
        return ANSWER_WEIGHT
    # After `advance` counted it: 1 where this message is the topic's first with substance.
    return OPENING_WEIGHT if state.substance <= 1 else PERSON_WEIGHT


def _note_question(state: TopicState, evidence: Evidence) -> TopicState:
    """Add a question that names something to the centroid of those asked in this topic."""
    if not evidence.user or not evidence.stems or evidence.vector is None:
        return state
    return replace(
        state,
        asked=blend(state.asked, state.questions, evidence.vector),
        questions=state.questions + 1,
    )


def _open_topic(state: TopicState, seq: int) -> TopicState:
    return replace(
        state,
        topic=state.topic + 1,
        topic_start=seq,
        since=0,
        substance=0,
        questions=0,
        segment=b"",
        asked=b"",
        lexicon=(),
        phrases=(),
        past=((state.segment, *state.past) if state.segment else state.past)[:PAST_SEGMENTS],
        terms=(),
        # Once per segment, however often the segment used a term.
        past_terms=count_terms(state.past_terms, tuple(term for term, _ in state.terms)),
    )
