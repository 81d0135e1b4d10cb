"""The id of a request: the client's or a proxy's own, or a new one; in its answer and the log."""

import re
import secrets

from django.http import HttpRequest

from sessions_app.request_context import REQUEST_ID_HEADER as HEADER

__all__ = ["HEADER", "META", "accepted", "is_named", "request_id_of"]

META = "HTTP_X_REQUEST_ID"
# What is safe to repeat in a header, a log and a page.
_ALLOWED = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
# Enough to tell requests apart; the header is part of each of a page's fifty answers.
_RANDOM_BYTES = 12


def accepted(sent: str) -> str:
    """The id that was sent along, if it may be repeated; else a new one."""
    return sent if _ALLOWED.fullmatch(sent) else secrets.token_urlsafe(_RANDOM_BYTES)


def request_id_of(request: HttpRequest) -> str:
    """The id of a request, which it keeps."""
    request_id = accepted(request.META.get(META, ""))
    request.META[META] = request_id
    return request_id


def is_named(request: HttpRequest) -> bool:
    """Whether a request has brought an id, or been given one by the server."""
    return META in request.META
