"""GET /auth/me/export."""

import json
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from pymongo.errors import AutoReconnect
from pymongo.synchronous.cursor import Cursor
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.services.privacy import erasing as privacy
from tests.accounts.bodies import NOT_AUTHENTICATED, TOKEN_NOT_VALID
from tests.accounts.conftest import bearer
from tests.conftest import error

pytestmark = pytest.mark.django_db
URL = "/auth/me/export"


def exported(person):
    response = person.client.get(URL)
    assert response.status_code == 200
    return [json.loads(line) for line in response.getvalue().decode().split("\n")[:-1]]


def of_type(records, kind):
    return [record for record in records if record["type"] == kind]


def create(person, **body):
    response = person.client.post("/session/create", body)
    assert response.status_code == 201
    return response.json()["session_id"]


def said(count):
    return [{"content": f"message {n}"} for n in range(1, count + 1)]


def test_the_first_line_says_what_it_is_and_the_last_that_it_is_complete(alice, database):
    create(alice, title="Lisbon", messages=said(2))
    first, *records, last = exported(alice)
    assert datetime.fromisoformat(first.pop("exported_at")) <= datetime.now(UTC)
    assert first == {
        "type": "export",
        "format": "chat-sessions/personal-data",
        "version": 1,
        "user_id": str(alice.user.pk),
    }
    kinds = ["account", "sign_in", "session", "message", "message"]
    assert [record["type"] for record in records] == kinds
    counts = {"account": 1, "sign_in": 1, "session": 1, "message": 2}
    assert last == {"type": "end", "complete": True, "counts": counts}


def test_the_account_is_in_it_and_nothing_that_opens_it(alice, visitor, database):
    visitor.post("/auth/token/refresh", {"refresh": alice.pair.refresh})
    response = alice.client.get(URL)
    text = response.getvalue().decode()
    records = [json.loads(line) for line in text.splitlines()]
    [account] = of_type(records, "account")
    assert datetime.fromisoformat(account.pop("date_joined")) == alice.user.date_joined.replace(
        microsecond=alice.user.date_joined.microsecond // 1_000 * 1_000
    )
    assert account == {
        "instructions": "",
        "type": "account",
        "id": str(alice.user.pk),
        "username": "alice",
        "email": "alice@example.com",
        "first_name": "",
        "last_name": "",
        "is_active": True,
        "is_staff": False,
        "is_superuser": False,
        "groups": [],
        "last_login": None,
    }
    [spent] = of_type(records, "spent_token")
    assert set(spent) == {"type", "spent_at", "expires_at"}
    for secret in (alice.user.password, alice.password, alice.pair.refresh, alice.pair.access):
        assert secret not in text


def test_what_staff_did_in_the_admin_is_theirs(carol, bob, database):
    LogEntry.objects.create(
        user=carol.user, object_id=str(bob.user.pk), object_repr="bob", action_flag=CHANGE
    )
    response = carol.client.get(URL)
    text = response.getvalue().decode()
    assert '"type":"admin_action"' in text
    assert "bob" not in text
    assert str(bob.user.pk) not in text


def test_every_message_of_a_long_session_is_in_it_in_order(alice, database):
    session_id = create(alice, messages=said(700))
    assert database.message_buckets.count_documents({}) > 5
    alice.client.delete(f"/session/{session_id}/messages/3")
    messages = of_type(exported(alice), "message")
    assert [message["seq"] for message in messages] == list(range(1, 701))
    assert messages[699]["content"] == "message 700"
    assert (messages[2]["deleted"], messages[2]["content"]) == (True, "")


def test_archived_and_expired_sessions_are_in_it(alice, database):
    kept = [create(alice, title=title) for title in ("active", "archived", "expired")]
    assert alice.client.post(f"/session/{kept[1]}/archive").status_code == 200
    past = datetime.now(UTC) - timedelta(days=1)
    database.sessions.update_one({"_id": kept[2]}, {"$set": {"expires_at": past}})
    found = {
        record["session_id"]: record["status"] for record in of_type(exported(alice), "session")
    }
    assert found == {kept[0]: "active", kept[1]: "archived", kept[2]: "active"}


def test_what_was_said_comes_as_it_was_sent(alice, database):
    calls = [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "n": 1.0}
    ]
    metadata = {"a.b": "$c", "line\nbreak": "\u2028"}
    sent = {"content": "“one”\r\ntwo\u2028", "role": "assistant", "tool_calls": calls}
    create(alice, metadata=metadata, messages=[sent | {"metadata": metadata, "client_id": "k"}])
    [session], [message] = (of_type(exported(alice), kind) for kind in ("session", "message"))
    assert session["metadata"] == message["metadata"] == metadata
    assert (message["content"], message["tool_calls"]) == (sent["content"], calls)
    assert message["client_id"] == "k"


