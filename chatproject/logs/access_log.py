"""A line for each request: who asked which route, and how it was answered."""

import logging
import re
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

from chatproject.logs.log_format import user_hash

logger = logging.getLogger("chat.access")

# Probes come every few seconds; only those that fail are told.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
# An id of ours: anything else in a path may be text.
_ID = re.compile(
    r"(?:conv_)?[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)


def log(
    *,
    route: str,
    method: str,
    status: int,
    seconds: float,
    request_id: str = "",
    session_id: str = "",
    user: str = "",
) -> None:
    """Log an answered request; `route` is the template, never the path."""
    if not settings.ACCESS_LOG or (route in _PROBES and status < HTTPStatus.BAD_REQUEST):
        return
    if not logger.isEnabledFor(logging.INFO):
        return
    milliseconds = round(seconds * 1_000, 1)
    # As `logger.info`, but without looking for the line of code that calls.
    record = logger.makeRecord(
        logger.name,
        logging.INFO,
        "",
        0,
        "%s %s %d %.1f ms%s%s",
        (
            method, route, status, milliseconds,
            f" user {user}" if user else "", f" session {session_id}" if session_id else "",
        ),
        None,
        extra={
            "route": route, "method": method, "status": status, "duration_ms": milliseconds,
            "user": user, "session_id": session_id, "request_id": request_id,
        },
    )  # fmt: skip
    logger.handle(record)


def session_of(values: dict[str, Any]) -> str:
    """The session that a route or an answer names, if it is an id of ours."""
    for name in ("session_id", "conversation_id", "X-Session-Id"):
        if _ID.fullmatch(str(values.get(name, ""))):
            return str(values[name])
    return ""


def user_of(request: HttpRequest) -> str:
    """The hash of the user that the view has found; nobody is looked up for it."""
    session = getattr(request, "session", None)
    user: Any = getattr(request, "user", None)
    is_known = "HTTP_AUTHORIZATION" in request.META or (session is not None and session.accessed)
    if not is_known or not getattr(user, "is_authenticated", False):
        return ""
    return user_hash(user.pk)


def answered(
    request: HttpRequest, response: HttpResponseBase, *, route: str, method: str, seconds: float
) -> None:
    """Log what Django has answered, but for a Host that is not allowed, which has its line."""
    match = request.resolver_match
    if match is None:
        try:
            request.get_host()
        except DisallowedHost:
            return
    named = {**(match.kwargs if match else {}), "X-Session-Id": response.get("X-Session-Id", "")}
    log(
        route=route,
        method=method,
        status=response.status_code,
        seconds=seconds,
        session_id=session_of(named),
        user=user_of(request),
    )
