"""Quotas of an application, and of each of its users; each is named when it is used up."""

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Application
from sessions_app.services import quotas
from tests.accounts.applications.conftest import code
from tests.accounts.conftest import person

pytestmark = [pytest.mark.django_db, pytest.mark.mongod("counters")]


def limit(application: Application, **most: int) -> None:
    Application.objects.filter(pk=application.pk).update(**most)


def create(client: Any, messages: int = 0) -> Any:
    history = [{"role": "user", "content": "Hello"}] * messages
    return client.post("/session/create", {"messages": history})


def test_each_user_has_so_many_sessions(shop, speak):
    limit(shop, user_sessions=2)
    ann, bob = speak(shop, "ann"), speak(shop, "bob")
    assert [create(ann).status_code for _ in range(2)] == [201, 201]
    assert code(create(ann)) == (429, "quota_sessions")
    assert create(bob).status_code == 201


def test_an_application_has_so_many_sessions(shop, bank, speak):
    limit(shop, sessions=2)
    assert [create(speak(shop, user)).status_code for user in "ab"] == [201, 201]
    assert code(create(speak(shop, "c"))) == (429, "quota_application_sessions")
    assert create(speak(bank, "a")).status_code == 201
    # Deleting one makes room for another user's.
    [session] = speak(shop).get("/users/a/sessions").json()["results"]
    deleted = speak(shop, "a").delete(f"/session/{session['session_id']}")
    assert deleted.status_code == 204
    assert create(speak(shop, "c")).status_code == 201


def test_what_an_erasure_removes_makes_room(shop, speak):
    limit(shop, sessions=1)
    assert create(speak(shop, "a")).status_code == 201
    assert speak(shop).delete("/users/a?proof=false").status_code == 200
    assert create(speak(shop, "b")).status_code == 201


def test_a_quota_that_is_set_later_counts_what_is_there(shop, speak):
    client = speak(shop, "a")
    assert [create(client).status_code for _ in range(3)] == [201] * 3
    limit(shop, sessions=3)
    assert code(create(speak(shop, "b"))) == (429, "quota_application_sessions")


def test_the_smaller_of_two_quotas_counts(shop, speak, settings):
    settings.QUOTA_SESSIONS = 1
    limit(shop, user_sessions=5)
    client = speak(shop, "a")
    create(client)
    assert code(create(client)) == (429, "quota_sessions")


@pytest.mark.parametrize(
    ("name", "named"), [("user_bytes", "quota_bytes"), ("bytes", "quota_application_bytes")]
)
def test_messages_take_so_many_bytes(name, named, shop, speak):
    limit(shop, **{name: 2_000})
    client = speak(shop, "a")
    session = create(client).json()["session_id"]
    answers = [client.post(f"/session/{session}/message", {"content": "x" * 500}) for _ in range(4)]
    assert answers[0].status_code == 201
    assert code(answers[-1]) == (429, named)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("user_messages_a_day", "quota_messages_a_day"),
        ("messages_a_day", "quota_application_messages_a_day"),
    ],
)
def test_so_many_messages_are_stored_in_a_day(name, named, shop, speak):
    limit(shop, **{name: 3})
    client = speak(shop, "a")
    session = create(client, messages=2).json()["session_id"]
    batch = {"messages": [{"content": "one"}, {"content": "two"}]}
    refused = client.post(f"/session/{session}/messages", batch)
    assert code(refused) == (429, named)
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    # What was refused does not count.
    assert client.post(f"/session/{session}/message", {"content": "one"}).status_code == 201
    assert code(client.post(f"/session/{session}/message", {"content": "two"})) == (429, named)
    other = create(speak(shop, "b"), messages=1)
    assert other.status_code == (201 if name.startswith("user") else 429)


def test_a_repeated_message_counts_once(shop, speak):
    limit(shop, user_messages_a_day=2)
    client = speak(shop, "a")
    session = create(client).json()["session_id"]
    body = {"content": "one", "client_id": "k"}
    statuses = [client.post(f"/session/{session}/message", body).status_code for _ in range(4)]
    assert statuses == [201, 200, 200, 200]
    assert client.post(f"/session/{session}/message", {"content": "two"}).status_code == 201


def test_replies_are_messages_of_the_day(shop, speak):
    limit(shop, user_messages_a_day=3)
    client = speak(shop, "a")
    session = create(client).json()["session_id"]
    assert client.post(f"/session/{session}/chat", {"content": "Hello"}).status_code == 200
    # A turn begins only where its reply has room, too.
    refused = client.post(f"/session/{session}/chat", {"content": "Hello"})
    assert code(refused) == (429, "quota_messages_a_day")
    assert client.get(f"/session/{session}").json()["message_count"] == 2


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("user_tokens_a_day", "quota_tokens_a_day"),
        ("tokens_a_day", "quota_application_tokens_a_day"),
    ],
)
@pytest.mark.parametrize("wire", ["/chat", "/v1/chat/completions", "passed on"])
def test_models_read_and_write_so_many_tokens_in_a_day(wire, name, named, shop, speak):
    limit(shop, **{name: 5})
    client = speak(shop, "a")
    session = create(client).json()["session_id"]

    def ask() -> Any:
        if wire == "/chat":
            return client.post(f"/session/{session}/chat", {"content": "Hello, who are you?"})
        body = {"model": "demo", "messages": [{"role": "user", "content": "Hello, who are you?"}]}
        named_session = {} if wire == "passed on" else {"session_id": session}
        return client.post("/v1/chat/completions", {**body, **named_session})

    assert ask().status_code == 200
    deadline = time.monotonic() + 60
    # They are counted behind the turn.
    while (answer := ask()).status_code == 200:
        assert time.monotonic() < deadline
    status, known = code(answer)
    if wire == "/chat":
        assert (status, known) == (429, named)
    else:
        assert (status, known) == (429, "insufficient_quota")
        assert f"({named})" in answer.json()["error"]["message"]
    assert client.post(f"/session/{session}/message", {"content": "Hello"}).status_code == 201


def test_an_append_asks_postgresql_nothing_for_quotas(shop, speak):
    limit(shop, sessions=5, bytes=10**6, messages_a_day=100, user_tokens_a_day=5)
    client = speak(shop, "a")
    session = create(client).json()["session_id"]
    with CaptureQueriesContext(connection) as queries:
        client.post(f"/session/{session}/message", {"content": "Hello"})
    assert len(queries) == 1


def test_registered_users_have_no_application_to_count_for(database):
    alice = person("alice")
    create(alice.client, messages=1)
    assert database.usage_counters.count_documents({}) == 1
    assert [each.name for each in quotas.stored.accounts_of(str(alice.user.pk))] == [
        str(alice.user.pk)
    ]
