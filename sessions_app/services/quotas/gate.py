"""All quotas that something counts for: its user's, their application's, and those of a day."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sessions_app.domain.applications import end_user_of
from sessions_app.domain.errors import SessionError, StorageUnavailable
from sessions_app.domain.quotas import Usage
from sessions_app.services.quotas import applications, daily, stored
from sessions_app.services.quotas.stored import give_back, require, take


def note(user_id: str, change: Usage) -> None:
    """Count what was stored or removed whatever the quotas say; nothing is raised."""
    for account in stored.accounts_of(user_id):
        stored.note(account, change)
    # What is removed has been a message of its day all the same.
    if change.messages > 0 and stored.is_of_an_application(user_id):
        try:
            daily.messages_note(user_id, change.messages)
        except StorageUnavailable:
            return


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
