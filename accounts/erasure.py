"""Erasing a person with everything of theirs."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.errors import WrongPassword
from accounts.models import User
from accounts.people import Person
from accounts.services import account_get
from sessions_app.services import privacy


def account_erase(*, user_id: str, password: str, clock: Callable[[], datetime]) -> None:
    """Erase the caller and everything of theirs; raises WrongPassword, LegalHold."""
    user = account_get(user_id=user_id)
    if not user.check_password(password):
        raise WrongPassword(attr="password")
    person_erase(person=Person(str(user.pk), user), clock=clock)


def person_erase(
    *,
    person: Person,
    clock: Callable[[], datetime],
    progress: privacy.Progress = lambda _: None,
) -> Mapping[str, int]:
    """Erase everything of a person; what this run removed, by kind. Raises LegalHold.

    `clock` tells the time, as this may take minutes. Sessions go first: whoever is cut off in
    between still has the account to ask again with.
    """
    erased = privacy.erase_user(user_id=person.user_id, now=clock(), progress=progress)
    rows = _account_erase(person.user) if person.user else {}
    elsewhere = {"throttle_windows": erased["throttle_windows"], **rows}
    privacy.erasure_complete(user_id=person.user_id, counts=elsewhere, now=clock())
    return {**erased, **rows}


def _account_erase(user: User) -> dict[str, int]:
    """Remove the account with all that hangs on it, at once; table-like name → rows."""
    with transaction.atomic():
        # Held, so that no refresh can add a token between the deletions.
        held = User.objects.select_for_update().filter(pk=user.pk).first()
        if held is None:
            return {}
        _, tokens = OutstandingToken.objects.filter(user=held).delete()
        keys, _ = held.api_keys.all().delete()
        # Entries about them by others of the staff; their own go with the account.
        about = LogEntry.objects.filter(
            Q(object_id=str(held.pk)) | Q(object_repr__iexact=held.username)
        )
        log_entries = LogEntry.objects.filter(user=held).count() + about.exclude(user=held).count()
        about.delete()
        # Only who has signed in to the admin has browser sessions, and few people have.
        browser_sessions = _end_browser_sessions(held) if held.last_login else 0
        held.delete()
    return {
        "accounts": 1,
        "spent_tokens": tokens.get("token_blacklist.OutstandingToken", 0),
        "api_keys": keys,
        "admin_actions": log_entries,
        "browser_sessions": browser_sessions,
    }


def _end_browser_sessions(user: User) -> int:
    keys = [
        session.pk for session in Session.objects.iterator() if session_is_of(session, str(user.pk))
    ]
    return Session.objects.filter(pk__in=keys).delete()[0]


def session_is_of(session: Session, user_id: str) -> bool:
    """Whether this browser session is that of the user."""
    return bool(session.get_decoded().get("_auth_user_id") == user_id)
