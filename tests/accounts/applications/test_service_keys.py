"""Making, using, replacing and revoking service keys."""

import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.credentials import service_keys
from accounts.models import Application, ServiceKey, User
from sessions_app import clock
from sessions_app.domain.applications import Scope
from tests.accounts.applications.conftest import code
from tests.accounts.conftest import PASSWORD, bearer, person

pytestmark = pytest.mark.django_db


def run(*arguments: str, **options: Any) -> dict[str, Any]:
    printed = io.StringIO()
    call_command(*arguments, "--json", stdout=printed, **options)
    result: dict[str, Any] = json.loads(printed.getvalue())
    return result


def test_the_command_makes_a_key_that_works(database):
    made = run("create_service_key", "shop", "--scopes", "sessions:write", "--key-name", "first")
    client = bearer(made["key"])
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made['key']}", HTTP_X_END_USER="42")

    created = client.post("/session/create", {})

    assert made["key"].startswith(service_keys.PREFIX)
    assert (created.status_code, created.json()["user_id"]) == (201, "42")
    assert code(client.get("/session")) == (403, "scope_missing")
    stored = database.sessions.find_one({"_id": created.json()["session_id"]})
    assert stored["user_id"] == f"app:{made['application_id']}/42"


def test_what_is_stored_does_not_open_anything(database):
    made = run("create_service_key", "shop")
    stored = ServiceKey.objects.values().get()

    assert stored["digest"] == hashlib.sha256(made["key"].encode()).hexdigest()
    assert made["key"] not in str(stored)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--scopes", "everything"], ["--scopes", ""], ["--quota", "cats=3"],
        ["--quota", "sessions=-1"], ["--quota", "sessions"], ["--expires-in-days", "0"],
        ["--expires-in-days", "3651"], ["--requests-a-minute", "-1"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_the_command_refuses_what_it_does_not_know(wrong, database):
    with pytest.raises(CommandError):
        call_command("create_service_key", "shop", *wrong)
    assert not ServiceKey.objects.exists()


@pytest.mark.parametrize("name", ["", " shop", "x" * 101, "a\x00b"], ids=repr)
def test_an_application_has_a_name_that_can_be_shown(name, database):
    with pytest.raises(CommandError):
        call_command("create_service_key", name)
    assert not Application.objects.exists()


def test_the_options_of_the_command_are_kept(database):
    run(
        "create_service_key", "shop", "--require-session", "--requests-a-minute", "7",
        "--quota", "sessions=5", "--quota", "user_tokens_a_day=6", "--expires-in-days", "3",
    )  # fmt: skip
    key, application = ServiceKey.objects.get(), Application.objects.get()

    assert key.require_session
    assert key.expires_at - key.created_at == timedelta(days=3)
    assert (application.requests_a_minute, application.sessions) == (7, 5)
    assert (application.user_tokens_a_day, application.tokens_a_day) == (6, 0)


def test_an_old_and_a_new_key_are_valid_side_by_side(database):
    old, new = (run("create_service_key", "shop") for _ in range(2))
    assert old["application_id"] == new["application_id"]
    clients = [bearer(made["key"]) for made in (old, new)]
    for client, made in zip(clients, (old, new), strict=True):
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {made['key']}", HTTP_X_END_USER="42")
    session = clients[0].post("/session/create", {}).json()["session_id"]
    assert clients[1].get(f"/session/{session}").status_code == 200

    revoked = run("revoke_service_key", old["key_id"])

    assert revoked["revoked_at"]
    assert code(clients[0].get("/session")) == (401, "token_not_valid")
    assert clients[1].get(f"/session/{session}").status_code == 200
    assert run("revoke_service_key", old["key_id"]) == revoked


@pytest.mark.parametrize("key_id", ["x", "0192f0c1-7a3b-7c4d-8e5f-0123456789ab"])
def test_an_unknown_key_cannot_be_revoked(key_id, database):
    with pytest.raises(CommandError, match="no such service key"):
        call_command("revoke_service_key", key_id)


def test_it_ends_when_it_is_to(shop, speak, monkeypatch):
    client = speak(shop, "42", expires_at=clock.now() + timedelta(days=1))
    assert client.get("/session").status_code == 200
    later = clock.now() + timedelta(days=1)
    monkeypatch.setattr("accounts.authentication.timezone.now", lambda: later)
    assert code(client.get("/session")) == (401, "token_not_valid")


def test_an_inactive_application_has_no_key_that_is_good(shop, speak):
    client = speak(shop, "42")
    Application.objects.update(is_active=False)
    assert code(client.get("/session")) == (401, "token_not_valid")


def test_the_last_use_is_noted_once_an_hour(shop, speak):
    client = speak(shop, "42")
    client.get("/session")
    used = ServiceKey.objects.get().last_used_at
    client.get("/session")
    assert used is not None
    assert ServiceKey.objects.get().last_used_at == used


def test_a_request_costs_one_query_as_with_an_api_key(shop, speak, create_key):
    client, own = speak(shop, "42"), create_key()
    session = client.post("/session/create", {}).json()["session_id"]
    others = own.post("/session/create", {}).json()["session_id"]
    counts = []
    for each, session_id in ((client, session), (own, others)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            appended = each.post(f"/session/{session_id}/message", {"content": "Hello"})
        assert appended.status_code == 201
        counts.append(len(queries))
    assert counts[0] == counts[1] == 1


@pytest.fixture
def create_key(database):
    def make(**body: Any):
        alice = person("alice")
        response = alice.client.post(
            "/auth/api-keys", {"name": "key", "password": PASSWORD, **body}
        )
        return bearer(response.json()["key"])

    return make


def test_an_application_has_a_rate_of_its_own(shop, bank, speak, settings):
    settings.THROTTLE_RATES = {**dict.fromkeys(settings.THROTTLE_RATES), "application": "2/min"}
    statuses = [speak(shop, user).get("/session").status_code for user in ("a", "b", "c")]
    assert statuses == [200, 200, 429]
    assert speak(bank, "a").get("/session").status_code == 200
    Application.objects.filter(pk=bank.pk).update(requests_a_minute=1)
    assert speak(bank, "a").get("/session").status_code == 429


def ask(client: Any, **body: Any) -> Any:
    messages = [{"role": "user", "content": "Hello"}]
    return client.post("/v1/chat/completions", {"model": "demo", "messages": messages, **body})


@pytest.mark.parametrize("kind", ["service key", "API key"])
def test_a_key_may_require_a_session(kind, shop, speak, create_key):
    if kind == "API key":
        client = create_key(require_session=True)
    else:
        client = speak(shop, "42", require_session=True)
    refused = ask(client)
    assert code(refused) == (400, "session_required")
    assert refused.headers["X-Session-Id"] == "none"
    bare = client.post("/v1/responses", {"model": "demo", "input": "Hello"})
    assert code(bare) == (400, "session_required")
    none = client.post(
        "/v1/responses", {"model": "demo", "input": "Hello"}, headers={"X-Session-Id": "none"}
    )
    assert code(none) == (400, "session_required")

    stored = ask(client, session_id="new")
    assert stored.status_code == 200
    session = stored.headers["X-Session-Id"]
    assert client.get(f"/session/{session}").json()["message_count"] == 2
    first = client.post(
        "/v1/responses", {"model": "demo", "input": "Hello"}, headers={"X-Session-Id": "new"}
    )
    assert first.status_code == 200
    behind = {"model": "demo", "input": "And now?", "previous_response_id": first.json()["id"]}
    assert client.post("/v1/responses", behind).status_code == 200


def test_without_that_option_a_call_is_passed_on(shop, speak):
    assert ask(speak(shop, "42")).headers["X-Session-Id"] == "none"


# --- in the admin -------------------------------------------------------------------------------


def staff(*permissions: str) -> Client:
    from django.contrib.auth.models import Permission

    user = User.objects.create_user("sam", password=PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_staff_with_the_permission_make_a_key_that_is_shown_once(shop):
    client = staff("add_servicekey", "view_servicekey", "view_application")
    form = {
        "application": str(shop.pk), "name": "live", "scopes": ["turns", "erase"],
        "expires_at_0": "", "expires_at_1": "",
    }  # fmt: skip
    answer = client.post("/admin/accounts/servicekey/add/", form)
    key = answer.content.decode().partition('<code id="service-key">')[2].partition("<")[0]

    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    stored = ServiceKey.objects.get()
    assert stored.digest == hashlib.sha256(key.encode()).hexdigest()
    assert stored.scopes == [Scope.ERASE, Scope.TURNS]
    for page in ("/admin/accounts/servicekey/", f"/admin/accounts/servicekey/{stored.pk}/change/"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert key not in shown.content.decode()
        assert stored.shown in shown.content.decode()


def test_staff_without_the_permission_make_none(shop):
    client = staff("view_servicekey")
    assert client.get("/admin/accounts/servicekey/add/").status_code == 403
    assert client.post("/admin/accounts/servicekey/add/", {}).status_code == 403


def test_staff_with_the_permission_revoke_keys(shop, speak):
    speaking = speak(shop, "42")
    key = ServiceKey.objects.get()
    form = {"action": "revoke", "_selected_action": [str(key.pk)]}
    assert staff("change_servicekey").post("/admin/accounts/servicekey/", form).status_code == 302
    assert code(speaking.get("/session")) == (401, "token_not_valid")


def test_nobody_deletes_a_key_or_an_application(shop, speak, admin_client):
    speak(shop, "42")
    key = ServiceKey.objects.get()
    for name, pk in (("servicekey", key.pk), ("application", shop.pk)):
        deletion = f"/admin/accounts/{name}/{pk}/delete/"
        assert admin_client.post(deletion, {"post": "yes"}).status_code == 403
    assert (ServiceKey.objects.count(), Application.objects.count()) == (1, 1)


def test_the_admin_sets_quotas_of_an_application(shop, admin_client):
    page = f"/admin/accounts/application/{shop.pk}/change/"
    zeros = dict.fromkeys(("requests_a_minute", "messages_a_day", "tokens_a_day", "bytes"), "0")
    each = {f"user_{name}": "0" for name in ("sessions", "messages_a_day", "tokens_a_day", "bytes")}
    form = {"name": "shop", "is_active": "on", **zeros, **each, "sessions": "3"}
    assert admin_client.post(page, form).status_code == 302
    assert Application.objects.get().quotas.together.stored.sessions == 3
    assert admin_client.get("/admin/accounts/application/").status_code == 200
