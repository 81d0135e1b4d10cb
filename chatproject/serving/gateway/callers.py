"""Who asks, as far as the gateway has to know it before a request begins.

API keys are looked up here, on threads of their own: whatever a request waits for later, it holds
no connection of the accounts database meanwhile, and an accounts database that does not answer
keeps nobody else waiting.
"""

import hashlib
from typing import Any

from django.db import DatabaseError, close_old_connections
from rest_framework.exceptions import APIException
from rest_framework_simplejwt.exceptions import TokenError

from accounts.authentication import KEY_PREFIXES, KNOWN_KEY, KnownKey, known_key
from accounts.models import ApiKey, ServiceKey
from sessions_app.api.authentication import RememberedAccessToken
from sessions_app.http import uploads


def bearer(environ: dict[str, Any]) -> str:
    """The token or key of a request; empty without one."""
    scheme, _, credential = environ.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else ""


def has_api_key(environ: dict[str, Any]) -> bool:
    """Whether the request comes with an API key or a service key, good or bad."""
    return bearer(environ).startswith(KEY_PREFIXES)


def look_up_key(environ: dict[str, Any]) -> None:
    """Look the request's API key up, and note what came of it for the view; on a thread."""
    try:
        environ[KNOWN_KEY] = known_key(bearer(environ))
    except (APIException, DatabaseError) as error:
        environ[KNOWN_KEY] = KnownKey(error=error)
    finally:
        close_old_connections()


def may_send(environ: dict[str, Any]) -> bool:
    """Whether a large body is wanted of this client; on a thread."""
    try:
        return uploads.ask(environ)
    finally:
        close_old_connections()


def caller_of(environ: dict[str, Any], address: str) -> str:
    """A name for who asks, so that one user has one share however many tokens they have.

    A token that is not ours, or not valid, stands for itself. The address, where there is none.
    """
    known = environ.get(KNOWN_KEY)
    if isinstance(known, KnownKey) and isinstance(known.key, ApiKey):
        return str(known.key.user_id)
    if isinstance(known, KnownKey) and isinstance(known.key, ServiceKey):
        # Whoever the application speaks for, as far as its header says, has a share of their own.
        end_user = environ.get("HTTP_X_END_USER", "")
        return f"{known.key.application_id}/{_digest(end_user)}"
    credential = bearer(environ)
    if not credential:
        return address
    try:
        return str(RememberedAccessToken(credential.encode("latin-1", "replace"))["sub"])
    except (TokenError, KeyError):
        return _digest(credential)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("latin-1", "replace"), digest_size=12).hexdigest()
