"""What an audit of expiry finds wrong, and what it does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.domain.audit import expiry as audit
from sessions_app.domain.audit.expiry import ClockReading, Receipt, StoredTimes, Wrong

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = audit.Rules(
    now=NOW,
    expired_by=NOW - DAY,
    archived_by=NOW - 366 * DAY,
    default_ttl_seconds=3_600,
    tolerance=timedelta(seconds=60),
)
ACTIVE = StoredTimes(
    session_id="s",
    status="active",
    created_at=NOW - HOUR,
    updated_at=NOW - HOUR,
    expires_at=NOW,
    archived_at=None,
    ttl_seconds=None,
    legal_hold=False,
    turn_until=None,
)
LONG_AGO = {
    "created_at": NOW - 400 * DAY,
    "updated_at": NOW - 400 * DAY,
    "expires_at": NOW - 400 * DAY + HOUR,
}
ARCHIVED = replace(ACTIVE, status="archived", expires_at=None, archived_at=NOW - HOUR)
RECEIPT = Receipt(
    sweep_id="sweep",
    mode="delete",
    started_at=NOW,
    cutoff=NOW,
    retention_cutoff=NOW - 365 * DAY,
    archived=0,
    deleted=5,
    purged=5,
    latest_expiry=NOW,
    latest_archival=NOW - 365 * DAY,
    finished_at=NOW + HOUR,
    complete=True,
)


def wrong(times: StoredTimes) -> list[Wrong]:
    return [finding.wrong for finding in audit.check(times, RULES)]


@pytest.mark.parametrize(
    "times",
    [
        ACTIVE,
        ARCHIVED,
        replace(ACTIVE, expires_at=None),
        replace(ACTIVE, ttl_seconds=0, expires_at=None),
        replace(ACTIVE, ttl_seconds=7_200, expires_at=NOW + HOUR),
        replace(ACTIVE, expires_at=NOW + 300 * DAY),
        replace(ACTIVE, updated_at=NOW + timedelta(seconds=59)),
        replace(ACTIVE, **LONG_AGO | {"expires_at": NOW - DAY + HOUR}),
        replace(ACTIVE, **LONG_AGO, legal_hold=True),
        replace(ACTIVE, **LONG_AGO, turn_until=NOW + HOUR),
        replace(ARCHIVED, created_at=NOW - 400 * DAY, archived_at=NOW - 365 * DAY),
        replace(ARCHIVED, created_at=NOW - 400 * DAY, archived_at=NOW - 370 * DAY, legal_hold=True),
    ],
)
def test_what_is_as_it_should_be(times):
    assert wrong(times) == []


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (replace(ACTIVE, **LONG_AGO), Wrong.NOT_EXPIRED),
        (replace(ACTIVE, **LONG_AGO, turn_until=NOW - HOUR), Wrong.NOT_EXPIRED),
        (
            replace(ARCHIVED, created_at=NOW - 400 * DAY, archived_at=NOW - 366 * DAY),
            Wrong.NOT_PURGED,
        ),
        (replace(ARCHIVED, archived_at=None), Wrong.ARCHIVED_WITHOUT_TIME),
        (replace(ARCHIVED, expires_at=NOW + DAY), Wrong.ARCHIVED_WITH_TIMEOUT),
        (replace(ACTIVE, archived_at=NOW), Wrong.ACTIVE_WITH_ARCHIVAL),
        (replace(ACTIVE, ttl_seconds=60, expires_at=None), Wrong.TIMEOUT_MISSING),
        (replace(ACTIVE, ttl_seconds=0), Wrong.TIMEOUT_UNASKED),
        (replace(ACTIVE, ttl_seconds=7_200), Wrong.TIMEOUT_MISPLACED),
        (replace(ACTIVE, ttl_seconds=60), Wrong.TIMEOUT_MISPLACED),
        (replace(ACTIVE, expires_at=NOW - 2 * HOUR), Wrong.TIMEOUT_MISPLACED),
        (replace(ACTIVE, updated_at=NOW + HOUR, expires_at=NOW + DAY), Wrong.FROM_THE_FUTURE),
        (replace(ARCHIVED, archived_at=NOW + HOUR), Wrong.FROM_THE_FUTURE),
        (replace(ACTIVE, updated_at=NOW - 2 * HOUR), Wrong.OUT_OF_ORDER),
        (replace(ACTIVE, created_at=None), Wrong.TIME_MISSING),
        (replace(ACTIVE, updated_at=None), Wrong.TIME_MISSING),
        (replace(ACTIVE, status="deleted"), Wrong.UNKNOWN_STATUS),
        (replace(ACTIVE, status=None), Wrong.UNKNOWN_STATUS),
    ],
)
def test_what_is_wrong(times, expected):
    assert wrong(times) == [expected]


def rules_after(last: Receipt | None, *, retention_days: int = 365) -> audit.Rules:
    return audit.rules(
        now=NOW,
        grace=DAY,
        last=last,
        retention_days=retention_days,
        default_ttl_seconds=0,
        tolerance=timedelta(0),
    )


def test_without_a_sweep_only_what_is_overdue_by_the_grace_is_wrong():
    rules = rules_after(None)
    assert (rules.expired_by, rules.archived_by) == (NOW - DAY, NOW - 366 * DAY)


def test_after_a_sweep_what_was_due_by_then_is_wrong_at_once():
    rules = rules_after(replace(RECEIPT, cutoff=NOW - HOUR))
    assert NOW - DAY < rules.expired_by < NOW - HOUR
    assert rules.archived_by == RECEIPT.retention_cutoff


def test_after_an_old_sweep_the_grace_decides():
    old = replace(RECEIPT, cutoff=NOW - 5 * DAY, retention_cutoff=NOW - 370 * DAY)
    rules = rules_after(old)
    assert (rules.expired_by, rules.archived_by) == (NOW - DAY, NOW - 366 * DAY)


def test_archives_that_are_kept_for_ever_are_never_overdue():
    assert rules_after(RECEIPT, retention_days=0).archived_by is None


def test_a_sweep_that_ended_what_was_due_is_right():
    assert list(audit.check_receipt(RECEIPT, timedelta(0))) == []


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        (replace(RECEIPT, latest_expiry=NOW + HOUR), Wrong.ENDED_TOO_EARLY),
        (replace(RECEIPT, latest_archival=NOW - 364 * DAY), Wrong.ENDED_TOO_EARLY),
        (replace(RECEIPT, retention_cutoff=None), Wrong.ENDED_TOO_EARLY),
        (replace(RECEIPT, cutoff=NOW + DAY), Wrong.SWEPT_BY_A_FAST_CLOCK),
        (replace(RECEIPT, cutoff=NOW + DAY, finished_at=None), Wrong.SWEPT_BY_A_FAST_CLOCK),
    ],
)
def test_a_sweep_that_ended_more_is_wrong(receipt, expected):
    assert [each.wrong for each in audit.check_receipt(receipt, HOUR / 2)] == [expected]


@pytest.mark.parametrize(
    ("seconds", "uncertainty", "expected"),
    [(0, 0, 0), (5, 0, 0), (6, 0, 1), (-6, 0, 1), (6, 2, 0), (-3_600, 2, 1)],
)
def test_clocks_may_differ_by_a_little_and_by_what_reading_them_takes(
    seconds, uncertainty, expected
):
    reading = ClockReading("db", timedelta(seconds=seconds), timedelta(seconds=uncertainty))
    assert len(list(audit.check_clock(reading, timedelta(seconds=5)))) == expected


@pytest.mark.parametrize(
    ("times", "other"),
    [
        (ACTIVE, False),
        (replace(ACTIVE, expires_at=NOW + HOUR), True),
        (replace(ACTIVE, expires_at=None), True),
        (replace(ACTIVE, ttl_seconds=60), False),
        (ARCHIVED, False),
    ],
)
def test_a_timeout_of_an_older_default_is_told_apart(times, other):
    assert audit.of_another_default(times, RULES) is other
