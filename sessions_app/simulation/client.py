"""One user of the HTTP API: signs in, stays signed in, and tries again after 429 and 503.

Routes are written as in the wire contract, such as `GET /session/{session_id}`.
"""

import secrets
import threading
import time
from collections.abc import Collection
from typing import Any

import httpx

from sessions_app.simulation.measurements import Measurements

REGISTER = "POST /auth/register"
SIGN_IN = "POST /auth/token"
REFRESH = "POST /auth/token/refresh"

TIMEOUT_SECONDS = 30.0
MAX_ATTEMPTS = 10
MAX_WAIT_SECONDS = 90.0
# Statuses that say to try again later.
_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


class RequestFailed(Exception):
    """An unexpected answer, or none after all attempts."""


class Stopped(Exception):
    """The simulation was stopped before this request."""


class ApiClient:
    """One user with a random name and password; used by one thread."""

    def __init__(self, base_url: str, measurements: Measurements, stop: threading.Event) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS)
        self._measurements = measurements
        self._stop = stop
        self._credentials = {
            # Random, so that simulations on one service do not meet each other's users.
            "username": f"simulated-{secrets.token_hex(6)}",
            "password": secrets.token_urlsafe(18),
        }
        self._tokens: dict[str, str] = {}

    @property
    def is_registered(self) -> bool:
        """Whether it has an account, and so tokens."""
        return bool(self._tokens)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def register(self) -> None:
        """Create the account; raises RequestFailed, Stopped."""
        answer = self._attempt(REGISTER, {}, {"json": self._credentials})
        taken = answer.status_code == httpx.codes.BAD_REQUEST
        # An earlier attempt, whose answer was lost, created the account: the name is random.
        if taken and "unique" in _codes(answer):
            answer = self._attempt(SIGN_IN, {}, {"json": self._credentials})
        self._tokens = _body(REGISTER, answer, {200, 201})

    def call(
        self,
        route: str,
        *,
        expect: Collection[int] = (200,),
        json: Any = None,
        params: dict[str, Any] | None = None,
        **ids: str,
    ) -> Any:
        """Call `route` with `ids` in its path; returns the JSON. Raises RequestFailed, Stopped.

        An expired access token is renewed once.
        """
        content: dict[str, Any] = {"json": json, "params": params}
        answer = self._attempt(route, ids, content | self._authorization())
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._renew()
            answer = self._attempt(route, ids, content | self._authorization())
        return _body(route, answer, expect)

    def _authorization(self) -> dict[str, Any]:
        return {"headers": {"Authorization": f"Bearer {self._tokens.get('access')}"}}

    def _renew(self) -> None:
        """Get a new pair of tokens, by password where the refresh token is refused.

        It is refused when it has expired, and when the answer with its successor was lost.
        """
        self._measurements.count("retries")
        answer = self._attempt(REFRESH, {}, {"json": {"refresh": self._tokens.get("refresh")}})
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            answer = self._attempt(SIGN_IN, {}, {"json": self._credentials})
        self._tokens = _body(REFRESH, answer, {200})

    def _attempt(self, route: str, ids: dict[str, str], content: dict[str, Any]) -> httpx.Response:
        """Send a request, again while its answer is lost or says to try later."""
        method, path = route.split(" ")
        problem = ""
        for attempt in range(MAX_ATTEMPTS):
            if attempt:
                self._measurements.count("retries")
            # Between requests only: the service must not be left with half of one.
            if self._stop.is_set():
                raise Stopped
            started = time.perf_counter()
            try:
                answer = self._http.request(method, path.format(**ids), **content)
            except httpx.TransportError as error:
                # Doubling waits: a server that restarts needs a few seconds.
                problem, wait = f"{type(error).__name__}: {error}", min(0.2 * 2**attempt, 5.0)
            else:
                self._measurements.request(route, time.perf_counter() - started)
                if answer.status_code not in _BUSY:
                    return answer
                problem, wait = f"status {answer.status_code}", retry_after(answer)
            # No wait after the last attempt.
            if attempt + 1 < MAX_ATTEMPTS:
                self._stop.wait(wait)
        raise RequestFailed(f"{route}: {problem} after {MAX_ATTEMPTS} attempts")


def retry_after(answer: httpx.Response) -> float:
    """The seconds of `Retry-After` (RFC 9110, 10.2.3), bounded; 1 without the header."""
    header = answer.headers.get("Retry-After", "")
    return min(float(header), MAX_WAIT_SECONDS) if header.isdecimal() else 1.0


def _body(route: str, answer: httpx.Response, expect: Collection[int]) -> Any:
    if answer.status_code not in expect:
        reason = ", ".join(_codes(answer)) or answer.text[:100]
        raise RequestFailed(f"{route}: status {answer.status_code} ({reason})")
    try:
        return answer.json()
    except ValueError as error:
        raise RequestFailed(f"{route}: the answer is not JSON") from error


def _codes(answer: httpx.Response) -> list[str]:
    """The codes of an error body of the wire contract; empty for any other body."""
    try:
        return [str(error["code"]) for error in answer.json()["errors"]]
    except (ValueError, LookupError, TypeError):
        return []
