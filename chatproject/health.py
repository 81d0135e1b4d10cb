"""Whether the process is up, and whether what it depends on is."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from http import HTTPStatus

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chatproject import disk
from sessions_app import clock, encoders
from sessions_app.http.waiting import Waits, waits
from sessions_app.repository import health

# Load balancers commonly wait two seconds; both checks together stay below that.
MONGODB_MS = 1_000
ACCOUNTS_SECONDS = 1.5

# One thread: a check of a silent database may hang, and later ones must not take more threads.
_accounts_check = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readyz")


@waits(Waits.FOR_NOTHING)
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when a MongoDB primary and the accounts database answer; else 503, naming which.

    A missing encoder does not make it 503: older messages are then ranked by their words. Nor does
    a full disk, on which reads go on. Clock and disk are named when something is wrong with them.
    """
    deadline = time.monotonic() + ACCOUNTS_SECONDS
    # A server that went silent hangs its client; a file on this machine does not.
    remote = connection.vendor != "sqlite"
    check = _accounts_check.submit(_ask_accounts_and_close) if remote else None
    parts = {
        "mongodb": health.primary_is_up(MONGODB_MS),
        "accounts": _in_time(check, deadline) if check else _ask_accounts(),
    }
    if not clock.is_right():
        parts["clock"] = False
    ready = all(parts.values())
    body = {"status": "ok" if ready else "unavailable"}
    parts["encoder"] = encoders.available()
    body |= {name: "ok" if available else "unavailable" for name, available in parts.items()}
    if not clock.is_right():
        body["clock"] = f"{clock.off_by():+.0f} s from MongoDB's"
    if disk.is_short():
        # Reads go on, so it stays in service.
        body["disk"] = "full"
    return JsonResponse(body, status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)


def _in_time(check: "Future[bool]", deadline: float) -> bool:
    try:
        return check.result(timeout=max(deadline - time.monotonic(), 0.01))
    except FutureTimeoutError:
        check.cancel()
        return False


def _ask_accounts() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        return False


def _ask_accounts_and_close() -> bool:
    # Outside of requests Django does not close connections; a new one also proves more.
    try:
        return _ask_accounts()
    finally:
        connection.close()
