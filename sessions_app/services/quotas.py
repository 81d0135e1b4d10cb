"""Quotas: how much one user may store, and how often they may search in a day.

A counter a user is raised before anything is stored (`repository.usages`). So that an append stays
one round trip, each process takes a share of the quota beforehand, a thousandth at most, and spends
it by itself. No race exceeds a quota; it may refuse a share per process too early. Decision 36 has
the rest.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from operator import sub

from django.conf import settings
from django.utils.crypto import salted_hmac

from sessions_app import clock
from sessions_app.domain.errors import (
    BytesQuota,
    MessagesQuota,
    QuotaReached,
    SearchesQuota,
    SessionError,
    SessionsQuota,
    StorageUnavailable,
)
from sessions_app.domain.quotas import Stock, Usage, first_exceeded, share
from sessions_app.repository import throttles, usages
from sessions_app.services.throttling import caller_key, throttle_take

_REACHED: dict[Stock, type[QuotaReached]] = {
    Stock.SESSIONS: SessionsQuota,
    Stock.MESSAGES: MessagesQuota,
    Stock.BYTES: BytesQuota,
}
# A counter that is older is counted anew before it refuses anything: what a crash or a fail-over
# has left wrong is right again then. It reads all that the user has, so not more often.
_COUNT_AGAIN = timedelta(hours=1)
_NOTHING = Usage()
# Of so many sessions, all headers are read for whoever looks at the account.
_COUNTED_SESSIONS = 200
_MAX_SHARES = 10_000
# After the first there is a counter, after the second it has been counted anew.
_ATTEMPTS = 3
_DAY_SECONDS = 86_400
SEARCHES = "searches"

_shares: dict[str, Usage] = {}
_lock = threading.Lock()


def limits() -> Usage:
    """The quotas; 0 is none."""
    return Usage(settings.QUOTA_SESSIONS, settings.QUOTA_MESSAGES, settings.QUOTA_BYTES)


def take(user_id: str, need: Usage) -> None:
    """Count what is about to be stored; raises the QuotaReached of the first quota without room."""
    quotas = limits()
    if not any(quotas) or _spend(user_id, need):
        return
    key = _key(user_id)
    for _ in range(_ATTEMPTS):
        # Nobody else spends it while this thread asks for more.
        mine = _withdraw(user_id)
        lacking = mine.missing(need)
        for more in dict.fromkeys((lacking + share(quotas), lacking)):
            if usages.take(key=key, need=more, quotas=quotas):
                _keep(user_id, mine + more + -need)
                return
        _keep(user_id, mine)
        if _refuses(user_id, key, lacking, quotas):
            break
    raise _reached(key, need, quotas)


def require(user_id: str, room: Usage) -> None:
    """Raise QuotaReached where there is no room for this."""
    take(user_id, room)
    give_back(user_id, room)


def give_back(user_id: str, unused: Usage) -> None:
    """What was taken and not stored; this process spends it."""
    if any(limits()):
        _keep(user_id, _withdraw(user_id) + unused)


def note(user_id: str, change: Usage) -> None:
    """Count what was stored or removed whatever the quotas say.

    Not raised when it cannot be counted: it has happened, and is found when it is counted anew.
    """
    if not any(limits()) or (min(change) >= 0 and _spend(user_id, change)):
        return
    try:
        usages.add(key=_key(user_id), change=change)
    except StorageUnavailable:
        return


@dataclass(frozen=True, slots=True)
class Gate:
    """The quotas that an append counts for. With `spare`, only where so much more has room, too."""

    user_id: str
    spare: Usage = _NOTHING

    def take(self, need: Usage) -> None:
        """Count it; raises QuotaReached."""
        if any(self.spare):
            require(self.user_id, need + self.spare)
        take(self.user_id, need)

    def give_back(self, unused: Usage) -> None:
        """It was not stored after all."""
        give_back(self.user_id, unused)


@contextmanager
def taken(user_id: str, need: Usage) -> Iterator[None]:
    """Take it for what is stored within; given back where that is refused."""
    take(user_id, need)
    try:
        yield
    except StorageUnavailable:
        # It may have been stored.
        raise
    except SessionError:
        give_back(user_id, need)
        raise


@contextmanager
def weighed(user_id: str, *, at_least: Usage) -> Iterator[Callable[[Usage], None]]:
    """Gives what counts a copy once it is weighed, as often as it is made anew.

    Raises QuotaReached, before anything is copied where there is no room for `at_least` so much.
    """
    require(user_id, at_least)
    counted = Usage()

    def weigh(need: Usage) -> None:
        nonlocal counted
        give_back(user_id, counted)
        counted = Usage()
        take(user_id, need)
        counted = need

    try:
        yield weigh
    except StorageUnavailable:
        raise
    except SessionError:
        give_back(user_id, counted)
        raise


def usage(user_id: str) -> Usage:
    """What the user has stored: counted, or by their counter where that takes long.

    The counter takes what processes have taken beforehand for stored.
    """
    known = usages.read(_key(user_id))
    if known and known[0].sessions > _COUNTED_SESSIONS:
        return known[0]
    return usages.count(user_id, reads_buckets=False)


def doubt(user_ids: Sequence[str]) -> None:
    """Something of these users was removed that was not counted: count before refusing them."""
    usages.doubt([_key(user_id) for user_id in user_ids])


def erased(user_id: str) -> None:
    """Forget an erased user's counter."""
    with _lock:
        _shares.pop(user_id, None)
    usages.forget(_key(user_id))


