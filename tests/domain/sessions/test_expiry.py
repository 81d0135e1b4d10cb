"""What is due, in what batches, and what a preview tells of it."""

from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.domain.limits import SWEEP_BATCH_DOCUMENTS
from sessions_app.domain.sessions import expiry
from sessions_app.domain.sessions.expiry import Due, Exemption, Fate, Preview

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TICK = timedelta(milliseconds=1)


def due(n: int = 0, *, messages: int = 0, ago: timedelta = HOUR, exemption=None) -> Due:
    since = NOW - ago
    return Due(f"s{n}", f"u{n % 3}", since, messages, exemption)


@pytest.mark.parametrize("ahead", [-HOUR, -TICK, timedelta(0), TICK, HOUR])
def test_a_sweep_goes_by_the_clock_that_is_behind(ahead):
    cutoff = expiry.cutoff_of(now=NOW, server_time=NOW + ahead)
    assert cutoff == min(NOW, NOW + ahead)


def test_no_retention_is_for_ever():
    assert expiry.retention_cutoff(cutoff=NOW, retention_days=0) is None
    assert expiry.retention_cutoff(cutoff=NOW, retention_days=30) == NOW - 30 * DAY


@pytest.mark.parametrize(("number", "size", "sizes"), [(0, 5, []), (5, 5, [5]), (11, 5, [5, 5, 1])])
def test_batches_are_of_a_size(number, size, sizes):
    found = [due(n) for n in range(number)]
    made = list(expiry.batches(found, size))
    assert [len(batch) for batch in made] == sizes
    assert [one for batch in made for one in batch] == found


def test_long_sessions_make_small_batches_and_a_very_long_one_is_alone():
    half = 64 * SWEEP_BATCH_DOCUMENTS // 4
    lengths = [half, half, 10, 64 * SWEEP_BATCH_DOCUMENTS, 10, 10]
    made = expiry.batches([due(n, messages=length) for n, length in enumerate(lengths)], 100)
    assert [[one.session_id for one in batch] for batch in made] == [
        ["s0"], ["s1", "s2"], ["s3"], ["s4", "s5"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ago", "name"),
    [
        (timedelta(0), "under_1_hour"),
        (HOUR - TICK, "under_1_hour"),
        (HOUR, "under_1_day"),
        (DAY - TICK, "under_1_day"),
        (DAY, "under_7_days"),
        (7 * DAY, "under_30_days"),
        (30 * DAY - TICK, "under_30_days"),
        (30 * DAY, "30_days_or_more"),
        (9_000 * DAY, "30_days_or_more"),
    ],
)
def test_ages_have_bounds(ago, name):
    assert expiry.age(NOW - ago, now=NOW) == name


def test_a_preview_counts_by_fate_age_and_user_and_leaves_out_what_is_exempt():
    preview = Preview()
    for n in range(4):
        preview.add(due(n), Fate.DELETED, now=NOW)
    preview.add(due(4, ago=40 * DAY), Fate.PURGED, now=NOW)
    preview.add(due(5, exemption=Exemption.HELD), Fate.DELETED, now=NOW)
    preview.add(due(6, exemption=Exemption.IN_TURN), Fate.DELETED, now=NOW)
    none = dict.fromkeys(expiry.AGES, 0)
    assert preview.as_json() == {
        "archived": 0,
        "deleted": 4,
        "purged": 1,
        "held": 1,
        "in_turn": 1,
        "by_age": {
            "deleted": none | {"under_1_day": 4},
            "purged": none | {"30_days_or_more": 1},
        },
        "by_user": {
            "u0": {"deleted": 2},
            "u1": {"deleted": 1, "purged": 1},
            "u2": {"deleted": 1},
        },
    }
