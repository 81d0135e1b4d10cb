"""What both clients share of httpx: settings, requests, and errors in this library's words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from chat_sessions_client.accounts import Account, ApiKey, SignIn
from chat_sessions_client.answers import TokenPair
from chat_sessions_client.calls import Service
from chat_sessions_client.effects import Answer, WireRequest
from chat_sessions_client.errors import Unreachable
from chat_sessions_client.requests import END_USER
from chat_sessions_client.retrying import Retries

# A stream sends a heartbeat every 12 seconds; after 30 of nothing the connection is broken.
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
# Nothing of these has reached the service.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def service_of(
    *,
    api_key: str | None,
    end_user: str | None,
    tokens: TokenPair | None,
    username: str | None,
    password: str | None,
    on_tokens: Any,
    headers: Mapping[str, str] | None,
    retries: Retries | None,
) -> Service:
    """The service, as the account of these arguments reaches it."""
    retries, sent = retries or Retries(), dict(headers or {})
    both = (username, password) if username is not None and password is not None else None
    if end_user is not None:
        if api_key is None:
            raise TypeError("An end_user is named with a service key as the api_key.")
        sent[END_USER] = end_user
    if (api_key is None) == (tokens is None and both is None):
        raise TypeError("Pass an api_key, or tokens, or a username and a password.")
    account: Account
    if api_key is not None:
        account = ApiKey(api_key, headers=sent)
    else:
        account = SignIn(
            tokens=tokens, password=both, headers=sent, retries=retries, on_tokens=on_tokens
        )
    return Service(account, retries)


def request_of(
    http: httpx.Client | httpx.AsyncClient, base_url: str, request: WireRequest
) -> httpx.Request:
    """A request of httpx."""
    return http.build_request(
        request.method,
        f"{base_url}{request.path}",
        params=request.query or None,
        # UTF-8, in which an end user's id may be anything; httpx would take ASCII only.
        headers={name.encode(): text.encode() for name, text in request.headers.items()},
        content=request.body,
    )


def answer_of(response: httpx.Response, body: bytes = b"") -> Answer:
    """An answer of httpx."""
    headers = {name.lower(): text for name, text in response.headers.items()}
    return Answer(response.status_code, headers, body)


@contextmanager
def unreachable() -> Iterator[None]:
    """Raise Unreachable for what httpx raises when the connection fails."""
    try:
        yield
    except httpx.TransportError as error:
        was_sent = not isinstance(error, _NOT_SENT)
        raise Unreachable(str(error) or type(error).__name__, was_sent=was_sent) from error
