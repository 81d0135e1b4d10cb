"""Ten ordinary turns are one topic: follow-ups, code, lists, short replies and quotes open none."""

import json
from pathlib import Path

import pytest

from sessions_app.domain.topics import TopicMessage, TopicState, observe

CHATS = json.loads(Path(__file__).with_name("ordinary_chats.json").read_text(encoding="utf-8"))
ONE_TOPIC = {name: chat for name, chat in CHATS.items() if not chat["shifts"]}
CHANGING = {name: chat for name, chat in CHATS.items() if chat["shifts"]}
# False topics that are left (docs/topics-measured.md): "Can we drink the tap water?" within a
# journey to Portugal, and which greeting to use in a letter.
LEFT = {"travel": [13], "writing with quotes": [15]}


def shifts(chat, encode=None):
    state, seqs = TopicState(), []
    for seq, content in enumerate(chat["messages"], start=1):
        role = "user" if seq % 2 else "assistant"
        vector = encode(content) if encode else None
        state, decision = observe(state, TopicMessage(role, content, vector))
        if decision.shift:
            seqs.append(seq)
    return seqs


@pytest.fixture(scope="module")
def encode():
    from sessions_app.encoders import load_encoder

    encoder = load_encoder()
    if encoder is None:
        pytest.skip("the encoder's packages are not installed")
    return lambda text: encoder.encode([text])[0]


@pytest.mark.parametrize("name", ONE_TOPIC)
def test_ten_ordinary_turns_are_one_topic_but_for_what_is_known(name, encode):
    assert len(ONE_TOPIC[name]["messages"]) >= 20
    assert set(shifts(ONE_TOPIC[name], encode)) <= set(LEFT.get(name, []))


def test_without_vectors_follow_ups_open_a_topic_seldom():
    messages = sum(len(chat["messages"]) for chat in ONE_TOPIC.values())
    assert sum(len(shifts(chat)) for chat in ONE_TOPIC.values()) <= messages * 0.06


@pytest.mark.parametrize(
    "follow_up",
    [
        "How do I install it?", "tell me more", "What else is there?", "and in winter?",
        "Can you put that into a table?", "You've mentioned that several times now. Tell me more.",
        "```\nprint(1)\n```", "by the way, how long does it take?", "ok, why?",
    ],
)  # fmt: skip
def test_a_follow_up_opens_no_topic(follow_up, encode):
    chat = {"messages": [*CHATS["travel"]["messages"][:4], follow_up]}
    assert shifts(chat, encode) == []


@pytest.mark.parametrize("chat", CHANGING.values(), ids=CHANGING)
def test_a_person_s_new_subject_opens_a_topic(chat, encode):
    assert shifts(chat, encode) == chat["shifts"]
