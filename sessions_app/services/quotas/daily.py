"""What is counted a day (UTC): searches of every user; messages and tokens of applications' users.

Messages are counted before they are stored, and refused where they would be too many. Tokens are
counted when a model has been asked, since nobody knows them before: a day may end above its quota
by the calls that are in progress.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from sessions_app import clock
from sessions_app.domain.applications import Limits, end_user_of, namespace
from sessions_app.domain.errors import (
    ApplicationMessagesADayQuota,
    ApplicationTokensADayQuota,
    DailyQuota,
    MessagesADayQuota,
    SearchesQuota,
    StorageUnavailable,
    TokensADayQuota,
)
from sessions_app.repository import throttles
from sessions_app.services.quotas import applications
from sessions_app.services.throttling import caller_key, throttle_take

_DAY_SECONDS = 86_400
SEARCHES, MESSAGES, TOKENS = "searches", "messages_a_day", "tokens_a_day"
SCOPES = (SEARCHES, MESSAGES, TOKENS)
# A turn does not wait for its tokens to be counted.
_counting = ThreadPoolExecutor(1, "tokens")


class _Counted(NamedTuple):
    """Whose day is counted: a user's, or that of a whole application."""

    name: str
    limits: Limits
    messages_error: type[DailyQuota]
    tokens_error: type[DailyQuota]


def _counted(user_id: str) -> Iterator[_Counted]:
    end_user = end_user_of(user_id)
    if end_user is None:
        return
    together, each = applications.quotas_of(end_user)
    yield _Counted(user_id, each, MessagesADayQuota, TokensADayQuota)
    yield _Counted(
        namespace(end_user.application_id),
        together,
        ApplicationMessagesADayQuota,
        ApplicationTokensADayQuota,
    )


def messages_take(user_id: str, count: int) -> None:
    """Count messages of today before they are stored; raises the DailyQuota that has no room."""
    if count <= 0:
        return
    now, counted = clock.now(), []
    for each in _counted(user_id):
        if not each.limits.messages_a_day:
            continue
        counted.append(each.name)
        if _add(MESSAGES, each.name, count, now) > each.limits.messages_a_day:
            for name in counted:
                _add(MESSAGES, name, -count, now)
            raise each.messages_error(
                each.limits.messages_a_day, retry_after=_seconds_of_today_left(now)
            )


def messages_note(user_id: str, count: int) -> None:
    """Count messages whatever the quotas say; fewer than none were not stored after all."""
    if not count:
        return
    now = clock.now()
    for each in _counted(user_id):
        if each.limits.messages_a_day:
            _add(MESSAGES, each.name, count, now)


def tokens_require(user_id: str) -> None:
    """Raise the DailyQuota of a user or application for whom models have worked enough today."""
    now = clock.now()
    for each in _counted(user_id):
        most = each.limits.tokens_a_day
        if most and throttles.used(key=_key(TOKENS, each.name, now)) >= most:
            raise each.tokens_error(most, retry_after=_seconds_of_today_left(now))


def tokens_spent(user_id: str, tokens: int) -> None:
    """Count what a model has read and written for a user; waits for nothing."""
    if tokens > 0 and any(each.limits.tokens_a_day for each in _counted(user_id)):
        _counting.submit(_count_tokens, user_id, tokens, clock.now())


def _count_tokens(user_id: str, tokens: int, now: datetime) -> None:
    for each in _counted(user_id):
        if each.limits.tokens_a_day:
            try:
                _add(TOKENS, each.name, tokens, now)
            except StorageUnavailable:
                # It has happened; the next call is counted again.
                return


def tokens_of_today(user_id: str, *, now: datetime) -> int:
    """How many tokens of today are counted."""
    return throttles.used(key=_key(TOKENS, user_id, now))


def search_take(user_id: str, *, now: datetime) -> None:
    """Count a search of today; raises SearchesQuota."""
    limit = settings.QUOTA_SEARCHES
    if not limit:
        return
    wait = throttle_take(
        key=caller_key(scope=SEARCHES, caller=user_id),
        limit=limit,
        period_seconds=_DAY_SECONDS,
        now=now,
    )
    if wait is not None:
        raise SearchesQuota(limit, retry_after=max(1, int(wait)))


def searches_of_today(user_id: str, *, now: datetime) -> int:
    """How many searches of today are counted; a share that a process has taken counts whole."""
    return throttles.used(key=_key(SEARCHES, user_id, now))


def _add(scope: str, name: str, amount: int, now: datetime) -> int:
    # A day longer than needed, as workers' clocks may differ from MongoDB's.
    ends = datetime.fromtimestamp((_day(now) + 2) * _DAY_SECONDS, UTC) + timedelta(seconds=1)
    return throttles.take(key=_key(scope, name, now), amount=amount, expires_at=ends)


def _key(scope: str, name: str, now: datetime) -> str:
    return f"{caller_key(scope=scope, caller=name)}/{_day(now)}"


def _day(now: datetime) -> int:
    return int(now.timestamp() // _DAY_SECONDS)


def _seconds_of_today_left(now: datetime) -> int:
    return max(1, int((_day(now) + 1) * _DAY_SECONDS - now.timestamp()))
