"""Erases a user with everything that is stored about them."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.errors import WrongPassword
from accounts.models import User
from accounts.privacy.people import Person
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
    """Erase everything about a person; counts what this run removed, by kind. Raises LegalHold.

    Takes a `clock`, because it may run for minutes. Sessions go first: when it is interrupted, the
    account is still there to start it again.
    """
    erased = privacy.erase_user(
        user_id=person.user_id,
        now=clock(),
        has_account=person.user is not None,
        progress=progress,
    )
    rows = _account_erase(person.user) if person.user else {}
    other_counts = {"throttle_windows": erased["throttle_windows"], **rows}
    privacy.erasure_complete(user_id=person.user_id, counts=other_counts, now=clock())
    return {**erased, **rows}


def _account_erase(user: User) -> dict[str, int]:
    """Remove the account and its rows in one transaction; counts rows by kind."""
    with transaction.atomic():
        # Locked, so that no token refresh adds a row between the deletions.
        locked_user = User.objects.select_for_update().filter(pk=user.pk).first()
        if locked_user is None:
            return {}
        _, tokens = OutstandingToken.objects.filter(user=locked_user).delete()
        keys, _ = locked_user.api_keys.all().delete()
        sign_ins, _ = locked_user.sign_ins.all().delete()
        # Entries by the user go with the account; entries by other staff about the user do not.
        own_entries = LogEntry.objects.filter(user=locked_user).count()
        entries_about = LogEntry.objects.filter(
            Q(object_id=str(locked_user.pk)) | Q(object_repr__iexact=locked_user.username)
        )
        log_entries = own_entries + entries_about.exclude(user=locked_user).count()
        entries_about.delete()
        # Finding browser sessions decodes all of them; only who signed in to the admin has any.
        browser_sessions = _end_browser_sessions(locked_user) if locked_user.last_login else 0
        locked_user.delete()
    return {
        "accounts": 1,
        "spent_tokens": tokens.get("token_blacklist.OutstandingToken", 0),
        "api_keys": keys,
        "sign_ins": sign_ins,
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
