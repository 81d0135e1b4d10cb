"""The ids of applications' users: a namespace that none leaves."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sessions_app.domain.applications import (
    END_USER_MAX_CHARS,
    EndUser,
    beyond_namespace,
    end_user_check,
    end_user_of,
    is_reserved,
    namespace,
    shown_owner,
)
from sessions_app.domain.errors import EndUserInvalid

UUIDS = some.uuids().map(str)
IDS = some.text(min_size=1, max_size=END_USER_MAX_CHARS)


@given(UUIDS, IDS)
def test_an_owners_id_tells_the_application_and_its_id(application_id: str, end_user_id: str):
    owner_id = EndUser(application_id, end_user_id).owner_id
    assert end_user_of(owner_id) == (application_id, end_user_id)
    assert shown_owner(owner_id) == end_user_id
    assert is_reserved(owner_id)


@given(UUIDS, UUIDS, IDS, IDS)
def test_two_users_are_never_one_owner(one: str, other: str, ours: str, theirs: str):
    same = EndUser(one, ours).owner_id == EndUser(other, theirs).owner_id
    assert same == ((one, ours) == (other, theirs))


@given(UUIDS, UUIDS, IDS)
def test_a_namespace_holds_its_own_users_only(application_id: str, other: str, end_user_id: str):
    owner_id = EndUser(application_id, end_user_id).owner_id.encode()
    first, beyond = namespace(application_id).encode(), beyond_namespace(application_id).encode()
    assert first < owner_id < beyond
    if other != application_id:
        first, beyond = namespace(other).encode(), beyond_namespace(other).encode()
        assert not first < owner_id < beyond


@given(some.one_of(UUIDS, IDS))
def test_others_are_no_applications_users(user_id: str):
    assert end_user_of(user_id) is None
    assert shown_owner(user_id) == user_id


@given(IDS)
def test_what_is_taken_is_taken_as_it_is(end_user_id: str):
    parts = end_user_id.split("/")
    is_plain = end_user_id.isprintable() and end_user_id == end_user_id.strip()
    if is_plain and not {"", ".", "..", "sessions", "export"} & set(parts):
        assert end_user_check(end_user_id) == end_user_id
    elif not is_plain or {"", ".", ".."} & set(parts):
        with pytest.raises(EndUserInvalid):
            end_user_check(end_user_id)


@pytest.mark.parametrize(
    "subject", ["app:x", "app:", f"app{uuid.uuid4()}", "app:42/7", str(uuid.uuid4())], ids=range(5)
)
def test_other_subjects_are_not_reserved(subject: str):
    assert not is_reserved(subject)
