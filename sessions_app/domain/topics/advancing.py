"""The state of detection after a message: running means, centroids, the words of the topic."""

from dataclasses import replace
from math import log1p

from sessions_app.domain.topics.head import Head
from sessions_app.domain.topics.labels import (
    ANSWER_WEIGHT,
    OPENING_WEIGHT,
    PERSON_WEIGHT,
    note_phrases,
)
from sessions_app.domain.topics.measuring import Evidence
from sessions_app.domain.topics.state import (
    PAST_SEGMENTS,
    RECENT_TURNS,
    TopicState,
    Turn,
    blend,
    count_terms,
    remember,
)


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
