"""Counters of what is stored: one of each user, and one of each application with quotas.

A counter is raised before anything is stored (`repository.usages`). So that an append stays one
round trip, each process takes a share of the quota beforehand, a thousandth at most, and spends it
by itself. No race exceeds a quota; it may refuse a share per process too early. Decision 36 has
the rest.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from operator import sub
from typing import NamedTuple

from django.conf import settings
from django.utils.crypto import salted_hmac

from sessions_app import clock
from sessions_app.domain.applications import (
    beyond_namespace,
    end_user_of,
    namespace,
)
from sessions_app.domain.errors import (
    ApplicationBytesQuota,
    ApplicationSessionsQuota,
    BytesQuota,
    MessagesQuota,
    QuotaReached,
    SessionsQuota,
    StorageUnavailable,
)
from sessions_app.domain.quotas import Stock, Usage, first_exceeded, share
from sessions_app.repository import usages
from sessions_app.services.quotas import applications, daily

# A counter that is older is counted anew before it refuses anything: what a crash or a fail-over
# has left wrong is right again then. It reads all that the user has, so not more often.
_COUNT_AGAIN = timedelta(hours=1)
# Of so many sessions, all headers are read for whoever looks at the account.
_COUNTED_SESSIONS = 200
_MAX_SHARES = 10_000
_NOTHING = Usage()
# After the first there is a counter, after the second it has been counted anew.
_ATTEMPTS = 3

_OF_A_USER: dict[Stock, type[QuotaReached]] = {
    Stock.SESSIONS: SessionsQuota,
    Stock.MESSAGES: MessagesQuota,
    Stock.BYTES: BytesQuota,
}
_OF_AN_APPLICATION: dict[Stock, type[QuotaReached]] = {
    **_OF_A_USER,
    Stock.SESSIONS: ApplicationSessionsQuota,
    Stock.BYTES: ApplicationBytesQuota,
}

_shares: dict[str, Usage] = {}
_lock = threading.Lock()


class Account(NamedTuple):
    """Who has a counter, and their quotas: a user, or an application, which has a `beyond`.

    That is the first name behind all its users'; its own, with which theirs begin, is `name`.
    """

    name: str
    quotas: Usage
    beyond: str = ""

    def counted(self, *, reads_buckets: bool) -> Usage:
        """What is stored, counted; of an application's buckets the bytes are always estimated."""
        if self.beyond:
            return usages.count_between(self.name, self.beyond)
        return usages.count(self.name, reads_buckets=reads_buckets)


def limits() -> Usage:
    """The quotas of every user; 0 is none."""
    return Usage(settings.QUOTA_SESSIONS, settings.QUOTA_MESSAGES, settings.QUOTA_BYTES)


def is_of_an_application(user_id: str) -> bool:
    """Whether there may be an application to ask for; most users are nobody's."""
    return user_id.startswith("app:")


def account_of(user_id: str) -> Account:
    """A user's own account."""
    if not is_of_an_application(user_id):
        return Account(user_id, limits())
    own = applications.of_user(user_id).stored
    # Where an application has set another quota, the smaller counts; 0 is none.
    return Account(user_id, Usage(*map(_smaller, limits(), own)))


def accounts_of(user_id: str) -> tuple[Account, ...]:
    """All that something of this user counts for: theirs, and their application's."""
    own = account_of(user_id)
    end_user = end_user_of(user_id) if is_of_an_application(user_id) else None
    if end_user is None:
        return (own,)
    application_id = end_user.application_id
    quotas = applications.quotas_of(end_user).together.stored
    return own, Account(namespace(application_id), quotas, beyond_namespace(application_id))


def _smaller(quota: int, other: int) -> int:
    return min(quota, other) if quota and other else quota or other


def charge(account: Account, need: Usage) -> None:
    """Count what is about to be stored; raises the QuotaReached of the first quota without room."""
    quotas = account.quotas
    if not any(quotas) or _spend(account.name, need):
        return
    key = _key(account.name)
    for _ in range(_ATTEMPTS):
        # Nobody else spends it while this thread asks for more.
        mine = _withdraw(account.name)
        lacking = mine.missing(need)
        for more in dict.fromkeys((lacking + share(quotas), lacking)):
            if usages.take(key=key, need=more, quotas=quotas):
                _keep(account, mine + more + -need)
                return
        _keep(account, mine)
        if _refuses(account, key, lacking):
            break
    raise _reached(account, key, need)


def credit(account: Account, unused: Usage) -> None:
    """What was taken and not stored; this process spends it."""
    if any(account.quotas):
        _keep(account, _withdraw(account.name) + unused)


