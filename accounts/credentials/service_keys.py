"""Service keys: what an application authenticates with, for users of its own.

As with API keys, a key is 256 random bits and shown once; its plain SHA-256 is stored. Staff make
and revoke keys; several keys of one application are good at a time, so that one can be replaced.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.credentials.api_keys import LAST_USE_PRECISION, digest, new_secret
from accounts.models import KEY_NAME_MAX_CHARS, Application, ServiceKey
from sessions_app.api.authentication import TokenNotValid
from sessions_app.domain.applications import Scope
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.domain.texts import text
from sessions_app.services import quotas

PREFIX = "sk_app_"
SHOWN_CHARS = len(PREFIX) + 4


@dataclass(frozen=True, slots=True)
class NewServiceKey:
    """`key` is the only copy of the secret; `stored_key` has its digest."""

    stored_key: ServiceKey
    key: str


def application_open(*, name: str) -> Application:
    """The application of this name, made if need be; raises InvalidInput."""
    if not 1 <= len(name) <= KEY_NAME_MAX_CHARS or not text.is_text(name) or name != name.strip():
        message = f"A name has 1 to {KEY_NAME_MAX_CHARS} characters, and no spaces at its ends."
        raise InvalidInput(message, attr="name")
    try:
        with transaction.atomic():
            return Application.objects.get_or_create(name=name)[0]
    except IntegrityError:
        # Another process has made it at this moment.
        return Application.objects.get(name=name)


def service_key_make(
    *,
    application: Application,
    name: str,
    scopes: Sequence[Scope],
    now: datetime,
    require_session: bool = False,
    expires_at: datetime | None = None,
) -> NewServiceKey:
    """Make a key for an application; raises InvalidInput where it could be used for nothing."""
    if not scopes:
        raise InvalidInput("A key needs at least one scope.", attr="scopes")
    key = new_secret(PREFIX)
    stored_key = ServiceKey.objects.create(
        application=application,
        name=name[:KEY_NAME_MAX_CHARS],
        shown=key[:SHOWN_CHARS],
        digest=digest(key),
        scopes=sorted({scope.value for scope in scopes}),
        require_session=require_session,
        created_at=to_milliseconds(now),
        expires_at=expires_at,
    )
    return NewServiceKey(stored_key, key)


def ends_in(days: int | None, *, now: datetime) -> datetime | None:
    """When a key ends that is made for so many days."""
    return None if days is None else to_milliseconds(now) + timedelta(days=days)


def service_key_revoke(*, key_id: str, now: datetime) -> ServiceKey:
    """End a key for good, at once; one that has ended stays as it is. Raises InvalidInput."""
    try:
        key_uuid = uuid.UUID(key_id)
    except ValueError as error:
        raise InvalidInput("There is no such service key.", attr="key_id") from error
    ServiceKey.objects.filter(pk=key_uuid, revoked_at=None).update(revoked_at=to_milliseconds(now))
    stored_key = ServiceKey.objects.filter(pk=key_uuid).first()
    if stored_key is None:
        raise InvalidInput("There is no such service key.", attr="key_id")
    return stored_key


def service_key_verify(key: str, *, now: datetime) -> ServiceKey:
    """The stored key and its application, in one query; raises TokenNotValid.

    From here on this process knows the application's quotas.
    """
    stored_key = (
        ServiceKey.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            digest=digest(key),
            revoked_at=None,
            application__is_active=True,
        )
        .select_related("application")
        .first()
    )
    if stored_key is None:
        raise TokenNotValid
    application = stored_key.application
    quotas.applications.remember(str(application.pk), application.quotas)
    last_used_at = stored_key.last_used_at
    if last_used_at is None or now - last_used_at >= LAST_USE_PRECISION:
        ServiceKey.objects.filter(pk=stored_key.pk).update(last_used_at=now)
    return stored_key
