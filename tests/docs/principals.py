"""Who may call which route: asked of the service itself, route by route, for docs/security.md.

Each request is sent with an empty body, so one that is let in changes little; a stranger's with a
right one, so that nothing else is wrong with it. What is told is what becomes of it: `401`, `403`,
`404`, `405`, the page to sign in, or that it is let in.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import get_resolver
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.credentials import api_keys, service_keys
from accounts.credentials.tokens import AccountRefreshToken
from accounts.models import Application, ServiceKey, User
from sessions_app import clock
from sessions_app.domain.applications import Scope
from sessions_app.services import attachments
from tests.accounts.conftest import PASSWORD, bearer, person
from tests.docs import routes
from tests.files import picture

LET_IN, SIGN_IN = "yes", "sign-in"
_REFUSALS = {401, 403, 404, 405}
# Of another user's things, that they are there is not told.
STRANGER, OTHER_APPLICATION = "another user", "another application"
OWN_SERVICE_KEY = "own service key"
API_PRINCIPALS = (
    "nobody",
    STRANGER,
    OTHER_APPLICATION,
    "own API key",
    OWN_SERVICE_KEY,
    "own token",
)
ADMIN_PRINCIPALS = ("nobody", "user", "staff", "reviewer", "lead reviewer", "superuser")
END_USER = "customer/42"
# What a route wants, by the end of its path.
_BODIES = {
    "/message": {"content": "Hello"},
    "/messages": {"messages": [{"content": "Hello"}]},
    "/chat": {"content": "Hello"},
    "/feedback": {"rating": "up"},
    "/{conversation_id}": {"metadata": {}},
    "/items": {"items": [{"role": "user", "content": "Hello"}]},
}

Row = tuple[str, ...]


class Things:
    """What an owner has, for routes to name; made again once it may have been deleted."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self.is_used = True

    def filled(self, template: str) -> str:
        """The path with these things in it."""
        if self.is_used:
            self._session_id, self._file_id = self._new_session(), self._new_file()
            self.is_used = False
        named = template.replace("{session_id}", self._session_id).replace("{seq}", "1")
        named = named.replace("{conversation_id}", self._session_id).replace("{model_id}", "demo")
        named = named.replace("{item_id}", "msg_0").replace("{response_id}", "resp_0")
        named = named.replace("{attachment_id}", self._file_id).replace("{file_id}", self._file_id)
        named = named.replace("{end_user_id}", "someone")
        return re.sub(r"\{\w+\}", "0", named)

    def _new_session(self) -> str:
        body = {"messages": [{"role": "user", "content": "Hello"}]}
        response = self._owner.post("/session/create", body, format="json")
        return str(response.json()["session_id"])

    def _new_file(self) -> str:
        form = {"file": io.BytesIO(picture()), "purpose": "user_data"}
        file_id = self._owner.post("/v1/files", form, format="multipart").json()["id"]
        # Its small picture has a route, too.
        attachments.attachments_prepare(text_read=lambda _: None)
        return str(file_id)


def service_key(application: str) -> str:
    """A key of an application, with all scopes."""
    made = service_keys.service_key_make(
        application=service_keys.application_open(name=application),
        name="key",
        scopes=list(Scope),
        now=clock.now(),
    )
    return made.key


def speaking(key: str, end_user: str | None = END_USER) -> Any:
    """A client with a service key, for a user of its application."""
    client = bearer(key)
    if end_user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}", HTTP_X_END_USER=end_user)
    return client


class ApiCallers:
    """Alice, whose things are asked for, her API key, Bob, nobody, and two applications."""

    def __init__(self) -> None:
        self.alice = person("alice")
        key = api_keys.key_make(
            user_id=str(self.alice.user.pk),
            password=PASSWORD,
            name="key",
            expires_in_days=None,
            now=clock.now(),
        )
        own, other = service_key("shop"), service_key("bank")
        self.clients: Mapping[str, Any] = {
            "nobody": Client(raise_request_exception=False),
            STRANGER: person("bob").client,
            OTHER_APPLICATION: speaking(other),
            "own API key": bearer(key.key),
            OWN_SERVICE_KEY: speaking(own),
            "own token": self.alice.client,
        }
        # About an application's users it names none.
        self._for_itself = {
            OTHER_APPLICATION: speaking(other, None),
            OWN_SERVICE_KEY: speaking(own, None),
        }
        alices, end_users = Things(self.alice.client), Things(self.clients[OWN_SERVICE_KEY])
        self._things = dict.fromkeys(API_PRINCIPALS, alices)
        self._things |= dict.fromkeys((OTHER_APPLICATION, OWN_SERVICE_KEY), end_users)
        AccountRefreshToken(self.alice.pair.refresh).blacklist()

    @property
    def session_id(self) -> str:
        """A session of Alice's."""
        return self._things["own token"].filled("{session_id}")

    def row(self, method: str, template: str) -> Row:
        """What becomes of each principal's request; the owner's comes last."""
        answers = [self._ask(name, method, template) for name in API_PRINCIPALS]
        return (f"`{method} {template}`", *answers)

    def _ask(self, name: str, method: str, template: str) -> str:
        things = self._things[name]
        path = things.filled(template)
        if method == "DELETE":
            # Whom another route is asked about stays.
            path = path.replace("someone", "someone-else")
        client = self.clients[name]
        if template.startswith("/users"):
            client = self._for_itself.get(name, client)
        client.raise_request_exception = False
        is_strangers = name in {STRANGER, OTHER_APPLICATION}
        body = json.dumps(_body(template) if is_strangers else {})
        response = client.generic(method, path, body, content_type="application/json")
        if method == "DELETE" and response.status_code < 400:
            things.is_used = True
        return _told(response)