def search_take(user_id: str, *, now: datetime) -> None:
    """Count a search of today (UTC); raises SearchesQuota."""
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
    key = caller_key(scope=SEARCHES, caller=user_id)
    return throttles.used(key=f"{key}/{now.timestamp() // _DAY_SECONDS:.0f}")


def forget() -> None:
    """Drop this process's shares, so that it is as a new process."""
    with _lock:
        _shares.clear()


def _spend(user_id: str, need: Usage) -> bool:
    """Whether this process's share has room; where it has, it is spent."""
    with _lock:
        left = Usage(*map(sub, _shares.get(user_id, _NOTHING), need))
        if min(left) < 0:
            return False
        _shares[user_id] = left
    return True


def _withdraw(user_id: str) -> Usage:
    with _lock:
        return _shares.pop(user_id, Usage())


def _keep(user_id: str, left: Usage) -> None:
    """Leave this to be spent by this process, but no more than a share; the counter gets the rest.

    Another thread may have left something meanwhile.
    """
    with _lock:
        # Forgetting shares refuses a little too early until the counters are counted anew.
        if len(_shares) > _MAX_SHARES:
            _shares.clear()
        most = share(limits())
        mine = _shares.get(user_id, Usage()) + left
        surplus = most.missing(mine)
        _shares[user_id] = mine + -surplus
    if any(surplus):
        usages.add(key=_key(user_id), change=-surplus)


def _refuses(user_id: str, key: str, need: Usage, quotas: Usage) -> bool:
    """Whether the counter refuses this for good; where there is none, or an old one, it counts."""
    now = clock.now()
    known = usages.read(key)
    if known is None:
        usages.begin(key=key, usage=usages.count(user_id, reads_buckets=False), now=now)
        return False
    before = usages.claim_count(key=key, before=now - _COUNT_AGAIN, now=now)
    if before is None:
        return first_exceeded(known[0], need, quotas) is not None
    # Changed rather than set: what others have counted meanwhile stays counted.
    usages.add(key=key, change=usages.count(user_id, reads_buckets=True) + -before)
    return False


def _reached(key: str, need: Usage, quotas: Usage) -> QuotaReached:
    known = usages.read(key)
    stock = first_exceeded(known[0], need, quotas) if known else None
    # Room has been made since.
    stock = stock or next(each for each, most in zip(Stock, quotas, strict=True) if most)
    return _REACHED[stock](quotas[list(Stock).index(stock)])


@lru_cache(maxsize=4_096)
def _key(user_id: str) -> str:
    # The salt separates this key from Django's other uses of SECRET_KEY.
    return salted_hmac("sessions_app.usages", user_id, algorithm="sha256").hexdigest()
