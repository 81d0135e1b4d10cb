"""Who a client speaks for: an API key, or a sign-in whose tokens are renewed in time."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from chat_sessions_client import errors
from chat_sessions_client.answers import TokenPair
from chat_sessions_client.effects import Answer, Exclusively, Flow, Open, Send, Wait, WireRequest
from chat_sessions_client.errors import ApiError, ChatSessionsError, NotSignedIn, Unreachable
from chat_sessions_client.requests import Request, new_key, reads
from chat_sessions_client.retrying import Patience, Retries

# A token is renewed this long before it ends, so that no request is refused.
_MARGIN_SECONDS = 20.0


class ApiKey:
    """An API key, which is sent as it is."""

    def __init__(self, key: str, *, headers: Mapping[str, str]) -> None:
        self._headers = {**headers, "Authorization": f"Bearer {key}"}

    def sent(self, request: Request[Any], effect: type[Send | Open]) -> Flow[Answer]:
        """The answer to a signed request."""
        answer: Answer = yield effect(request.on_the_wire(self._headers))
        return answer


class SignIn:
    """A pair of tokens, or the username and password that one is bought with.

    `on_tokens` is called with each new pair: whoever stores them can go on later without the
    password. A refresh token is spent once; its renewal has a key, so that a lost answer can be
    asked for again.
    """

    def __init__(
        self,
        *,
        tokens: TokenPair | None,
        password: tuple[str, str] | None,
        headers: Mapping[str, str],
        retries: Retries,
        on_tokens: Callable[[TokenPair], None] | None,
    ) -> None:
        self._headers, self._retries = dict(headers), retries
        self._password, self._on_tokens = password, on_tokens
        self._tokens: TokenPair | None = None
        self._renew_at = 0.0
        self._renewal_key = new_key()
        if tokens:
            self._use(tokens)

    def sent(self, request: Request[Any], effect: type[Send | Open]) -> Flow[Answer]:
        """The answer to a signed request; the tokens are renewed where they have ended."""
        if not request.is_signed:
            answer: Answer = yield effect(request.on_the_wire(self._headers))
            return answer
        if self._is_due():
            yield Exclusively(self._renewed(self._access))
        used = self._access
        answer = yield effect(self._signed(request))
        if answer.status != 401 or _is_about_a_field(answer):
            return answer
        # Ended early: by a change of the password, or by a clock.
        yield Exclusively(self._renewed(used))
        answer = yield effect(self._signed(request))
        return answer

    @property
    def _access(self) -> str:
        return self._tokens["access"] if self._tokens else ""

    def _is_due(self) -> bool:
        return self._tokens is None or time.monotonic() >= self._renew_at

    def _signed(self, request: Request[Any]) -> WireRequest:
        return request.on_the_wire({**self._headers, "Authorization": f"Bearer {self._access}"})

    def _renewed(self, stale: str) -> Flow[None]:
        """Buy new tokens, unless another call has done it while this one waited."""
        if self._access != stale and not self._is_due():
            return
        if self._tokens:
            refresh = {"refresh": self._tokens["refresh"]}
            try:
                pair = yield from self._bought("/auth/token/refresh", refresh)
            except NotSignedIn:
                if self._password is None:
                    raise
            else:
                self._keep(pair)
                return
        assert self._password is not None  # noqa: S101 - a sign-in has tokens or a password
        username, password = self._password
        body = {"username": username, "password": password}
        self._keep((yield from self._bought("/auth/token", body)))

    def _bought(self, path: str, body: Mapping[str, object]) -> Flow[TokenPair]:
        headers = {"Idempotency-Key": self._renewal_key}
        request = Request("POST", path, reads(TokenPair), body=body, headers=headers)
        patience = Patience(self._retries, repeatable=True)
        while True:
            failure: ChatSessionsError
            try:
                answer: Answer = yield Send(request.on_the_wire(self._headers))
                if answer.is_success:
                    return request.read(answer)
                failure = errors.of_answer(answer.status, answer.headers, answer.body)
            except Unreachable as error:
                failure = error
            pause = patience.pause(failure)
            if pause is None:
                raise failure
            yield Wait(pause)

    def _keep(self, pair: TokenPair) -> None:
        self._use(pair)
        self._renewal_key = new_key()
        if self._on_tokens:
            self._on_tokens(pair)

    def _use(self, pair: TokenPair) -> None:
        self._tokens = TokenPair(access=pair["access"], refresh=pair["refresh"])
        self._renew_at = time.monotonic() + _seconds_of(pair["access"])


Account = ApiKey | SignIn


def _is_about_a_field(answer: Answer) -> bool:
    """A wrong password in the body is a 401, too; another token would not help."""
    error: ApiError = errors.of_answer(answer.status, answer.headers, answer.body)
    return error.attr is not None or error.code == "user_erased"


def _seconds_of(access: str) -> float:
    """How long a token is used; by its own lifetime, as this machine's clock may be wrong."""
    try:
        payload = access.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        lifetime = cast("float", claims["exp"] - claims["iat"])
    except (IndexError, KeyError, TypeError, ValueError):
        # Not one of ours, which a refusal will say.
        return float("inf")
    return lifetime - min(_MARGIN_SECONDS, lifetime / 2)
