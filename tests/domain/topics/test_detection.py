"""What the topic tracker does with a conversation, whatever its words."""

import json
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.topics import TopicMessage, TopicState, observe, pack_vector

ROLES = ("system", "user", "assistant", "tool")
TRAIN = "I need to book a train from Cambridge to London on Friday morning please."
FARE = "The Friday train from Cambridge to London costs 24 pounds. Shall I book it?"
BREAD = "By the way, another question: why does my sourdough starter smell of acetone?"


def direction(seed):
    return np.random.default_rng(seed).standard_normal(384).astype(np.float32)


def follow(messages, state=None):
    """The decisions on (role, content[, vector]) messages one by one, and the state after them."""
    state, decisions = state or TopicState(), []
    for role, content, *vector in messages:
        state, decision = observe(state, TopicMessage(role, content, *vector))
        decisions.append(decision)
    return decisions, state


messages = st.lists(
    st.tuples(
        st.sampled_from(ROLES),
        st.one_of(st.text(max_size=60), st.sampled_from([TRAIN, FARE, BREAD, "yes", "thanks!"])),
        st.one_of(st.none(), st.integers(0, 5).map(direction)),
    ),
    max_size=14,
)


def test_the_first_message_opens_topic_one_without_a_shift():
    (decision,), state = follow([("user", TRAIN)])
    assert (decision.topic, decision.shift) == (1, False)
    assert (state.seq, state.topic, state.topic_start) == (1, 1, 1)


def test_an_announced_new_subject_opens_the_next_topic():
    decisions, state = follow([("user", TRAIN), ("assistant", FARE), ("user", BREAD)])
    assert [d.topic for d in decisions] == [1, 1, 2]
    assert decisions[-1].shift
    assert state.topic_start == 3


def test_a_decision_carries_its_score_threshold_and_a_readable_reason():
    decisions, _ = follow([("user", TRAIN), ("assistant", FARE), ("user", BREAD)])
    last = decisions[-1]
    assert 0.0 < last.threshold <= last.score <= 1.0
    assert last.reason.startswith("leaves the topic")
    assert decisions[1].reason.startswith("stays with the topic")


@given(messages)
def test_replaying_a_session_reproduces_its_decisions(conversation):
    assert follow(conversation)[0] == follow(conversation)[0]


@given(messages)
def test_a_stored_state_decides_exactly_as_the_one_kept_in_memory(conversation):
    in_memory, stored = TopicState(), TopicState()
    for message in conversation:
        stored = TopicState.from_dict(json.loads(json.dumps(stored.to_dict())))
        assert stored == in_memory
        in_memory, expected = observe(in_memory, TopicMessage(*message))
        stored, decision = observe(stored, TopicMessage(*message))
        assert decision == expected


@given(messages)
def test_a_packed_vector_decides_as_the_vector_it_was_packed_from(conversation):
    packed = [(role, text, pack_vector(vector) or None) for role, text, vector in conversation]
    assert follow(packed)[0] == follow(conversation)[0]


@given(messages, messages)
def test_a_decision_depends_on_the_past_alone(past, future):
    assert follow(past + future)[0][: len(past)] == follow(past)[0]


@given(messages)
def test_topics_count_up_by_one_at_each_shift_and_never_back(conversation):
    decisions, state = follow(conversation)
    topics = [1, *(d.topic for d in decisions)]
    steps = [after - before for before, after in pairwise(topics)]
    assert steps == [int(d.shift) for d in decisions]
    assert state.seq == len(conversation)


def test_the_state_stays_a_few_kilobytes_however_long_the_session():
    long = [
        (ROLES[1 + i % 2], f"word{i} " * 400 + "topic " * 9 + str(i), direction(i))
        for i in range(300)
    ]
    _, state = follow(long)
    assert len(json.dumps(state.to_dict())) < 16_000


def test_a_state_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version"):
        TopicState.from_dict({**TopicState().to_dict(), "v": 0})


def test_a_vector_of_another_size_is_not_used():
    with_it = follow([("user", TRAIN, direction(1)[:64]), ("user", BREAD, direction(2)[:64])])
    assert with_it[0] == follow([("user", TRAIN), ("user", BREAD)])[0]


@pytest.mark.parametrize("vector", [np.zeros(384, np.float32), np.full(384, np.nan, np.float32)])
def test_a_vector_without_direction_counts_as_none(vector):
    assert pack_vector(vector) == b""
    assert follow([("user", TRAIN, vector)])[0] == follow([("user", TRAIN)])[0]


def test_packing_what_was_unpacked_changes_nothing():
    packed = pack_vector(direction(3))
    unpacked = np.frombuffer(packed, dtype=np.int8).astype(np.float32)
    assert pack_vector(unpacked / np.linalg.norm(unpacked)) == packed


@pytest.mark.parametrize("vector", [None, direction(7)], ids=["lexical", "dense"])
def test_judging_a_message_costs_a_fraction_of_a_millisecond(vector):
    turns = [("user", TRAIN, vector), ("assistant", FARE, vector), ("user", BREAD, vector)] * 4
    _, state = follow(turns)
    spent = []
    for role, text, _ in turns * 10:
        started = time.process_time_ns()
        observe(state, TopicMessage(role, text, vector))
        spent.append((time.process_time_ns() - started) / 1e6)
    # The least of CPU time: what disturbs a measurement on a busy machine only adds to it.
    assert min(spent) < (1.0 if vector is None else 2.0)


def test_a_packed_vector_of_zeros_counts_as_none():
    assert follow([("user", TRAIN, bytes(384))])[0] == follow([("user", TRAIN)])[0]
