"""Actions on one conversation or many: confirmed, done, logged, noted, said."""

import json

import pytest
from django.contrib.admin.models import LogEntry

from sessions_app.repository import log as message_log
from sessions_app.services.review import actions as review_actions
from sessions_app.services.review import staff_actions
from tests.review.conftest import ACTIONS, LIST, WORDS, acts, text


def stored(database, session_id):
    return database.sessions.find_one({"_id": session_id})


def test_it_asks_whether_it_is_meant(lea, session_id, log, database):
    body = {"action": "delete", "selected": session_id}
    shown = text(lea.client.post(ACTIONS, body))
    assert "Delete for good?" in shown
    assert "Yes, delete" in shown
    assert session_id in shown
    assert "alice" in shown
    assert "<strong" in shown
    assert stored(database, session_id) is not None
    # The confirmation shows titles, as the list does.
    assert [(line.act.value, line.session_id) for line in log()] == [("list", session_id)]


def test_it_names_conversations_by_their_titles_with_numbers_masked(
    alice, lea, session_id, database
):
    database.sessions.update_one(
        {"_id": session_id}, {"$set": {"title": "Call +49 30 901820 about Lisbon"}}
    )
    shown = text(lea.client.post(ACTIONS, {"action": "delete", "selected": session_id}))

    assert "about Lisbon</strong>" in shown
    assert "901820" not in shown


def test_a_rows_own_menu_means_that_row_whatever_is_selected(lea, alice, talk, database):
    selected, meant = talk(alice), talk(alice)
    body = {"action": "delete", "selected": selected, "row": meant, "row_action": "flag"}
    shown = text(lea.client.post(ACTIONS, body))
    assert meant in shown
    assert selected not in shown
    assert "Delete for good?" not in shown


def test_a_rows_menu_offers_what_would_change_it(lea, alice, talk, act):
    plain, archived = talk(alice), talk(alice)
    act("archive", archived)
    rows = {row.reviewed.session.session_id: row.acts.split()
            for row in lea.client.get(LIST).context["rows"]}  # fmt: skip
    assert "archive" in rows[plain]
    assert "restore" not in rows[plain]
    assert "restore" in rows[archived]
    assert "archive" not in rows[archived]


def test_many_are_flagged_and_resolved(alice, talk, act, database, log):
    ids = [talk(alice) for _ in range(3)]
    assert "3 conversations flagged." in text(act("flag", *ids, text="Wrong refund"))
    assert all(stored(database, one)["flagged"] for one in ids)
    assert "3 conversations resolved." in text(act("resolve", *ids))
    assert not any("flagged" in stored(database, one) for one in ids)
    assert [line.act.value for line in log(session_id=ids[0])] == ["flag", "resolve"]


def test_flagging_leaves_the_owners_session_as_it_is(alice, session_id, act, database):
    before = stored(database, session_id)
    act("flag", session_id, text="Wrong refund")
    act("hold", session_id)
    after = stored(database, session_id)
    assert (after["version"], after["updated_at"]) == (before["version"], before["updated_at"])


def test_a_flag_says_why_and_by_whom(carol, session_id, act, opened):
    act("flag", session_id, text="Wrong refund")
    shown = text(carol.client.get(opened(carol)))
    assert "<strong>Flagged</strong> by lea" in shown
    assert "Wrong refund" in shown


@pytest.mark.parametrize("action", ["flag", "note"])
def test_a_flag_and_a_note_want_words(session_id, act, action, log, database):
    assert "Write a few words." in text(act(action, session_id, text="  "))
    assert [line.act.value for line in log()] == ["list"]
    assert "flagged" not in stored(database, session_id)


def test_a_note_is_kept_with_the_conversation(session_id, act):
    assert "Note added." in text(act("note", session_id, text="Asked the payments team"))
    (note,) = review_actions.notes(session_id=session_id, limit=10)
    assert (note.text, note.author, note.act.value) == ("Asked the payments team", "lea", "note")


def test_notes_on_many_conversations_are_counted(alice, talk, act):
    ids = [talk(alice) for _ in range(2)]
    assert "Note added to 2 conversations." in text(act("note", *ids, text="One incident"))
    act("delete", ids[0])
    shown = text(act("note", *ids, text="One incident"))
    assert "Note added." in shown
    assert "Note not added to 1 conversation: No such session." in shown


def test_a_conversation_is_archived_and_restored(session_id, act, database):
    assert "1 conversation archived." in text(act("archive", session_id))
    assert stored(database, session_id)["status"] == "archived"
    assert "1 conversation restored." in text(act("restore", session_id))
    assert stored(database, session_id)["status"] == "active"


