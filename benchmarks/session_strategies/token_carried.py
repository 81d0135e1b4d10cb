"""Token-based: a signed JWT carries the whole conversation, and the server keeps nothing."""

import base64
import json
import os
import time
import zlib
from collections.abc import Sequence

import jwt
from django.conf import settings
from django.http import HttpRequest

from benchmarks.session_strategies.strategy import PAGE, Kept, Message, NotSignedIn, Strategy

COOKIE = "conversation"
# The conversation lives no longer than its token: 30 days, unless a benchmark is in a hurry.
SECONDS = float(os.environ.get("TOKEN_SECONDS", 30 * 86_400))


class TokenCarried(Strategy):
    """In a cookie, or in `Authorization` with the next token in the answer's body."""

    def __init__(self, *, cookie: bool = False, compressed: bool = False) -> None:
        self._cookie, self._compressed = cookie, compressed

    def start(self, request: HttpRequest, user: str, history: Sequence[Message]) -> Kept:
        """A token with the history."""
        return self._kept(user, list(history))

    def turn(
        self, request: HttpRequest, conversation: str, added: Sequence[Message], key: str
    ) -> Kept:
        """The next token, with two messages more."""
        user, messages = self._read(request)
        return self._kept(user, [*messages, *added])

    def read(self, request: HttpRequest, conversation: str) -> Kept:
        """What the client itself has sent."""
        _, messages = self._read(request)
        return Kept(len(messages), messages[-PAGE:])

    def end(self, request: HttpRequest) -> None:
        """A signature stays right: all that the server could do is ask the client to forget."""
        self._read(request)

    def _read(self, request: HttpRequest) -> tuple[str, list[Message]]:
        raw = request.COOKIES.get(COOKIE) or request.headers.get("Authorization", "")[7:]
        try:
            claims = jwt.decode(raw, settings.JWT_SIGNING_KEY, ["HS256"])
        except jwt.InvalidTokenError as error:
            raise NotSignedIn from error
        carried = claims["messages"]
        if self._compressed:
            carried = json.loads(zlib.decompress(base64.b64decode(carried)))
        return claims["sub"], [(role, content) for role, content in carried]

    def _kept(self, user: str, messages: list[Message]) -> Kept:
        carried: object = messages
        if self._compressed:
            text = json.dumps(messages, separators=(",", ":"), ensure_ascii=False)
            carried = base64.b64encode(zlib.compress(text.encode())).decode()
        claims = {"sub": user, "exp": time.time() + SECONDS, "messages": carried}
        token = jwt.encode(claims, settings.JWT_SIGNING_KEY, "HS256")
        if self._cookie:
            return Kept(len(messages), messages[-PAGE:], cookies={COOKIE: token})
        return Kept(len(messages), messages[-PAGE:], token=token)
