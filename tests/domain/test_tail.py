"""How a session's messages are divided."""

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain import tail
from sessions_app.domain.limits import (
    BUCKET_MAX_BYTES,
    BUCKET_MAX_MESSAGES,
    TAIL_KEEP_MESSAGES,
    TAIL_MAX_BYTES,
    TAIL_MAX_MESSAGES,
)

SIZES = st.lists(
    st.integers(1, 2 * BUCKET_MAX_BYTES) | st.integers(1, 500), max_size=3 * TAIL_MAX_MESSAGES
)


def test_a_short_tail_stays():
    assert tail.next_run([]) == 0
    assert tail.next_run([100] * TAIL_MAX_MESSAGES) == 0


def test_one_message_too_many_moves_the_oldest_half():
    assert tail.next_run([100] * (TAIL_MAX_MESSAGES + 1)) == BUCKET_MAX_MESSAGES
    assert tail.runs([100] * (TAIL_MAX_MESSAGES + 1)) == [64]


def test_a_long_history_moves_in_full_runs():
    assert tail.runs([100] * 1_000) == [64] * 14


def test_bytes_move_what_exceeds_them_and_no_more():
    half = TAIL_MAX_BYTES // 2
    assert tail.next_run([half, half]) == 0
    assert tail.next_run([half, half, 1]) == 1


def test_one_message_beyond_the_tails_bytes_moves_alone():
    assert tail.runs([TAIL_MAX_BYTES + 1]) == [1]


def test_a_run_keeps_to_the_bytes_of_a_bucket():
    assert tail.next_run([BUCKET_MAX_BYTES] * 3) == 1


@given(SIZES)
def test_runs_leave_a_tail_in_bounds(sizes):
    moved = sum(tail.runs(sizes))
    rest = sizes[moved:]
    assert len(rest) <= TAIL_MAX_MESSAGES
    assert sum(rest) <= TAIL_MAX_BYTES


@given(SIZES)
def test_every_run_fits_a_bucket(sizes):
    start = 0
    for length in tail.runs(sizes):
        run = sizes[start : start + length]
        assert 1 <= length <= BUCKET_MAX_MESSAGES
        assert length == 1 or sum(run) <= BUCKET_MAX_BYTES
        start += length


@given(st.integers(0, 1_000))
def test_small_messages_leave_enough_for_a_page(count):
    rest = count - sum(tail.runs([100] * count))
    assert rest == count or rest >= TAIL_KEEP_MESSAGES
