"""Ten ordinary turns are one topic: follow-ups, code, lists, short replies and quotes open none."""

import json
from pathlib import Path

import pytest

from sessions_app.domain.topics import TopicMessage, TopicState, observe

CHATS = json.loads(Path(__file__).with_name("ordinary_chats.json").read_text(encoding="utf-8"))
ONE_TOPIC = {name: chat for name, chat in CHATS.items() if not chat["shifts"]}
CHANGING = {name: chat for name, chat in CHATS.items() if chat["shifts"]}
# With vectors, the encoder decides too: it is not there in every installation.
DENSE = pytest.mark.parametrize("dense", [True, False], ids=["vectors", "words alone"])


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


@pytest.mark.parametrize("chat", ONE_TOPIC.values(), ids=ONE_TOPIC)
def test_ten_ordinary_turns_are_one_topic(chat, encode):
    assert len(chat["messages"]) >= 20
    assert shifts(chat, encode) == []


@pytest.mark.parametrize("chat", ONE_TOPIC.values(), ids=ONE_TOPIC)
def test_without_vectors_ten_ordinary_turns_have_at_most_one_false_topic(chat):
    assert len(shifts(chat)) <= 1


@pytest.mark.parametrize("chat", CHANGING.values(), ids=CHANGING)
def test_a_person_s_new_subject_opens_a_topic(chat, encode):
    assert shifts(chat, encode) == chat["shifts"]
