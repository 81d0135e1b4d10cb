"""For whom a service key asks, and what it cannot reach."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from sessions_app.domain.applications import end_user_of
from tests.accounts.applications.conftest import code
from tests.accounts.conftest import bearer, person

pytestmark = pytest.mark.django_db


def test_without_an_end_user_a_session_cannot_be_made(shop, speak):
    assert code(speak(shop).post("/session/create", {})) == (403, "end_user_required")


@pytest.mark.parametrize("kind", ["token", "API key"])
def test_who_speaks_for_nobody_cannot_name_an_end_user(kind, database):
    alice = person("alice")
    client = alice.client
    if kind == "API key":
        body = {"name": "key", "password": alice.password}
        client = bearer(alice.client.post("/auth/api-keys", body).json()["key"])
    for method, route in (("get", "/session"), ("post", "/session/create"), ("get", "/v1/models")):
        answer = getattr(client, method)(route, {}, headers={"X-End-User": "42"})
        assert code(answer) == (403, "end_user_not_allowed"), route
    assert code(client.get("/users")) == (403, "service_key_required")


UUID = "0192f0c1-7a3b-7c4d-8e5f-0123456789ab"


@pytest.mark.parametrize(
    "end_user",
    [
        "42", "ann@example.com", "a:b", "a/b/c", "app:x", f"app:{UUID}/42", UUID, "Ann", "ann",
        "caf\u00e9", "cafe\u0301", "日本語", "🦉", "a b", "%2F", "a%2Fb", "a+b", "?", "#",
        "..a", "a..", "sessions", "export", "null", "x" * 128,
    ],
    ids=ascii,
)  # fmt: skip
def test_ids_of_all_kinds_are_a_user_each(end_user, shop, bank, speak, database):
    client = speak(shop, end_user)
    created = client.post("/session/create", {}).json()
    assert created["user_id"] == end_user
    stored = database.sessions.find_one()["user_id"]
    assert end_user_of(stored) == (str(shop.pk), end_user)
    assert [each["session_id"] for each in client.get("/session").json()["results"]] == [
        created["session_id"]
    ]
    # The same id means somebody else to another application.
    other = speak(bank, end_user)
    assert other.get("/session").json()["results"] == []
    assert other.get(f"/session/{created['session_id']}").status_code == 404
    # And it is found and erased by its address.
    assert [each["id"] for each in speak(shop).get("/users").json()["results"]] == [end_user]
    escaped = "".join(f"%{byte:02X}" for byte in end_user.encode())
    listed = speak(shop).get(f"/users/{escaped}/sessions").json()["results"]
    assert [each["session_id"] for each in listed] == [created["session_id"]]
    erased = speak(shop).delete(f"/users/{escaped}?proof=false")
    assert (erased.json()["id"], erased.json()["erased"]["sessions"]) == (end_user, 1)
    assert database.sessions.count_documents({}) == 0


@pytest.mark.parametrize(
    "end_user",
    [
        "", "x" * 129, " a", "a ", "a\tb", "a\x00b", "a\u202eb", "a\u200bb", "\u00a0", "/a", "a/",
        "a//b", ".", "..", "a/../b", "./a", "a/sessions", "a/export",
    ],
    ids=ascii,
)  # fmt: skip
def test_ids_that_could_change_on_the_way_are_refused(end_user, shop, speak, database):
    client = speak(shop, end_user)
    assert code(client.post("/session/create", {})) == (400, "end_user_invalid")
    assert database.sessions.count_documents({}) == 0


def test_a_header_that_is_no_utf_8_is_refused(shop, speak):
    client = speak(shop)
    answer = client.get("/session", headers={"X-End-User": "caf\xe9"})
    assert code(answer) == (400, "end_user_invalid")


def test_ids_that_differ_at_all_are_two_users(shop, speak):
    for ours, others in (("Ann", "ann"), ("caf\u00e9", "cafe\u0301"), ("1", "01"), ("ß", "ss")):
        session = speak(shop, ours).post("/session/create", {}).json()["session_id"]
        assert speak(shop, others).get(f"/session/{session}").status_code == 404


def test_no_id_reaches_a_registered_user_or_another_application(shop, bank, speak):
    alice = person("alice")
    alices = alice.client.post("/session/create", {}).json()["session_id"]
    banks = speak(bank, "42").post("/session/create", {}).json()["session_id"]
    reaching = [
        str(alice.user.pk), "alice", f"app:{bank.pk}/42", f"/app:{bank.pk}/42", f"{bank.pk}/42",
        f"../{bank.pk}/42", f"42/../../{bank.pk}/42", f"{bank.pk}:42",
    ]  # fmt: skip
    for end_user in reaching:
        client = speak(shop, end_user)
        for session in (alices, banks):
            assert client.get(f"/session/{session}").status_code in {400, 404}
        assert client.get("/session").json().get("results", []) == []


def test_no_account_can_take_an_id_of_an_application(shop, database):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError):
        User(username=f"app:{shop.pk}/42").full_clean()


@pytest.mark.parametrize("route", ["/v1/chat/completions", "/v1/responses"])
def test_on_the_openai_wire_the_body_may_name_the_user(route, shop, speak):
    client = speak(shop)
    content = (
        {"messages": [{"role": "user", "content": "Hello"}]}
        if route.endswith("completions")
        else {"input": "Hello"}
    )
    body = {"model": "demo", "user": "42", **content}
    answer = client.post(route, body, headers={"X-Session-Id": "new"})
    assert answer.status_code == 200, answer.content
    session = answer.headers["X-Session-Id"]
    assert speak(shop, "42").get(f"/session/{session}").json()["message_count"] == 2
    assert speak(shop, "43").get(f"/session/{session}").status_code == 404

    again = client.post(route, body, headers={"X-Session-Id": "new", "X-End-User": "42"})
    assert again.status_code == 200
    two = client.post(route, body, headers={"X-End-User": "43"})
    assert (code(two), two.json()["error"]["param"]) == ((400, "end_user_invalid"), "user")
    nobody = {"model": "demo", **content}
    assert code(client.post(route, nobody)) == (403, "end_user_required")
    assert code(client.post(route, {**nobody, "user": 5})) == (400, "invalid_value")
    assert code(client.post(route, {**nobody, "user": "a//b"})) == (400, "end_user_invalid")


def test_models_are_shown_without_an_end_user(shop, speak):
    assert speak(shop).get("/v1/models").status_code == 200


def test_a_provider_cannot_give_a_subject_in_a_namespace(shop, settings, monkeypatch):
    from sessions_app.api.authentication import _is_subject

    assert not _is_subject(f"app:{shop.pk}/42")
    assert not _is_subject(f"APP:{str(shop.pk).upper()}/42")
    assert _is_subject("app:42")


# --- routes over an application's users ---------------------------------------------------------


def make(speak: Any, application: Any, *end_users: str) -> None:
    for end_user in end_users:
        assert speak(application, end_user).post("/session/create", {}).status_code == 201


def pages_of(client: APIClient, limit: int) -> list[list[str]]:
    pages, link = [], f"/users?limit={limit}"
    while link:
        answer = client.get(link).json()
        pages.append([each["id"] for each in answer["results"]])
        link = answer["next"]
    return pages


def test_users_are_listed_in_pages_each_once(shop, bank, speak):
    make(speak, shop, "c", "a", "b", "a", "é", "z/1")
    make(speak, bank, "a", "d")
    person("alice").client.post("/session/create", {})

    assert pages_of(speak(shop), 2) == [["a", "b"], ["c", "z/1"], ["é"]]
    assert pages_of(speak(shop), 5) == [["a", "b", "c", "z/1", "é"]]
    assert pages_of(speak(bank), 50) == [["a", "d"]]
    [first, *_] = speak(shop).get("/users").json()["results"]
    assert (first["id"], first["session_count"]) == ("a", 2)
    assert first["updated_at"].endswith("Z")


@pytest.mark.parametrize("cursor", ["x", "\u00e9", "Lw", "YQ=="])
def test_a_cursor_that_is_not_ours_is_refused(cursor, shop, speak):
    answer = speak(shop).get("/users", {"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "cursor"


def test_about_all_users_nobody_is_named(shop, speak):
    for method, route in (
        ("get", "/users"),
        ("get", "/users/42/sessions"),
        ("delete", "/users/42"),
    ):
        answer = getattr(speak(shop, "42"), method)(route)
        assert code(answer) == (403, "end_user_not_allowed")


@pytest.mark.parametrize("route", ["/users/42%0A", "/users/42%0A/sessions", "/users/4%0A2/export"])
def test_an_address_with_a_line_break_means_nobody_else(route, shop, speak, database):
    make(speak, shop, "42")
    client = speak(shop)
    ask = client.delete if route.endswith("%0A") else client.get
    assert code(ask(route)) == (400, "end_user_invalid")
    assert database.sessions.count_documents({}) == 1


def test_a_users_sessions_are_paged_as_ones_own(shop, speak):
    make(speak, shop, "42", "42", "42", "43")
    client = speak(shop)
    page = client.get("/users/42/sessions?limit=2").json()
    rest = client.get(page["next"]).json()
    assert (len(page["results"]), len(rest["results"])) == (2, 1)
    assert {each["user_id"] for each in page["results"] + rest["results"]} == {"42"}
    assert client.get("/users/nobody/sessions").json()["results"] == []
    assert client.get("/users/42/sessions?status=archived").json()["results"] == []
    assert client.get("/users/42/sessions?q=1").status_code == 400


def test_an_erased_user_is_gone_with_a_receipt_and_a_proof(shop, bank, speak, database):
    client = speak(shop, "42")
    body = {"messages": [{"role": "user", "content": "My dog is called Rufus."}]}
    session = client.post("/session/create", body).json()["session_id"]
    make(speak, shop, "43")
    make(speak, bank, "42")

    answer = speak(shop).delete("/users/42")

    assert answer.status_code == 200, answer.content
    erased = answer.json()
    assert (erased["id"], erased["erased"]["sessions"]) == ("42", 1)
    assert erased["receipt"]["counts"]["sessions"] == 1
    assert erased["receipt"]["completed_at"] >= erased["receipt"]["erased_at"]
    assert erased["proof"]["clean"] is True
    assert set(erased["proof"]["left"].values()) == {0}
    assert {"sessions", "message_buckets", "accounts_servicekey"} <= set(erased["proof"]["left"])
    assert database.sessions.find_one({"_id": session}) is None
    # Others stay, of this application and of another one.
    assert speak(shop, "43").get("/session").json()["results"] != []
    assert speak(bank, "42").get("/session").json()["results"] != []
    # It stays so, and may be asked for again.
    assert code(client.post("/session/create", {})) == (403, "end_user_erased")
    again = speak(shop).delete("/users/42").json()
    assert (again["erased"]["sessions"], again["proof"]["clean"]) == (0, True)
    assert again["receipt"]["counts"]["sessions"] == 1


def test_a_legal_hold_keeps_a_user(shop, speak, database):
    make(speak, shop, "42")
    database.sessions.update_one({}, {"$set": {"legal_hold": True}})
    assert code(speak(shop).delete("/users/42")) == (409, "legal_hold")
    assert database.sessions.count_documents({}) == 1


def test_one_erasure_of_an_application_runs_at_a_time(shop, bank, speak):
    from sessions_app import clock
    from sessions_app.services import end_users

    with end_users.erasing(str(shop.pk), now=clock.now()):
        busy = speak(shop).delete("/users/42")
        assert code(busy) == (429, "proof_in_progress")
        assert int(busy.headers["Retry-After"]) > 0
        assert speak(bank).delete("/users/42?proof=false").status_code == 200
    assert speak(shop).delete("/users/42?proof=false").status_code == 200


def test_a_user_is_exported_whole(shop, speak):
    body = {"messages": [{"role": "user", "content": "My dog is called Rufus."}]}
    speak(shop, "42").post("/session/create", body)
    exported = speak(shop).get("/users/42/export")
    text = b"".join(exported.streaming_content).decode()
    assert exported.status_code == 200
    assert "Rufus" in text
    assert text.strip().splitlines()[-1].startswith('{"type":"end"')
    assert "Rufus" not in b"".join(speak(shop).get("/users/43/export").streaming_content).decode()


def test_an_operator_erases_an_end_user_by_the_stored_id(shop, speak, database):
    import io

    from django.core.management import call_command

    make(speak, shop, "42")
    call_command("erase_user", f"app:{shop.pk}/42", stdout=io.StringIO())
    assert database.sessions.count_documents({}) == 0


def test_an_unknown_application_is_only_a_namespace(database):
    assert end_user_of(f"app:{uuid.uuid4()}/a/b").end_user_id == "a/b"
    assert end_user_of(f"app:{uuid.uuid4()}/") is None
    assert end_user_of(str(uuid.uuid4())) is None
