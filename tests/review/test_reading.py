"""Opening a conversation: a reason first, a line for every look, nothing masked shown."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.domain.data import Rating, Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.repository import log as message_log
from sessions_app.repository.review import read_log as reviews_log
from sessions_app.services import erasure, feedback, messages, sessions
from sessions_app.services.topics import segments
from tests.review.conftest import LIST, WORDS, acts, now, text


def test_it_asks_for_a_reason_before_it_shows_anything(carol, session_id, log):
    shown = text(carol.client.get(f"{LIST}{session_id}/"))
    assert "Say why you need to read it" in shown
    assert "alice" in shown
    assert "Lisbon" not in shown
    assert not any(word in shown for word in WORDS)
    assert log() == []


def test_with_a_reason_it_shows_the_transcript(carol, opened, session_id, log):
    shown = text(carol.client.get(opened(carol)))
    assert all(word in shown for word in WORDS)
    assert "Somebody reported it (Ticket 4711)" in shown
    lines = log(session_id=session_id)
    assert acts(lines) == ["open", "read"]
    assert all(line.staff.name == "carol" and line.why.reason == "report" for line in lines)
    assert lines[1].about == {"first": 1, "last": 4, "masked": True}


def test_every_look_is_logged(carol, opened, session_id, log):
    address = opened(carol)
    for _ in range(3):
        carol.client.get(address)
    carol.client.get(f"{address}?window=3")
    assert acts(log(session_id=session_id)) == ["open", "read", "read", "read", "window"]


def test_the_line_is_there_before_the_messages_are_read(carol, opened, monkeypatch, log):
    address = opened(carol)
    seen = []
    read_range = message_log.read_range

    def watched(**asked):
        seen.append(acts(log()))
        return read_range(**asked)

    monkeypatch.setattr(message_log, "read_range", watched)
    carol.client.get(address)
    assert seen
    assert all(lines == ["open", "read"] for lines in seen)


def test_what_cannot_be_logged_is_not_shown(carol, opened, monkeypatch):
    from sessions_app.domain.errors import StorageUnavailable

    address = opened(carol)

    def fail(*_, **_named):
        raise StorageUnavailable

    monkeypatch.setattr(reviews_log, "insert", fail)
    for url in (address, f"{address}?window=1", LIST, f"{LIST}?q=hotels&by=text"):
        response = carol.client.get(url)
        assert response.status_code == 503
        assert b"hotels take dogs" not in response.content
        assert b"Lisbon" not in response.content


def test_a_reason_is_one_readers_only(carol, lea, opened):
    address = opened(carol)
    assert "Say why you need to read it" in text(lea.client.get(address))


def test_a_reason_is_for_one_conversation(carol, alice, talk, opened):
    opened(carol)
    other = talk(alice, "something else")
    assert "Say why you need to read it" in text(carol.client.get(f"{LIST}{other}/"))


def test_a_reason_holds_until_midnight(carol, opened, session_id, monkeypatch, settings):
    # The session itself outlives the day here.
    settings.SESSION_COOKIE_AGE = 3 * 24 * 3_600
    address = opened(carol)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert "Say why you need to read it" in text(carol.client.get(address))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "Choose a reason."),
        ({"reason": "curiosity"}, "curiosity"),
        ({"reason": "other"}, "Say which reason."),
        ({"reason": "legal", "detail": "x" * 501}, "at most 500"),
        ({"reason": "legal", "detail": "\x00"}, "Null characters"),
    ],
)
def test_a_reason_must_be_one(carol, session_id, body, problem, log):
    shown = text(carol.client.post(f"{LIST}{session_id}/", body))
    assert problem in shown
    assert log() == []


def test_an_unknown_conversation_is_not_there(carol, database, log):
    unknown = f"{LIST}01a203bb-9eda-704f-8acc-01a541069f9b/"
    assert carol.client.get(unknown).status_code == 404
    assert carol.client.post(unknown, {"reason": "legal"}).status_code == 404
    assert carol.client.get(f"{unknown}history/").status_code == 404
    assert log() == []


def test_an_address_without_a_slash_is_as_good(carol, session_id):
    assert carol.client.get(f"{LIST}{session_id}".rstrip("/")).status_code == 200
    assert carol.client.get(LIST.rstrip("/")).status_code == 200


def test_a_long_conversation_comes_in_pages(carol, alice, talk, opened, log):
    which = talk(alice, *[f"message {n}." for n in range(1, 251)])
    address = opened(carol, which)
    newest = text(carol.client.get(address))
    assert "message 250." in newest
    assert "message 200." not in newest
    middle = text(carol.client.get(f"{address}?at=101"))
    assert "message 101." in middle
    assert "message 200." in middle
    assert "message 201." not in middle
    assert "?at=1" in middle
    assert "?at=201" in middle
    assert [line.about["first"] for line in log(session_id=which)[1:]] == [201, 101]


@pytest.mark.parametrize("query", ["at=0", "at=x", "at=-1", "window=abc", "window=9", "window=0"])
def test_a_message_that_is_not_there_is_said_so(carol, opened, query):
    response = carol.client.get(f"{opened(carol)}?{query}")
    assert response.status_code in {400, 404}
    assert b"hotels take dogs" not in response.content


def test_a_page_beyond_the_end_is_the_last(carol, opened):
    assert WORDS[3] in text(carol.client.get(f"{opened(carol)}?at=99999"))


def test_markup_is_text(carol, alice, talk, opened):
    which = talk(alice, "<script>alert(1)</script>", title="<b>bold</b>")
    shown = text(carol.client.get(opened(carol, which)))
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown
    assert "&lt;b&gt;bold" in shown


def test_a_terminals_control_characters_are_signs(carol, alice, talk, opened):
    session = talk(alice, "Run it.")
    call = {"id": "c1", "type": "function", "function": {"name": "run", "arguments": "{}"}}
    asked = MessageDraft(Role.ASSISTANT, "", tool_calls=[call])
    result = MessageDraft(Role.TOOL, "\x1b[2Jred\x00\x07 done", tool_call_id="c1")
    for draft in (asked, result):
        messages.message_append(session_id=session, user_id=alice.id, draft=draft, now=now())
    shown = text(carol.client.get(opened(carol, session)))
    assert "\x1b" not in shown
    assert "\u241b[2Jred\u2400\u2407 done" in shown


def test_an_item_without_text_is_readable_and_masked(carol, alice, talk, opened):
    session = talk(alice, "Find her.")
    item = {"type": "web_search_call", "action": {"query": "maria@example.org in Lisbon"}}
    draft = MessageDraft(Role.ASSISTANT, "", items={"opaque": item})
    messages.message_append(session_id=session, user_id=alice.id, draft=draft, now=now())
    shown = text(carol.client.get(opened(carol, session)))
    assert "web_search_call" in shown
    assert "in Lisbon" in shown
    assert "maria@example.org" not in shown


def test_a_tombstone_and_a_tool_call_are_readable(carol, alice, talk, opened):
    which = talk(alice, "first", "second")
    call = {"id": "call_1", "type": "function"}
    call["function"] = {"name": "find_hotels", "arguments": '{"city": "Lisbon"}'}
    for draft in (
        MessageDraft(role=Role.ASSISTANT, content="", tool_calls=[call]),
        MessageDraft(role=Role.TOOL, content="none", tool_call_id="call_1"),
    ):
        messages.message_append(session_id=which, user_id=alice.id, draft=draft, now=now())
    erasure.message_delete(session_id=which, user_id=alice.id, seq=2, now=now())
    shown = text(carol.client.get(opened(carol, which)))
    assert "This message was erased" in shown
    assert "second" not in shown
    assert "find_hotels" in shown
    assert "&quot;city&quot;: &quot;Lisbon&quot;" in shown
    assert "Answers call" in shown


def test_topics_part_the_transcript(carol, alice, talk, opened):
    which = talk(alice)
    segments.topic_list(session_id=which, user_id=alice.id, now=now())
    assert 'class="divider"' in text(carol.client.get(opened(carol, which)))


def test_the_timeline_tells_what_has_happened(carol, lea, alice, opened, session_id, act):
    act("flag", session_id, text="Look at this")
    act("archive", session_id)
    sessions.session_restore(session_id=session_id, user_id=alice.id, now=now())
    shown = text(carol.client.get(opened(carol)))
    for words in ("Created", "First message", "Newest message", "Expires", "Opened by carol",
                  "Flagged by lea", "Look at this", "Archived by lea"):  # fmt: skip
        assert words in shown


def test_an_expired_conversation_can_be_read_by_staff(carol, opened, session_id, database):
    past = now() - timedelta(days=1)
    database.sessions.update_one({"_id": session_id}, {"$set": {"expires_at": past}})
    shown = text(carol.client.get(opened(carol)))
    assert "Expired" in shown
    assert WORDS[0] in shown


def test_the_history_lists_who_read_it(carol, lea, opened, session_id):
    carol.client.get(opened(carol))
    shown = text(lea.client.get(f"{LIST}{session_id}/history/"))
    assert shown.count("carol") == 2
    assert "Somebody reported it" in shown
    assert WORDS[0] not in shown


def test_a_rating_is_shown_with_its_comment_masked(alice, carol, opened, session_id):
    feedback.feedback_give(
        session_id=session_id,
        user_id=alice.id,
        seq=2,
        rating=Rating.DOWN,
        comment="Too short, write to me@example.com",
        now=now(),
    )
    shown = text(carol.client.get(opened(carol)))
    assert "Rated thumbs down" in shown
    assert "Too short, write to" in shown
    assert "me@example.com" not in shown


def test_tags_and_a_pin_are_among_the_facts(carol, opened, session_id, database):
    kept = {"tags": ["travel", "me@example.com"], "pinned": True}
    database.sessions.update_one({"_id": session_id}, {"$set": kept})
    shown = text(carol.client.get(opened(carol)))
    assert "travel" in shown
    assert "Pinned" in shown
    assert "me@example.com" not in shown
