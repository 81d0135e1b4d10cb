"""What the model saw at a message: by the record of the call, or planned again as of then."""

from datetime import timedelta

import pytest

from sessions_app.domain.data import Role, Strategy
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import MessageNotFound
from sessions_app.domain.turns import Seen, Turn, TurnState
from sessions_app.repository.log import pages
from sessions_app.repository.turns import records as turns
from sessions_app.services import context, messages
from sessions_app.services.review import windows as review_windows
from tests.review.conftest import now, text


@pytest.fixture
def window(alice):
    def at(session_id, seq):
        session = pages.read_header(session_id=session_id, user_id=alice.id)
        return review_windows.window_at(session=session, seq=seq)

    return at


def plan_now(alice, session_id):
    window = context.context_plan(
        session_id=session_id, user_id=alice.id, max_tokens=None, strategy=None, query=None,
        now=now(),
    )  # fmt: skip
    return [(m.seq, m.kept, m.reason) for m in window.plan.messages]


@pytest.mark.parametrize("strategy", ["recent", "topic", "relevant", "hybrid"])
def test_at_the_newest_message_it_is_the_window_of_now(alice, talk, window, strategy):
    contents = [f"Message {n} about the weather in the mountains." for n in range(1, 82)]
    policy = {"strategy": Strategy(strategy), "max_tokens": 300}
    which = talk(alice, *contents, policy=policy)
    now_planned = plan_now(alice, which)
    seen = window(which, 81)
    kept = {seq for seq, each in seen.fates.items() if each.kept}
    assert kept == {seq for seq, was_kept, _ in now_planned if was_kept}
    assert 0 < len(kept) < 81


def test_at_an_earlier_message_later_ones_are_unknown(alice, talk, window):
    which = talk(alice, *[f"message {n}" for n in range(1, 12)])
    seen = window(which, 5)
    assert seen.upto == 5
    assert sorted(seen.fates) == [1, 2, 3, 4, 5]


def test_at_a_reply_it_is_what_was_replied_to(alice, talk, window):
    seen = window(talk(alice, "q1", "a1", "q2", "a2"), 4)
    assert (seen.at_seq, seen.upto) == (4, 3)
    assert max(seen.fates) == 3


def test_a_reset_counts_from_when_it_was(alice, talk, window):
    which = talk(alice, "q1", "a1", "q2")
    context.context_reset(session_id=which, user_id=alice.id, undo=False, now=now())
    draft = MessageDraft(role=Role.USER, content="q3")
    messages.message_append(session_id=which, user_id=alice.id, draft=draft, now=now())
    before, after = window(which, 3), window(which, 4)
    assert all(fate.kept for fate in before.fates.values())
    assert [seq for seq, fate in sorted(after.fates.items()) if fate.kept] == [4]
    assert after.fates[1].reason.value == "before_reset"


def test_a_window_in_a_long_session_ends_at_the_message(alice, talk, window, database):
    which = talk(
        alice, *[f"message {n}" for n in range(1, 901)], policy={"strategy": Strategy.RECENT}
    )
    seen = window(which, 601)
    assert max(seen.fates) == 601
    assert seen.fates[601].kept


def test_a_window_at_an_unknown_message_is_refused(alice, talk, window):
    with pytest.raises(MessageNotFound):
        window(talk(alice, "q1"), 2)


def test_a_window_without_room_says_so(carol, alice, talk, opened):
    which = talk(alice, system_prompt="word " * 200, policy={"max_tokens": 64})
    shown = text(carol.client.get(f"{opened(carol, which)}?window=1"))
    assert "max_tokens allows 64" in shown


@pytest.fixture
def recorded(alice, talk):
    """A conversation with a call on record, which saw message 3 alone."""
    which = talk(alice, "q1", "a1", "q2", "a2")
    at = now()
    turn = Turn(
        turn_id="turn_" + review_windows_id(at),
        session_id=which,
        user_id=alice.id,
        state=TurnState.RUNNING,
        user_seq=3,
        started_at=at,
        deadline=at + timedelta(minutes=1),
    )
    turns.insert(turn)
    seen = Seen(token_count=9, max_tokens=64, strategy="recent", kept=1, dropped=2, seqs=[(3, 3)])
    turns.finish(
        session_id=which, turn_id=turn.turn_id, state=TurnState.FAILED, seen=seen, ended_at=at,
        outcome={"error_code": "provider_error", "error_detail": "The model's server failed."},
    )  # fmt: skip
    return which


def review_windows_id(at):
    from sessions_app.domain.sessions.identifiers import uuid7_floor

    return uuid7_floor(at).replace("-", "") + "7" + "0" * 19


def test_a_call_on_record_says_what_was_sent(window, recorded):
    seen = window(recorded, 3)
    assert seen.record is not None
    assert [seq for seq, fate in sorted(seen.fates.items()) if fate.kept] == [3]
    # Planned again, 1 and 2 would be kept: the reason for leaving them out is not known.
    assert seen.fates[1] == (False, None)
    assert window(recorded, 1).record is None


def test_the_page_shows_records_and_failed_turns(carol, opened, recorded):
    address = opened(carol, recorded)
    shown = text(carol.client.get(f"{address}?window=3"))
    assert "This is what the call was sent, by its record" in shown
    assert "9 of 64 tokens" in shown
    assert "provider_error" in shown
    assert "No call is on record here" in text(carol.client.get(f"{address}?window=1"))


def test_the_page_marks_each_message(carol, alice, talk, opened):
    contents = [f"message {n}, and some more words with it" for n in range(1, 12)]
    which = talk(alice, *contents, policy={"max_tokens": 64})
    shown = text(carol.client.get(f"{opened(carol, which)}?window=9"))
    for words in ("What the model saw at message 9", "Kept: the newest question", "Dropped: ",
                  ">Later<", "of 64 tokens"):  # fmt: skip
        assert words in shown
