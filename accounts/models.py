"""Users and their API keys, applications and their service keys."""

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models, transaction
from uuid_utils.compat import uuid7

from accounts import usernames
from accounts.managers import UserManager
from sessions_app import clock
from sessions_app.domain import applications
from sessions_app.domain.quotas import Usage
from sessions_app.services import revocations

KEY_NAME_MAX_CHARS = 100
DEVICE_MAX_CHARS = 200
INSTRUCTIONS_MAX_CHARS = 4_000
# Fields whose change makes tokens dead, or good again.
_REVOKING = frozenset({"password", "token_generation", "is_active"})


def new_user_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562, 5.7): ids grow with time, so the index grows at its end."""
    return uuid7()


class User(AbstractUser):
    """An account; `str(id)` is the `user_id` of everything that its user owns.

    `username_key` is unique. It and `username_look` are set by `save()`; a queryset's `update()`
    must set them together with `username`. A token names its `token_generation`, and is dead in any
    other.
    """

    id = models.UUIDField(primary_key=True, default=new_user_id, editable=False)
    username = models.CharField(
        max_length=usernames.MAX_CHARS,
        unique=True,
        validators=[
            usernames.allowed_characters,
            usernames.visible_letters,
            usernames.one_script_a_word,
        ],
        help_text="150 characters or fewer: letters, digits and @ . + - _",
        error_messages={"unique": "A user with that username already exists."},
    )
    username_key = models.CharField(max_length=usernames.MAX_KEY_CHARS, unique=True, editable=False)
    # Not unique: accounts that were there before the rule may look alike.
    username_look = models.CharField(
        max_length=usernames.LOOK_CHARS, db_index=True, default="", editable=False
    )
    token_generation = models.PositiveIntegerField(default=0, editable=False)

    # Whether a link that was mailed to `email` has been opened.
    email_confirmed = models.BooleanField(default=False, editable=False)

    # What the user wants models to know in every chat.
    instructions = models.TextField(
        max_length=INSTRUCTIONS_MAX_CHARS, blank=True, default="", db_default=""
    )

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        ordering = ["id"]  # oldest first: ids grow with time

    def clean(self) -> None:
        super().clean()
        # The unique constraint would refuse it too, but as a 500 of the admin.
        namesakes = User.objects.filter(username_key=usernames.key(self.username or ""))
        if namesakes.exclude(pk=self.pk).exists():
            message = "A user with that username already exists."
            raise ValidationError({"username": ValidationError(message, code="unique")})
        if User.objects.looking_like(self.username or "").exclude(pk=self.pk).exists():
            message = "That username looks like another user's."
            raise ValidationError({"username": ValidationError(message, code="look_alike")})

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Store the user; `username_key` follows `username`."""
        self.username = usernames.normalize(self.username)
        self.username_key = usernames.key(self.username)
        self.username_look = usernames.look(self.username)
        is_new = self._state.adding
        if update_fields is not None and "username" in (update_fields := set(update_fields)):
            update_fields |= {"username_key", "username_look"}
        with transaction.atomic():
            super().save(update_fields=update_fields, **kwargs)
            if not is_new and (update_fields is None or _REVOKING & set(update_fields)):
                self.publish_revocation()

    def publish_revocation(self) -> None:
        """Tell all workers which tokens are dead; within the transaction that changes the row.

        A revocation that cannot be stored undoes the change. One whose transaction fails in the
        end makes its user refresh a token, at worst until the revocation ends.
        """
        bearer = revocations.Bearer(str(self.pk), self.token_generation)
        revocations.revoke(bearer, is_barred=not self.is_active, now=clock.now())

    def set_password(self, raw_password: str | None) -> None:
        # Here, so that a password set in the admin or by a command ends every sign-in too.
        super().set_password(raw_password)
        self._end_sign_ins()

    def set_unusable_password(self) -> None:
        super().set_unusable_password()
        self._end_sign_ins()

    def check_password(self, raw_password: str | None) -> bool:
        generation = self.token_generation
        correct = super().check_password(raw_password)
        # Django may have stored the same password under newer hash parameters: no sign-in ends.
        self.token_generation = generation
        return correct

    def _end_sign_ins(self) -> None:
        if not self._state.adding:
            self.token_generation += 1


class ApiKey(models.Model):
    """A key that a user made for a program. `shown` is its beginning, to tell keys apart.

    It is dead once its user's `token_generation` differs from `user_generation`.
    """

    id = models.UUIDField(primary_key=True, default=new_user_id, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=KEY_NAME_MAX_CHARS)
    shown = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    user_generation = models.PositiveIntegerField()
    # Whether model calls that name no session are refused.
    require_session = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]  # oldest first: ids grow with time

    def __str__(self) -> str:
        return f"{self.name} ({self.shown}…)"


class SignIn(models.Model):
    """A device that signed in, and the family of refresh tokens that it got one after the other.

    It is dead once it has ended, or its user's `token_generation` differs from `user_generation`.
    """

    class End(models.TextChoices):
        SIGNED_OUT = "signed_out"
        REUSED = "reused"  # a spent token of the family was shown again

    id = models.UUIDField(primary_key=True, default=new_user_id, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="sign_ins")
    user_generation = models.PositiveIntegerField()
    device = models.CharField(max_length=DEVICE_MAX_CHARS, blank=True)
    started_at = models.DateTimeField()
    used_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=16, blank=True, choices=End.choices)

    class Meta:
        ordering = ["id"]  # oldest first: ids grow with time

    def __str__(self) -> str:
        return self.device or str(self.pk)


class Application(models.Model):
    """A program with users of its own; `id` is the namespace of everything that they own.

    Quotas of 0 are none. Those of each user hold beside the ones of the settings, which hold for
    all users; the smaller counts.
    """

    id = models.UUIDField(primary_key=True, default=new_user_id, editable=False)
    name = models.CharField(max_length=KEY_NAME_MAX_CHARS, unique=True)
    is_active = models.BooleanField(
        default=True, help_text="Keys of an inactive application are refused."
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    requests_a_minute = models.PositiveIntegerField(
        default=0, help_text="0: as THROTTLE_APPLICATION says."
    )
    sessions = models.PositiveBigIntegerField(default=0)
    messages_a_day = models.PositiveBigIntegerField(default=0)
    tokens_a_day = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    user_sessions = models.PositiveBigIntegerField(default=0)
    user_messages_a_day = models.PositiveBigIntegerField(default=0)
    user_tokens_a_day = models.PositiveBigIntegerField(default=0)
    user_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def quotas(self) -> applications.Quotas:
        """Of the whole application, and of each of its users."""
        together = Usage(sessions=self.sessions, bytes=self.bytes)
        each = Usage(sessions=self.user_sessions, bytes=self.user_bytes)
        return applications.Quotas(
            applications.Limits(together, self.messages_a_day, self.tokens_a_day),
            applications.Limits(each, self.user_messages_a_day, self.user_tokens_a_day),
        )


class ServiceKey(models.Model):
    """A key of an application. `shown` is its beginning, to tell keys apart.

    Several are valid side by side, so that one can be replaced without a pause. Keys are revoked,
    never deleted: until when one was good stays known.
    """

    id = models.UUIDField(primary_key=True, default=new_user_id, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="keys")
    name = models.CharField(max_length=KEY_NAME_MAX_CHARS)
    shown = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    require_session = models.BooleanField(
        default=False, help_text="Refuse model calls that name no session."
    )
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["id"]  # oldest first: ids grow with time

    def __str__(self) -> str:
        return f"{self.name} ({self.shown}…)"
