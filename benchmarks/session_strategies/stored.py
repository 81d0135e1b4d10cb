"""The conversation in MongoDB, in this project's own store; two ways to know who is asking."""

import hashlib
import os
import secrets
import time
import uuid
from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import jwt
from django.conf import settings
from django.http import HttpRequest
from mongoengine import get_db
from rest_framework.exceptions import AuthenticationFailed

from benchmarks.session_strategies.strategy import PAGE, Kept, Message, NotSignedIn, Strategy
from sessions_app.api.authentication import access_token_user
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import messages, sessions

COOKIE = "session"
SIGNED_IN = "signed_in"  # a collection: hash of the cookie → user
# As the service's own default; a benchmark may be in a hurry.
ACCESS_SECONDS = float(os.environ.get("TOKEN_SECONDS", 5 * 60))
_BATCH = 100


class Stored(Strategy):
    """What both have in common: one read for the window, one guarded write for the turn."""

    @abstractmethod
    def user(self, request: HttpRequest) -> str:
        """Who is asking; raises NotSignedIn."""

    def turn(
        self, request: HttpRequest, conversation: str, added: Sequence[Message], key: str
    ) -> Kept:
        """Read the newest, append two messages, once per key."""
        user = self.user(request)
        now = datetime.now(UTC)
        _, newest = sessions.session_get(session_id=conversation, user_id=user, limit=PAGE, now=now)
        appended = messages.message_append_batch(
            session_id=conversation, user_id=user, batch=_drafts(added), now=now, key=key or None
        ).messages
        before = [(one.role.value, one.content) for one in newest]
        return Kept(appended[-1].seq, [*before, *added][-PAGE:])

    def read(self, request: HttpRequest, conversation: str) -> Kept:
        """The newest messages."""
        session, newest = sessions.session_get(
            session_id=conversation,
            user_id=self.user(request),
            limit=PAGE,
            now=datetime.now(UTC),
        )
        return Kept(session.message_count, [(one.role.value, one.content) for one in newest])

    @staticmethod
    def begin(user: str, history: Sequence[Message]) -> str:
        """A session with a history; its id."""
        now = datetime.now(UTC)
        draft = sessions.SessionDraft(history=_drafts(history[:_BATCH]))
        made = sessions.session_create(user_id=user, draft=draft, now=now).session_id
        for start in range(_BATCH, len(history), _BATCH):
            batch = _drafts(history[start : start + _BATCH])
            messages.message_append_batch(session_id=made, user_id=user, batch=batch, now=now)
        return made


class DatabaseBacked(Stored):
    """An opaque cookie; each request looks up whose it is."""

    def user(self, request: HttpRequest) -> str:
        """One more read a request."""
        hashed = _hash(request.COOKIES.get(COOKIE, ""))
        found = get_db()[SIGNED_IN].find_one({"_id": hashed}, {"user_id": 1})
        if found is None:
            raise NotSignedIn
        return str(found["user_id"])

    def start(self, request: HttpRequest, user: str, history: Sequence[Message]) -> Kept:
        """A random cookie, of which only the hash is stored."""
        cookie = secrets.token_urlsafe(24)
        get_db()[SIGNED_IN].insert_one({"_id": _hash(cookie), "user_id": user})
        conversation = self.begin(user, history)
        return Kept(len(history), history[-PAGE:], conversation, cookies={COOKIE: cookie})

    def end(self, request: HttpRequest) -> None:
        """The cookie is worth nothing from now on."""
        self.user(request)
        get_db()[SIGNED_IN].delete_one({"_id": _hash(request.COOKIES[COOKIE])})


class Hybrid(Stored):
    """A short JWT says who is asking; nothing is looked up."""

    def user(self, request: HttpRequest) -> str:
        """As the service does it."""
        try:
            return access_token_user(request.headers.get("Authorization", "")[7:]).id
        except AuthenticationFailed as error:
            raise NotSignedIn from error

    def start(self, request: HttpRequest, user: str, history: Sequence[Message]) -> Kept:
        """An access token, as `POST /auth/token` issues it."""
        ends = datetime.fromtimestamp(time.time() + ACCESS_SECONDS, UTC)
        claims = {
            "token_type": "access",
            "sub": user,
            "exp": ends,
            "iat": ends - timedelta(seconds=ACCESS_SECONDS),
            "jti": uuid.uuid4().hex,
        }
        token = jwt.encode(claims, settings.JWT_SIGNING_KEY, "HS256")
        return Kept(len(history), history[-PAGE:], self.begin(user, history), token=token)

    def end(self, request: HttpRequest) -> None:
        """The refresh token dies (accounts.services); the access token lives out its minutes."""
        self.user(request)


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def _drafts(added: Sequence[Message]) -> list[MessageDraft]:
    return [MessageDraft(role=Role(role), content=content) for role, content in added]