def test_a_held_conversation_is_not_deleted_and_the_log_says_so(session_id, act, database, log):
    act("hold", session_id)
    shown = text(act("delete", session_id))
    assert "1 conversation not deleted: The session is under legal hold" in shown
    assert stored(database, session_id) is not None
    lines = log(session_id=session_id)
    assert acts(lines) == ["hold", "delete", "delete"]
    assert lines[-1].about == {"refused": "legal_hold"}
    act("release", session_id)
    assert "1 conversation deleted." in text(act("delete", session_id))


def test_a_deletion_takes_notes_along_and_leaves_the_log(session_id, act, database, log):
    act("note", session_id, text="Something")
    act("delete", session_id)
    assert stored(database, session_id) is None
    assert database.review_notes.count_documents({}) == 0
    assert acts(log(session_id=session_id)) == ["note", "delete"]


def test_what_fails_for_one_is_done_for_the_others(alice, talk, act, database):
    held, free = talk(alice), talk(alice)
    act("hold", held)
    shown = text(act("delete", held, free))
    assert "1 conversation deleted." in shown
    assert "1 conversation not deleted" in shown
    assert stored(database, free) is None


def test_a_conversation_that_has_gone_is_said_so(act, session_id):
    act("delete", session_id)
    assert "No such session." in text(act("archive", session_id))


def test_the_line_is_written_before_the_action(session_id, act, monkeypatch, log):
    seen = []
    archive = staff_actions.session_archive_any

    def watched(**asked):
        seen.append(acts(log()))
        return archive(**asked)

    monkeypatch.setattr(staff_actions, "session_archive_any", watched)
    act("archive", session_id)
    assert seen == [["archive"]]


def test_the_admin_remembers_it(lea, session_id, act):
    act("flag", session_id, text="Wrong refund")
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user_id) == (session_id, lea.user.pk)
    assert entry.get_admin_url() == f"/admin/conversations/{session_id}/"
    assert "Conversation" in text(lea.client.get("/admin/"))


def test_nothing_selected_and_nothing_chosen_are_said(lea, session_id):
    chosen = lea.client.post(ACTIONS, {"action": "archive"}, follow=True)
    assert "Select conversations first." in text(chosen)
    unknown = {"action": "explode", "selected": session_id}
    assert "Choose an action." in text(lea.client.post(ACTIONS, unknown, follow=True))


def test_more_than_a_hundred_are_too_many(act):
    assert act("archive", *(f"id-{n}" for n in range(101))).status_code == 400


def test_one_goes_back_to_where_one_came_from(lea, session_id):
    body = {"action": "archive", "selected": session_id, "confirmed": "yes"}
    back = f"{LIST}?status=active"
    assert lea.client.post(ACTIONS, {**body, "next": back}).url == back
    evil = lea.client.post(ACTIONS, {**body, "next": "https://evil.example/"})
    assert evil.url == LIST


def test_after_a_deletion_one_does_not_go_back_to_what_is_gone(lea, session_id):
    body = {"action": "delete", "selected": session_id, "confirmed": "yes"}
    assert lea.client.post(ACTIONS, {**body, "next": f"{LIST}{session_id}/"}).url == LIST


def test_an_export_wants_a_reason(session_id, act, log):
    assert "Choose a reason." in text(act("export", session_id, form="json"))
    assert [line.act.value for line in log()] == ["list"]


def test_an_export_as_json(lea, alice, talk, act, log):
    ids = [talk(alice, "one", "two"), talk(alice, "three")]
    response = act("export", *ids, reason="legal", form="json", detail="Request 3")
    assert response["Content-Disposition"] == 'attachment; filename="2-conversations.json"'
    body = json.loads(b"".join(response))
    assert [one["session_id"] for one in body["conversations"]] == ids
    contents = [[m["content"] for m in one["messages"]] for one in body["conversations"]]
    assert contents == [["one", "two"], ["three"]]
    lines = log()
    assert acts(lines) == ["export", "export"]
    assert lines[0].about == {"form": "json", "masked": True}


def test_an_export_as_markdown(session_id, act):
    response = act("export", session_id, reason="legal", form="markdown")
    assert response["Content-Type"].startswith("text/markdown")
    assert f'filename="{session_id}.md"' in response["Content-Disposition"]
    body = b"".join(response).decode()
    assert "# Lisbon" in body
    assert all(word in body for word in WORDS)


def test_an_export_is_logged_before_it_is_read(session_id, act, monkeypatch, log):
    seen = []
    stream = message_log.read_all

    def watched(**asked):
        seen.append(acts(log()))
        return stream(**asked)

    monkeypatch.setattr(message_log, "read_all", watched)
    b"".join(act("export", session_id, reason="legal", form="json"))
    assert seen == [["export"]]
