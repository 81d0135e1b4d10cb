"""A stolen access token is worth nothing after a new password, a deactivation or an erasure."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.privacy.erasure import person_erase
from accounts.privacy.people import Person as KnownPerson
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.http.event_stream import EventStream
from sessions_app.services import revocations
from sessions_app.services.revocations import Bearer
from tests.accounts.bodies import TOKEN_NOT_VALID, wrong_password
from tests.accounts.conftest import bearer

pytestmark = pytest.mark.django_db
NEW = "another horse altogether"


def change_password(person) -> None:
    body = {"current_password": person.password, "new_password": NEW}
    assert person.client.post("/auth/password", body).status_code == 204


def deactivate(person) -> None:
    person.user.is_active = False
    person.user.save()


def erase(person) -> None:
    person_erase(person=KnownPerson(str(person.user.pk), person.user), clock=timezone.now)


def assert_refused(response) -> None:
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


ENDS = pytest.mark.parametrize("end", [change_password, deactivate, erase])
REQUESTS = pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("post", "/auth/api-keys", {"name": "for ever", "password": NEW}),
        ("get", "/auth/api-keys", None),
        ("get", "/auth/me", None),
        ("patch", "/auth/me", {"email": "thief@example.com"}),
        ("delete", "/auth/me", {"password": NEW}),
        ("get", "/auth/me/export", None),
        ("post", "/auth/password", {"current_password": NEW, "new_password": NEW + "!"}),
        ("post", "/auth/token/verify", None),
        ("post", "/session/create", {}),
        ("get", "/session", None),
        ("post", "/session/{id}/message", {"content": "Hello", "role": "user"}),
        ("post", "/session/{id}/chat", {"content": "Hello"}),
        ("post", "/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}),
    ],
)


@ENDS
@REQUESTS
def test_an_old_access_token_opens_nothing(alice, database, end, method, url, body):
    session_id = alice.client.post("/session/create", {}).json()["session_id"]
    end(alice)
    sent = {"token": alice.pair.access} if url.endswith("verify") else body
    response = getattr(alice.client, method)(url.format(id=session_id), sent)
    assert response.status_code == 401
    assert "token_not_valid" in response.content.decode() or "invalid_api_key" in str(
        response.json()
    )


@ENDS
def test_another_worker_learns_of_it(alice, database, end):
    assert alice.client.get("/session").status_code == 200
    end(alice)
    revocations.forget()  # as a process that has not revoked anything itself
    assert_refused(alice.client.post("/session/create", {}))


def test_another_worker_reads_what_has_changed_since(alice, database, monkeypatch):
    monkeypatch.setattr(revocations, "FRESH_SECONDS", 0)
    assert alice.client.get("/session").status_code == 200
    monkeypatch.setattr(revocations.known, "add", lambda _: None)
    change_password(alice)
    assert_refused(alice.client.post("/session/create", {}))


def test_the_row_is_compared_where_it_is_read(alice, database):
    User.objects.update(token_generation=7)  # nobody has told the workers
    assert_refused(alice.client.get("/auth/me"))
    body = {"name": "for ever", "password": alice.password}
    assert_refused(alice.client.post("/auth/api-keys", body))


def test_a_new_sign_in_opens_everything_again(alice, visitor, database):
    change_password(alice)
    pair = visitor.post("/auth/token", {"username": "alice", "password": NEW}).json()
    assert bearer(pair["access"]).post("/session/create", {}).status_code == 201
    renewed = visitor.post("/auth/token/refresh", {"refresh": pair["refresh"]}).json()
    assert bearer(renewed["access"]).get("/auth/me").status_code == 200


def test_an_account_that_is_active_again_is_let_in(alice, database):
    deactivate(alice)
    alice.user.is_active = True
    alice.user.save()
    assert alice.client.post("/session/create", {}).status_code == 201


def test_nobody_else_is_put_out(alice, bob, database):
    change_password(alice)
    assert bob.client.post("/session/create", {}).status_code == 201


def test_a_revocation_names_nobody_and_ends_with_the_tokens(alice, database):
    change_password(alice)
    (stored,) = database.revocations.find()
    assert str(alice.user.pk) not in str(stored)
    assert timedelta(0) < stored["expires_at"] - stored["changed_at"] <= timedelta(minutes=62)


def test_a_password_that_cannot_be_revoked_everywhere_is_not_changed(alice, monkeypatch):
    def fail(**_):
        raise StorageUnavailable

    monkeypatch.setattr(revocations.revocations, "store", fail)
    body = {"current_password": alice.password, "new_password": NEW}
    assert alice.client.post("/auth/password", body).status_code == 503
    assert User.objects.get().check_password(alice.password)


def test_a_new_api_key_asks_for_the_password(alice):
    response = alice.client.post("/auth/api-keys", {"name": "x", "password": "guess"})
    assert (response.status_code, response.json()) == (400, wrong_password("password"))
    assert alice.client.post("/auth/api-keys", {"name": "x"}).status_code == 400


def test_guessing_the_password_at_a_new_api_key_is_slowed_down(alice, database, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": "2/day"}
    guess = {"name": "x", "password": "guess"}
    statuses = [alice.client.post("/auth/api-keys", guess).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]


class Silent:
    """A source on which nothing happens; it revokes its reader's token at the second wait."""

    ended = begun = False

    def __init__(self, person) -> None:
        self.person, self.waits = person, 0

    def opening(self) -> bytes:
        return b": open\n\n"

    def heartbeat(self) -> bytes:
        return b": \n\n"

    def close(self) -> None:
        pass

    async def wait(self, seconds: float) -> bool:
        self.waits += 1
        if self.waits == 2:
            bearer = Bearer(str(self.person.user.pk), 1)
            revocations.known.add({revocations._hash(bearer.user_id): _revoked()})
        assert self.waits < 4, "the stream goes on"
        return False


def _revoked():
    now = timezone.now()
    return revocations.Revoked(1, False, now, now + timedelta(minutes=5))


def test_a_stream_ends_with_its_readers_token(alice):
    stream = EventStream(Silent(alice), Bearer(str(alice.user.pk), 0))
    assert b"".join(stream).startswith(b": open")
