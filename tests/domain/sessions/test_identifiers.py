"""Identifiers: how they are spelt."""

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.sessions import identifiers

ID = "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"


def test_a_bucket_id_is_the_session_and_its_first_seq():
    assert identifiers.bucket_id(ID, 65) == f"{ID}/000000000065"


@given(st.integers(1, 10**12 - 1), st.integers(1, 10**12 - 1))
def test_bucket_ids_sort_as_their_messages_do(one, other):
    ids = identifiers.bucket_id(ID, one), identifiers.bucket_id(ID, other)
    assert (ids[0] < ids[1]) == (one < other)
