"""The routes that all strategies share."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

from benchmarks.session_strategies import variants
from benchmarks.session_strategies.strategy import Kept, NotSignedIn

STRATEGY = variants.make(settings.SESSION_STRATEGY)
View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Answer 401 where the strategy knows nobody."""

    @wraps(view)
    def guarded(request: HttpRequest, conversation: str = "") -> HttpResponse:
        try:
            return view(request, conversation)
        except NotSignedIn:
            return _json(b"{}", status=401)

    return guarded


def healthz(request: HttpRequest) -> HttpResponse:
    """Ready; a page, so that a browser can stand on it."""
    return HttpResponse("<!doctype html><title>ready</title>")


def start(request: HttpRequest) -> HttpResponse:
    """Sign in with a history."""
    body = orjson.loads(request.body)
    return _answer(STRATEGY.start(request, body["user"], _messages(body["messages"])))


@signed_in
def turn(request: HttpRequest, conversation: str) -> HttpResponse:
    """A question and its answer; only the answer and the count come back."""
    body = orjson.loads(request.body)
    key = request.headers.get("Idempotency-Key", "")
    added = [("user", body["question"]), ("assistant", body["answer"])]
    kept = STRATEGY.turn(request, conversation, added, key)
    return _answer(kept, reply=body["answer"])


@signed_in
def read(request: HttpRequest, conversation: str) -> HttpResponse:
    """The newest messages."""
    kept = STRATEGY.read(request, conversation)
    return _answer(kept, messages=kept.newest)


@signed_in
def end(request: HttpRequest, conversation: str) -> HttpResponse:
    """Sign out."""
    STRATEGY.end(request)
    return _json(b"{}")


def _messages(given: list[list[str]]) -> list[tuple[str, str]]:
    return [(role, content) for role, content in given]


def _answer(kept: Kept, **more: Any) -> HttpResponse:
    body = {"count": kept.count, "conversation": kept.conversation, **more}
    if kept.token:
        body["token"] = kept.token
    response = _json(orjson.dumps(body))
    for name, value in kept.cookies.items():
        response.set_cookie(name, value, httponly=True, samesite="Lax")
    return response


def _json(raw: bytes, status: int = 200) -> HttpResponse:
    headers = {"Content-Length": str(len(raw))}
    return HttpResponse(raw, content_type="application/json", status=status, headers=headers)


urlpatterns = [
    path("healthz", healthz),
    path("start", start),
    path("turn", turn),
    path("turn/<conversation>", turn),
    path("messages", read),
    path("messages/<conversation>", read),
    path("end", end),
]
