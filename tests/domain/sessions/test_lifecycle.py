"""When a session ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sessions_app.domain.data import ContextPolicy, OnTopicShift, Session, Status, Strategy
from sessions_app.domain.errors import SessionArchived, SessionExpired
from sessions_app.domain.sessions import lifecycle

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SESSION = Session(
    session_id="s",
    user_id="u",
    title="",
    status=Status.ACTIVE,
    created_at=NOW,
    updated_at=NOW,
    expires_at=NOW,
    archived_at=None,
    ttl_seconds=None,
    metadata={},
    context_policy=ContextPolicy(Strategy.HYBRID, 4_000, 1_000, OnTopicShift.ADJUST),
    context_start=1,
    message_count=0,
    token_count=0,
    tail_start=1,
    version=1,
)


@pytest.mark.parametrize(
    ("ttl_seconds", "default", "seconds"),
    [(60, 100, 60), (None, 100, 100), (0, 100, None), (None, 0, None), (60, 0, 60), (0, 0, None)],
)
def test_a_sessions_own_timeout_goes_before_the_default(ttl_seconds, default, seconds):
    expires = lifecycle.expiry(now=NOW, ttl_seconds=ttl_seconds, default_ttl_seconds=default)
    assert expires == (None if seconds is None else NOW + timedelta(seconds=seconds))


def test_the_longest_timeout_is_still_a_date():
    expires = lifecycle.expiry(now=NOW, ttl_seconds=3_153_600_000, default_ttl_seconds=0)
    assert expires.year == 2126


@pytest.mark.parametrize(
    ("since", "expired"), [(-MILLISECOND, False), (timedelta(0), True), (MILLISECOND, True)]
)
def test_a_session_expires_on_the_moment(since, expired):
    assert lifecycle.has_expired(SESSION, now=NOW + since) is expired


def test_a_session_without_a_timeout_never_expires():
    session = replace(SESSION, expires_at=None)
    assert not lifecycle.has_expired(session, now=datetime.max.replace(tzinfo=UTC))


def test_an_archived_session_does_not_expire():
    session = replace(SESSION, status=Status.ARCHIVED)
    assert not lifecycle.has_expired(session, now=NOW + timedelta(days=1))


def test_an_expired_session_can_be_neither_read_nor_written():
    for require in (lifecycle.require_readable, lifecycle.require_writable):
        with pytest.raises(SessionExpired):
            require(SESSION, now=NOW)


def test_an_archived_session_can_be_read_but_not_written():
    session = replace(SESSION, status=Status.ARCHIVED)
    lifecycle.require_readable(session, now=NOW)
    with pytest.raises(SessionArchived):
        lifecycle.require_writable(session, now=NOW)


def test_an_active_session_can_be_read_and_written():
    assert not lifecycle.has_expired(SESSION, now=NOW - MILLISECOND)
    lifecycle.require_readable(SESSION, now=NOW - MILLISECOND)
    lifecycle.require_writable(SESSION, now=NOW - MILLISECOND)


def test_moments_are_cut_to_milliseconds_in_utc():
    moment = datetime(2026, 11, 22, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    cut = lifecycle.to_milliseconds(moment)
    assert (cut, cut.tzinfo) == (NOW.replace(microsecond=999_000), UTC)