def test_model_calls_are_in_it_without_what_only_running_ones_have(alice, database):
    ids = sorted(create(alice, messages=said(1)) for _ in range(3))
    stored = [
        {"_id": f"{ids[n % 3]}/{n:012d}", "session_id": ids[n % 3], "user_id": "x", "text": "half",
         "state": "completed", "user_seq": 1, "model": "m", "started_at": datetime.now(UTC)}
        for n in range(1_300)
    ]  # fmt: skip
    database.turns.insert_many(stored)
    turns = of_type(exported(alice), "turn")
    assert [turn["session_id"] for turn in turns] == sorted(turn["session_id"] for turn in stored)
    assert set(turns[0]) == {"type", "session_id", "state", "user_seq", "model", "started_at"}


def test_more_sessions_than_a_page_are_all_in_it(alice, bob, database):
    create(alice, messages=said(1))
    create(bob, title="somebody else's")
    model = database.sessions.find_one({"user_id": str(alice.user.pk)})
    ids = [f"copy-{n:05d}" for n in range(4_500)]
    database.sessions.insert_many([model | {"_id": session_id} for session_id in ids])
    records = exported(alice)
    assert sorted([*ids, model["_id"]]) == [r["session_id"] for r in of_type(records, "session")]
    assert records[-1]["counts"] == {"account": 1, "sign_in": 1, "session": 4_501, "message": 4_501}


def test_a_session_deleted_meanwhile_is_left_out_and_the_rest_is_complete(alice, database):
    ids = [create(alice, messages=said(1)) for _ in range(60)]
    response = alice.client.get(URL)
    for session_id in ids[40:]:
        alice.client.delete(f"/session/{session_id}")
    last = json.loads(response.getvalue().splitlines()[-1])
    assert last["counts"]["session"] == 40


def test_a_stream_that_breaks_has_no_last_line(alice, database, monkeypatch):
    create(alice, messages=said(300))
    response = alice.client.get(URL)

    def lost(*_):
        raise AutoReconnect("gone")

    monkeypatch.setattr(Cursor, "__next__", lost)
    monkeypatch.setattr(Cursor, "to_list", lost)
    pieces = []
    with pytest.raises(StorageUnavailable):
        pieces.extend(response.streaming_content)
    assert b'"type":"end"' not in b"".join(pieces)


def test_it_is_streamed_as_a_file_that_nobody_caches(alice, database):
    response = alice.client.get(URL, headers={"Accept": "application/pdf"})
    assert response.streaming
    assert {name: response[name] for name in ("Content-Type", "Content-Disposition")} == {
        "Content-Type": "application/x-ndjson",
        "Content-Disposition": 'attachment; filename="personal-data.jsonl"',
    }
    assert response["Cache-Control"] == "no-store"


def test_what_is_sent_at_a_time_is_bounded(alice, database):
    create(alice, messages=[{"content": "x" * 1_000} for _ in range(1_000)])
    response = alice.client.get(URL)
    sizes = [len(piece) for piece in islice(response.streaming_content, 5)]
    assert len(sizes) == 5
    assert max(sizes) < 70_000


def test_nothing_of_anybody_else_is_in_it(alice, bob, database):
    create(bob, title="secret", messages=said(1))
    assert [record["type"] for record in exported(alice)] == ["export", "account", "sign_in", "end"]


def test_storage_that_is_down_is_an_error_before_the_first_line(alice, database, monkeypatch):
    def down(*_, **__):
        raise AutoReconnect("gone")

    for read in ("find_one", "find", "aggregate"):
        monkeypatch.setattr(type(database.sessions), read, down)
    response = alice.client.get(URL)
    detail = StorageUnavailable.default_detail
    assert (response.status_code, response.json()) == (
        503, error("storage_unavailable", detail, kind="server_error"),
    )  # fmt: skip


def test_an_erased_user_is_refused(alice, database):
    assert alice.client.delete("/auth/me", {"password": alice.password}).status_code == 204
    response = alice.client.get(URL)
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_a_deactivated_user_is_refused(alice, database):
    User.objects.filter(pk=alice.user.pk).update(is_active=False)
    response = alice.client.get(URL)
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


@pytest.fixture
def stranger(settings):
    """Somebody known to the identity provider only."""
    settings.JWT_JWK_URL = "http://127.0.0.1:9/keys"
    token = AccessToken()
    token["sub"] = "auth0|17"
    return bearer(str(token))


def test_people_of_an_identity_provider_get_their_conversations(stranger, database):
    assert stranger.post("/session/create", {"messages": said(1)}).status_code == 201
    lines = stranger.get(URL).getvalue().splitlines()
    first, *_, last = (json.loads(line) for line in lines)
    assert (first["user_id"], last["counts"]) == ("auth0|17", {"session": 1, "message": 1})


def test_people_of_an_identity_provider_who_were_erased_are_told(stranger, database):
    privacy.erase_user(user_id="auth0|17", now=datetime.now(UTC))
    response = stranger.get(URL)
    assert (response.status_code, response.json()) == (
        401, error("user_erased", "This account has been erased."),
    )  # fmt: skip


def test_a_visitor_is_asked_for_a_token(visitor):
    response = visitor.get(URL)
    assert (response.status_code, response.json()) == (401, NOT_AUTHENTICATED)