def _body(template: str) -> Mapping[str, Any]:
    return next((body for end, body in _BODIES.items() if template.endswith(end)), {})


def _told(response: Any) -> str:
    if response.status_code in {301, 302} and "/login" in response.get("Location", ""):
        return SIGN_IN
    return str(response.status_code) if response.status_code in _REFUSALS else LET_IN


def api_rows() -> Iterator[Row]:
    """A row for each route but the admin's."""
    callers = ApiCallers()
    for method, template in sorted(named_routes(), key=lambda route: (route[1], route[0])):
        yield callers.row(method, template)


def named_routes() -> set[tuple[str, str]]:
    """As `routes.served`, with the names of what varies."""
    return {
        (method.upper(), named(path))
        for path, callback in routes.callbacks(get_resolver().url_patterns, "")
        if not path.startswith(("admin/", "^admin/"))
        for method in routes.methods(callback)
    }


def named(path: str) -> str:
    path = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"{\1}", path.replace("^", "").replace("$", ""))
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path).replace("/?", "").strip("/")


def admin_rows() -> Iterator[Row]:
    """A row for each page of the admin that is opened with GET."""
    clients = {name: _admin_client(name) for name in ADMIN_PRINCIPALS}
    session_id = ApiCallers().session_id
    for path in sorted(_admin_paths()):
        filled = _filled_admin(path, session_id)
        yield (f"`{path}`", *(_told(client.get(filled)) for client in clients.values()))


def _admin_client(name: str) -> Client:
    client = Client(raise_request_exception=False)
    if name == "nobody":
        return client
    fields: dict[str, Any] = {"is_staff": name != "user", "is_superuser": name == "superuser"}
    user = User.objects.create_user(name.replace(" ", "-"), password=PASSWORD, **fields)
    groups = {"reviewer": "Reviewer", "lead reviewer": "Lead reviewer"}
    if name in groups:
        user.groups.add(Group.objects.get(name=groups[name]))
    client.force_login(user)
    return client


def _admin_paths() -> set[str]:
    return {
        named(path) + ("/" if _ends_in_slash(path) else "")
        for path, _ in routes.callbacks(get_resolver().url_patterns, "")
        if path.startswith(("admin/", "^admin/")) and _ends_in_slash(path)
    }


def _ends_in_slash(path: str) -> bool:
    return path.rstrip("$").endswith("/")


def _filled_admin(path: str, session_id: str) -> str:
    """With something that is there in place of each name."""
    objects = {
        "user": str(User.objects.get(username="alice").pk),
        "application": str(Application.objects.earliest("pk").pk),
        "servicekey": str(ServiceKey.objects.earliest("pk").pk),
        "group": str(Group.objects.get(name="Reviewer").pk),
        "outstandingtoken": str(OutstandingToken.objects.earliest("id").pk),
        "blacklistedtoken": str(BlacklistedToken.objects.earliest("id").pk),
    }
    model = path.split("/")[3] if path.count("/") > 3 else ""
    there = {
        "session_id": session_id,
        "attachment_id": "att_0",
        "app_label": "accounts",
        "content_type_id": str(ContentType.objects.get_for_model(User).pk),
        "object_id": objects.get(model, objects["user"]),
        "id": objects["user"],
    }
    return re.sub(r"\{(\w+)\}", lambda match: there[match[1]], path)


def table(head: tuple[str, ...], rows: Iterator[Row]) -> str:
    """As Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in [("Route", *head), *rows]]
    lines.insert(1, "|" + "---|" * (len(head) + 1))
    return "\n".join(lines)


Table = tuple[str, tuple[str, ...], Callable[[], Iterator[Row]]]
TABLES: tuple[Table, ...] = (
    ("Who may call the API", API_PRINCIPALS, api_rows),
    ("Who may open the admin", ADMIN_PRINCIPALS, admin_rows),
)
