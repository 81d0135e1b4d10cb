"""What real threads leave behind when they all ask at the same moment."""

from functools import partial

import pytest
from django.db import connection, connections
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import User
from tests import waiting
from tests.accounts.bodies import TAKEN, TOKEN_NOT_VALID, TOKEN_REUSED
from tests.accounts.conftest import PASSWORD, person

WORKERS = 4


@pytest.fixture(autouse=True)
def shared_database(transactional_db):
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("threads cannot share SQLite in memory; name a file in DATABASES TEST")


def at_once(*requests):
    """The responses of these calls, each made in its own thread at the same moment."""

    def run(request):
        try:
            return request(APIClient())
        finally:
            connections.close_all()

    return waiting.at_once(*(partial(run, request) for request in requests))


def refreshing(token, **headers):
    return lambda client: client.post("/auth/token/refresh", {"refresh": token}, headers=headers)


@pytest.mark.parametrize("_round", range(5))
def test_of_many_refreshes_with_one_token_exactly_one_wins(_round):
    alice = person("alice")
    responses = at_once(*[refreshing(alice.pair.refresh)] * WORKERS)
    assert sorted(r.status_code for r in responses) == [200] + [401] * (WORKERS - 1)
    assert all(r.json() == TOKEN_REUSED for r in responses if r.status_code == 401)


@pytest.mark.parametrize("_round", range(5))
def test_many_refreshes_under_one_key_are_one_and_get_the_same_next_token(_round):
    alice = person("alice")
    keyed = {"Idempotency-Key": "one request"}
    responses = at_once(*[refreshing(alice.pair.refresh, **keyed)] * WORKERS)
    assert [r.status_code for r in responses] == [200] * WORKERS
    assert len({RefreshToken(r.json()["refresh"])["jti"] for r in responses}) == 1


def test_requests_at_once_make_no_key_too_many(settings):
    settings.QUOTA_API_KEYS = 2
    alice = person("alice")

    def make(client):
        client.credentials(**alice.client._credentials)
        return client.post("/auth/api-keys", {"name": "laptop", "password": PASSWORD})

    responses = at_once(*[make] * WORKERS)
    assert sorted(r.status_code for r in responses) == [201, 201, 400, 400]
    assert alice.user.api_keys.count() == 2


@pytest.mark.parametrize("_round", range(5))
def test_of_many_sign_outs_with_one_token_exactly_one_wins(_round):
    alice = person("alice")

    def sign_out(client):
        return client.post("/auth/logout", {"refresh": alice.pair.refresh})

    responses = at_once(*[sign_out] * WORKERS)
    assert sorted(r.status_code for r in responses) == [204] + [401] * (WORKERS - 1)


@pytest.mark.parametrize("_round", range(5))
def test_of_many_registrations_of_one_name_exactly_one_wins(_round):
    names = ["dora", "DORA", "Dora", "dOrA"]
    responses = at_once(
        *(
            lambda client, name=name: client.post(
                "/auth/register", {"username": name, "password": PASSWORD}
            )
            for name in names
        )
    )
    assert sorted(r.status_code for r in responses) == [201, 400, 400, 400]
    assert all(r.json() == TAKEN for r in responses if r.status_code == 400)
    assert User.objects.count() == 1


def test_of_many_who_want_one_name_exactly_one_gets_it():
    people = [person(f"user{number}") for number in range(WORKERS)]
    responses = at_once(
        *(lambda _, p=p: p.client.patch("/auth/me", {"username": "dora"}) for p in people)
    )
    assert sorted(r.status_code for r in responses) == [200] + [400] * (WORKERS - 1)


@pytest.mark.parametrize("_round", range(3))
def test_no_token_that_is_being_rotated_outlives_a_change_of_password(_round):
    alice = person("alice")
    body = {"current_password": PASSWORD, "new_password": "another horse altogether"}

    def rotate(client):
        token = alice.pair.refresh
        for _ in range(500):
            response = refreshing(token)(client)
            if response.status_code != 200:
                break
            token = response.json()["refresh"]
        return token

    last, changed = at_once(rotate, lambda _: alice.client.post("/auth/password", body))
    assert changed.status_code == 204
    assert APIClient().post("/auth/token/refresh", {"refresh": last}).json() == TOKEN_NOT_VALID


def test_of_two_changes_of_password_exactly_one_wins():
    alice = person("alice")
    responses = at_once(
        *(
            lambda _, new=new: alice.client.post(
                "/auth/password", {"current_password": PASSWORD, "new_password": new}
            )
            for new in ("one horse altogether", "two horses altogether")
        )
    )
    won, lost = sorted(r.status_code for r in responses)
    # The winner has ended the tokens of before; the loser's may be looked at after that.
    assert (won, lost in {400, 401}) == (204, True)


def test_a_refresh_beside_an_erasure_ends_as_success_or_401(erasures):
    alice = person("alice")
    erased, refreshed = at_once(
        lambda _: alice.client.delete("/auth/me", {"password": PASSWORD}),
        refreshing(alice.pair.refresh),
    )
    assert erased.status_code == 204
    assert refreshed.status_code in {200, 401}
    assert not User.objects.exists()