def note(account: Account, change: Usage) -> None:
    """Count what was stored or removed whatever the quotas say.

    Not raised when it cannot be counted: it has happened, and is found when it is counted anew.
    """
    if not any(account.quotas) or (min(change) >= 0 and _spend(account.name, change)):
        return
    try:
        usages.add(key=_key(account.name), change=change)
    except StorageUnavailable:
        return


def usage(account: Account) -> Usage:
    """What is stored: counted, or by the counter where that takes long.

    The counter takes what processes have taken beforehand for stored.
    """
    known = usages.read(_key(account.name))
    if known and known[0].sessions > _COUNTED_SESSIONS:
        return known[0]
    return account.counted(reads_buckets=False)


def doubt(names: Iterable[str]) -> None:
    """Count these accounts anew before they refuse anything."""
    usages.doubt([_key(name) for name in names])


def erased(user_id: str) -> None:
    """Forget an erased user's counter."""
    with _lock:
        _shares.pop(user_id, None)
    usages.forget(_key(user_id))


def forget() -> None:
    """Drop this process's shares, so that it is as a new process."""
    with _lock:
        _shares.clear()


def _spend(name: str, need: Usage) -> bool:
    """Whether this process's share has room; where it has, it is spent."""
    with _lock:
        left = Usage(*map(sub, _shares.get(name, Usage()), need))
        if min(left) < 0:
            return False
        _shares[name] = left
    return True


def _withdraw(name: str) -> Usage:
    with _lock:
        return _shares.pop(name, Usage())


def _keep(account: Account, left: Usage) -> None:
    """Leave this to be spent by this process, but no more than a share; the counter gets the rest.

    Another thread may have left something meanwhile.
    """
    with _lock:
        # Forgetting shares refuses a little too early until the counters are counted anew.
        if len(_shares) > _MAX_SHARES:
            _shares.clear()
        most = share(account.quotas)
        mine = _shares.get(account.name, Usage()) + left
        surplus = most.missing(mine)
        _shares[account.name] = mine + -surplus
    if any(surplus):
        usages.add(key=_key(account.name), change=-surplus)


def _refuses(account: Account, key: str, need: Usage) -> bool:
    """Whether the counter refuses this for good; where there is none, or an old one, it counts."""
    now = clock.now()
    known = usages.read(key)
    if known is None:
        usages.begin(key=key, usage=account.counted(reads_buckets=False), now=now)
        return False
    before = usages.claim_count(key=key, before=now - _COUNT_AGAIN, now=now)
    if before is None:
        return first_exceeded(known[0], need, account.quotas) is not None
    # Changed rather than set: what others have counted meanwhile stays counted.
    usages.add(key=key, change=account.counted(reads_buckets=True) + -before)
    return False


def _reached(account: Account, key: str, need: Usage) -> QuotaReached:
    quotas = account.quotas
    known = usages.read(key)
    stock = first_exceeded(known[0], need, quotas) if known else None
    # Room has been made since.
    stock = stock or next(each for each, most in zip(Stock, quotas, strict=True) if most)
    kinds = _OF_AN_APPLICATION if account.beyond else _OF_A_USER
    return kinds[stock](quotas[list(Stock).index(stock)])


@lru_cache(maxsize=4_096)
def _key(name: str) -> str:
    # The salt separates this key from Django's other uses of SECRET_KEY.
    return salted_hmac("sessions_app.usages", name, algorithm="sha256").hexdigest()


def take(user_id: str, need: Usage) -> None:
    """Count what is about to be stored; raises the QuotaReached of the first without room."""
    accounts = accounts_of(user_id)
    for position, account in enumerate(accounts):
        try:
            charge(account, need)
        except QuotaReached:
            _give_back(accounts[:position], need)
            raise
    if not is_of_an_application(user_id):
        return
    try:
        daily.messages_take(user_id, need.messages)
    except QuotaReached:
        _give_back(accounts, need)
        raise


def require(user_id: str, room: Usage) -> None:
    """Raise QuotaReached where there is no room for this."""
    take(user_id, room)
    give_back(user_id, room)


def give_back(user_id: str, unused: Usage) -> None:
    """What was taken and not stored."""
    _give_back(accounts_of(user_id), unused)
    if is_of_an_application(user_id):
        daily.messages_note(user_id, -unused.messages)


def _give_back(accounts: Sequence[Account], unused: Usage) -> None:
    for account in accounts:
        credit(account, unused)


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
