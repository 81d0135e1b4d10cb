"""Where does the processor time of a request go, in the worker that answers it?

Requests go through the whole WSGI application in this process, on a real `mongod`, and so do views
that stop half-way: a Django view with and without middleware, a DRF view that only authenticates
and counts against the rate limit, one that also reads the body, one that also validates it. Beside
them stands the bare view of `http_append`. Then the parts are called by themselves. What is
measured is this thread's processor time, which other processes disturb less than they do a clock;
waiting for MongoDB is not in it. Each round takes every step in turn; the figure is the lower
quartile.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any

from benchmarks.harness import conversations, report, service, store
from benchmarks.harness.conversations import now

WORDS, LENGTH, PAGE = 60, 200, 50
TEXT = conversations.text(1, WORDS)
BODY = {"role": "user", "content": TEXT}

Application = Callable[..., Iterable[bytes]]
Steps = dict[str, Callable[[], object]]


def main() -> None:
    """Parse, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--calls", type=int, default=50, help="of each step in a round")
    options = parser.parse_args()
    rounds = options.rounds or (10 if options.short else 40)
    result = report.Report("hot_path")
    with store.own_store(options.dir, result) as client:
        user = service.users(1)[0]
        session_id = conversations.create(user.id, LENGTH, words=WORDS)
        steps = _requests(user, session_id) | _parts(user.id, session_id) | _tokens(user)
        client["bare"]["sessions"].update_one({"_id": "1"}, {"$set": {"messages": [BODY] * PAGE}})
        for name, taken in _measured(steps, rounds, options.calls).items():
            result.add(
                name, n=rounds * options.calls, cpu_us=round(report.quantile(taken, 0.25), 1)
            )
    result.table()


def _measured(steps: Steps, rounds: int, calls: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            started = time.thread_time()
            for _ in range(calls):
                step()
            if number:
                taken[name].append((time.thread_time() - started) / calls * 1e6)
    return taken


def _requests(user: service.User, session_id: str) -> Steps:
    """Whole requests, from the least to the service's own."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    from chatproject.wsgi import django as whole

    settings.ROOT_URLCONF = "benchmarks.harness.steps"
    settings.THROTTLE_RATES["user"] = "600000000/min"  # one user, and the counter still counts
    with override_settings(MIDDLEWARE=[]):
        without = WSGIHandler()
    keys = itertools.count()

    def post(path: str, application: Application = whole) -> Callable[[], None]:
        return lambda: _call(application, _environ("POST", path, user.token))

    def keyed() -> None:
        key = {"HTTP_IDEMPOTENCY_KEY": f"sent-{next(keys)}"}
        _call(whole, _environ("POST", f"/session/{session_id}/message", user.token) | key)

    def get(path: str, application: Application = whole) -> Callable[[], None]:
        return lambda: _call(application, _environ("GET", path, user.token))

    return {
        "request: Django view, no middleware": post("/steps/plain", without),
        "request: Django view": post("/steps/plain"),
        "request: DRF view, token, rate limit": post("/steps/nothing"),
        "request: … and body read": post("/steps/parsed"),
        "request: … and validated": post("/steps/validated"),
        "request: POST message": post(f"/session/{session_id}/message"),
        "request: POST message with key": keyed,
        "request: POST message, bare view": post("/m/0", without),
        "request: GET session": get(f"/session/{session_id}"),
        "request: GET session, bare view": get("/m/1", without),
    }


def _parts(user_id: str, session_id: str) -> Steps:
    """What a request calls, by itself."""
    import orjson
    from django.urls import resolve

    from sessions_app.api.wire import sessions as wire
    from sessions_app.domain.data import Role
    from sessions_app.domain.drafts import MessageDraft
    from sessions_app.repository import log
    from sessions_app.repository.log import replays
    from sessions_app.services import messages, sessions

    who: Mapping[str, Any] = {"session_id": session_id, "user_id": user_id}
    keys = itertools.count()
    draft = MessageDraft(Role.USER, TEXT)
    prepared = messages.message_prepare(draft=draft, now=now())
    header, newest = sessions.session_get(**who, limit=PAGE, now=now())
    stored = [log.encode_message(one) for one in newest]
    shown = wire.session_with_messages(header, newest)

    def keyed() -> MessageDraft:
        return MessageDraft(Role.USER, TEXT, client_id=f"part-{next(keys)}")

    return {
        "part: message_append": lambda: messages.message_append(**who, draft=draft, now=now()),
        "part: message_append with key": lambda: messages.message_append(
            **who, draft=keyed(), now=now()
        ),
        "part: look for a key in buckets": lambda: replays.find_in_buckets(
            session_id, [f"no-{next(keys)}"]
        ),
        "part: message_prepare (tokens)": lambda: messages.message_prepare(draft=draft, now=now()),
        "part: stored_message (validation)": lambda: log.encode_message(prepared),
        "part: session_get of 50": lambda: sessions.session_get(**who, limit=PAGE, now=now()),
        "part: 50 messages from storage": lambda: log.decode_messages(stored, 1),
        "part: 50 messages for the wire": lambda: wire.session_with_messages(header, newest),
        "part: 50 messages as JSON": lambda: orjson.dumps(shown),
        "part: resolve the route": lambda: resolve(f"/session/{session_id}/message"),
    }


def _tokens(user: service.User) -> Steps:
    """Knowing the bearer of an access token, as the service does and as SimpleJWT would."""
    from django.http import HttpRequest
    from rest_framework_simplejwt.tokens import AccessToken

    from accounts.authentication import BearerAuthentication

    class Verifying(BearerAuthentication):
        def get_validated_token(self, raw_token: bytes) -> Any:
            return AccessToken(raw_token)

    request: Any = HttpRequest()
    request.META = _environ("GET", "/session", user.token)
    kinds = {
        "part: token, verified once and remembered": BearerAuthentication,
        "part: token, verified each time": Verifying,
    }
    return {name: lambda kind=kind: kind().authenticate(request) for name, kind in kinds.items()}


def _environ(method: str, path: str, token: str) -> dict[str, Any]:
    raw = json.dumps(BODY).encode() if method == "POST" else b""
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(raw)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.input": BytesIO(raw),
    }


def _call(application: Application, environ: dict[str, Any]) -> None:
    statuses: list[str] = []
    answer = application(environ, lambda status, _headers: statuses.append(status))
    b"".join(answer)
    answer.close()  # type: ignore[attr-defined]
    if not statuses[0].startswith("20"):
        raise RuntimeError(f"{environ['PATH_INFO']}: {statuses[0]}")


if __name__ == "__main__":
    main()
