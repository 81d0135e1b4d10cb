"""Services of accounts: register, read, change. Tokens are in `accounts.credentials.tokens`."""

import uuid

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare
from rest_framework.exceptions import ValidationError
from rest_framework_simplejwt.settings import api_settings

from accounts import usernames
from accounts.credentials import passwords
from accounts.errors import (
    AccountNotFound,
    InvitationNotValid,
    RegistrationClosed,
    UsernameLooksAlike,
    UsernameTaken,
    WrongPassword,
)
from accounts.models import User
from sessions_app.api.authentication import TokenNotValid


def account_register(*, username: str, password: str, email: str = "") -> User:
    """Create a user; raises UsernameTaken, also when another request takes the name meanwhile."""
    # Checked before the password is hashed, so that a taken name costs next to nothing.
    _refuse_taken(username)
    user = User(username=username, email=email, password=make_password(password))
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        # Another request registered the same name between the check and the insert.
        raise UsernameTaken from error
    return user


def account_get(*, user_id: str, lock: bool = False) -> User:
    """The account of a token's subject; raises AccountNotFound, or TokenNotValid if deactivated.

    Who may sign in is SimpleJWT's `USER_AUTHENTICATION_RULE`. With `lock` the account's row is
    locked until the end of the transaction.
    """
    users = User.objects.select_for_update() if lock else User.objects.all()
    user = users.filter(pk=_account_id(user_id)).first()
    if user is None:
        raise AccountNotFound
    if not api_settings.USER_AUTHENTICATION_RULE(user):
        raise TokenNotValid
    return user


def registration_check(*, invitation: str) -> None:
    """Whether somebody may register; raises RegistrationClosed, InvitationNotValid."""
    if settings.REGISTRATION == "closed":
        raise RegistrationClosed
    if settings.REGISTRATION == "invited":
        expected = settings.REGISTRATION_INVITATIONS
        presented = invitation.encode()
        if not any(constant_time_compare(presented, each.encode()) for each in expected):
            raise InvitationNotValid


def account_update(
    *,
    user_id: str,
    username: str | None = None,
    email: str | None = None,
    instructions: str | None = None,
) -> User:
    """Change the fields that are not None; raises UsernameTaken, AccountNotFound."""
    user = account_get(user_id=user_id)
    changes: dict[str, str | bool] = {}
    if username is not None:
        _refuse_taken(username, by=user)
        changes |= {
            "username": username,
            "username_key": usernames.key(username),
            "username_look": usernames.look(username),
        }
    if email is not None:
        changes["email"] = email
        if email != user.email:
            changes["email_confirmed"] = False
    if instructions is not None:
        changes["instructions"] = instructions
    try:
        with transaction.atomic():
            # An update, because saving an account that was erased meanwhile would end as a 500.
            if changes and not User.objects.filter(pk=user.pk).update(**changes):
                raise AccountNotFound
    except IntegrityError as error:
        raise UsernameTaken from error
    for name, value in changes.items():
        setattr(user, name, value)
    return user


def password_change(*, user_id: str, current_password: str, new_password: str) -> None:
    """Set a new password, which ends every sign-in and API key of the user.

    Raises WrongPassword, or ValidationError naming `new_password`.
    """
    user = account_get(user_id=user_id)
    if not user.check_password(current_password):
        raise WrongPassword(attr="current_password")
    if problems := passwords.problems(password=new_password, user=user):
        raise ValidationError({"new_password": problems})
    # Guarded by the hash that was checked: of two changes at once, the second matches no row. The
    # new generation also ends tokens that are being refreshed at this moment.
    stored_password = make_password(new_password)
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, password=user.password).update(
            password=stored_password, token_generation=F("token_generation") + 1
        )
        if not changed:
            raise WrongPassword(attr="current_password")
        user.refresh_from_db(fields=["token_generation"])
        user.publish_revocation()


def _refuse_taken(username: str, by: User | None = None) -> None:
    """Refuse a name that another user has, or that looks the same.

    Of two requests at the same moment the unique key lets one through; two that only look alike
    may both get through.
    """
    alike = User.objects.looking_like(username)
    others = alike.exclude(pk=by.pk) if by else alike
    keys = set(others.values_list("username_key", flat=True))
    if usernames.key(username) in keys:
        raise UsernameTaken
    if keys:
        raise UsernameLooksAlike


def _account_id(user_id: str) -> uuid.UUID:
    """The primary key of a subject; raises AccountNotFound, also for other spellings of a UUID."""
    try:
        parsed = uuid.UUID(user_id)
    except ValueError as error:
        raise AccountNotFound from error
    if str(parsed) != user_id:
        raise AccountNotFound
    return parsed
