"""Access tokens that are dead before their end: after a new password, a deactivation, an erasure.

A token is verified without its account's row, so every worker keeps the few revocations that are
younger than the longest life of a token, and reads what has changed several times a second. The
worker that revokes knows at once.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.utils.crypto import salted_hmac

from sessions_app import clock
from sessions_app.domain.errors import SessionError
from sessions_app.domain.limits import ACCESS_TOKEN_MAX_MINUTES
from sessions_app.repository import revocations
from sessions_app.repository.revocations import Revoked

FRESH_SECONDS = 0.5
# With room for leeways and clocks that differ; what is read twice does no harm.
_KEPT = timedelta(minutes=ACCESS_TOKEN_MAX_MINUTES + 2)
_OVERLAP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who shows a token, and which generation of their account it was made for."""

    user_id: str
    generation: int
    # The sign-in that the token comes from; empty for an API key or another issuer's token.
    sign_in: str = ""


class _Known:
    """The revocations that this process knows of."""

    def __init__(self) -> None:
        # Until then this process knows of none: what each request asks first.
        self.none_until = float("-inf")
        self.is_being_read = False
        self._revoked: dict[str, Revoked] = {}
        self._read_at = float("-inf")
        self._since: datetime | None = None
        self._lock = threading.Lock()

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self._read_at < FRESH_SECONDS

    def add(self, changed: Mapping[str, Revoked]) -> None:
        with self._lock:
            self._merge(changed)
            self.none_until = float("-inf")

    def get(self, user_hash: str) -> Revoked | None:
        return self._revoked.get(user_hash)

    def read(self, now: datetime) -> None:
        """Read what has changed; raises StorageUnavailable. Two threads may read at once."""
        asked_at = time.monotonic()
        changed = revocations.changed_since(self._since or now - _KEPT)
        with self._lock:
            self._merge(changed)
            self._read_at, self._since = asked_at, now - _OVERLAP
            ended = [key for key, each in self._revoked.items() if each.expires_at < now]
            for key in ended:
                del self._revoked[key]
            self.none_until = float("-inf") if self._revoked else asked_at + FRESH_SECONDS

    def _merge(self, changed: Mapping[str, Revoked]) -> None:
        # What was read may be older than what this process has stored meanwhile.
        for user_hash, revoked in changed.items():
            known_before = self._revoked.get(user_hash)
            if known_before is None or known_before.changed_at <= revoked.changed_at:
                self._revoked[user_hash] = revoked

    def forget(self) -> None:
        with self._lock:
            self._revoked, self._since = {}, None
            self._read_at = self.none_until = float("-inf")


known = _Known()


def revoke(bearer: Bearer, *, is_barred: bool, now: datetime) -> None:
    """Make tokens of generations before the bearer's dead, or, if barred, every one."""
    revoked = Revoked(bearer.generation, is_barred, now, now + _KEPT)
    revocations.store(user_hash=_hash(bearer.user_id), revoked=revoked)
    known.add({_hash(bearer.user_id): revoked})


def bar(name: str, *, now: datetime) -> None:
    """Make every token dead of a user who is being erased, or of a sign-in that has ended."""
    revocations.bar(user_hash=_hash(name), changed_at=now, expires_at=now + _KEPT)
    known.add({_hash(name): Revoked(0, True, now, now + _KEPT)})


def is_revoked(bearer: Bearer) -> bool:
    """Whether the bearer's token is dead; raises StorageUnavailable."""
    if not known.is_fresh:
        known.read(clock.now())
    return _is_known_revoked(bearer)


async def is_revoked_meanwhile(bearer: Bearer) -> bool:
    """The same on the event loop, of a request that goes on; a pause of MongoDB ends none."""
    # One stream reads for all of them.
    if not (known.is_fresh or known.is_being_read):
        known.is_being_read = True
        try:
            with suppress(SessionError):
                await asyncio.to_thread(known.read, clock.now())
        finally:
            known.is_being_read = False
    return _is_known_revoked(bearer)


def forget() -> None:
    """Drop what this worker knows, so that it is as a new process."""
    known.forget()


def _is_known_revoked(bearer: Bearer) -> bool:
    for name in filter(None, (bearer.user_id, bearer.sign_in)):
        revoked = known.get(_hash(name))
        if revoked and (revoked.is_barred or bearer.generation < revoked.generation):
            return True
    return False


@lru_cache(maxsize=4_096)
def _hash(name: str) -> str:
    # The salt separates this key from Django's other uses of SECRET_KEY.
    return salted_hmac("sessions_app.revocations", name, algorithm="sha256").hexdigest()
