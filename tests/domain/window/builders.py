"""Conversations to plan windows over, in as few words as a test can say them."""

from hypothesis import strategies as st

from sessions_app.domain.candidate import WindowMessage
from sessions_app.domain.window.planning import Layout, OnTopicShift, Strategy, WindowPolicy

WORDS = ["paint", "lake", "Spain", "guitar", "dinner", "rain", "the", "Ann"]


def say(seq, role="user", tokens=10, content="", **more):
    return WindowMessage(seq=seq, role=role, token_count=tokens, content=content, **more)


def turns(count, tokens=10, start=1, **more):
    """`count` messages, user and assistant by turns."""
    roles = ("user", "assistant")
    return [say(start + at, roles[at % 2], tokens, f"words {at}", **more) for at in range(count)]


def call(seq, *ids, tokens=10, **more):
    return say(seq, "assistant", tokens, tool_call_ids=ids, **more)


def result(seq, of, tokens=10, **more):
    return say(seq, "tool", tokens, tool_call_id=of, **more)


def reasons(plan):
    return {message.seq: message.reason for message in plan.messages}


@st.composite
def conversations(draw):
    """Any conversation a careless client could store, tool calls of every kind included."""
    steps = st.sampled_from(["user", "user", "assistant", "call", "result", "deleted", "system"])
    messages = []
    ids = []
    for seq, step in enumerate(draw(st.lists(steps, max_size=40)), start=draw(st.integers(1, 3))):
        common = {
            "tokens": draw(st.integers(0, 60)),
            "content": " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=4))),
            "topic": draw(st.sampled_from([None, seq // 10, seq // 10])),
        }
        if step == "call":
            fresh = tuple(f"c{seq}.{at}" for at in range(draw(st.integers(1, 3))))
            ids.extend(fresh)
            messages.append(call(seq, *fresh, **common))
        elif step == "result":
            messages.append(result(seq, draw(st.sampled_from([*ids[-3:], "unknown"])), **common))
        elif step == "deleted":
            messages.append(say(seq, "user", deleted=True, **common))
        else:
            messages.append(say(seq, step, **common))
    return messages


@st.composite
def policies(draw):
    return WindowPolicy(
        max_tokens=draw(st.integers(64, 1_500)),
        strategy=draw(st.sampled_from(Strategy)),
        max_messages=draw(st.none() | st.integers(1, 30)),
        on_topic_shift=draw(st.sampled_from(OnTopicShift)),
        context_start=draw(st.sampled_from([1, 1, 10])),
        layout=draw(st.sampled_from(Layout)),
    )
