"""All quotas that something counts for: its user's, their application's, and those of a day."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sessions_app.domain.applications import end_user_of
from sessions_app.domain.errors import QuotaReached, SessionError, StorageUnavailable
from sessions_app.domain.quotas import Usage
from sessions_app.services.quotas import applications, daily, stored

_NOTHING = Usage()


def take(user_id: str, need: Usage) -> None:
    """Count what is about to be stored; raises the QuotaReached of the first without room."""
    accounts = stored.accounts_of(user_id)
    for position, account in enumerate(accounts):
        try:
            stored.take(account, need)
        except QuotaReached:
            _give_back(accounts[:position], need)
            raise
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
    _give_back(stored.accounts_of(user_id), unused)
    daily.messages_note(user_id, -unused.messages)


def _give_back(accounts: Sequence[stored.Account], unused: Usage) -> None:
    for account in accounts:
        stored.give_back(account, unused)


def note(user_id: str, change: Usage) -> None:
    """Count what was stored or removed whatever the quotas say; nothing is raised."""
    for account in stored.accounts_of(user_id):
        stored.note(account, change)
    # What is removed has been a message of its day all the same.
    if change.messages > 0:
        try:
            daily.messages_note(user_id, change.messages)
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
    """What the user has stored: counted, or by their counter where that takes long."""
    return stored.usage(stored.account_of(user_id))


def doubt(user_ids: Sequence[str]) -> None:
    """Something of these users was removed that was not counted: count before refusing them."""
    stored.doubt({account.name for each in user_ids for account in stored.accounts_of(each)})


def erased(user_id: str) -> None:
    """Forget an erased user's counter; their application's is counted anew before it refuses."""
    stored.erased(user_id)
    if end_user_of(user_id) is not None:
        doubt([user_id])


def forget() -> None:
    """Drop what this process knows by itself, so that it is as a new one."""
    stored.forget()
    applications.forget()
