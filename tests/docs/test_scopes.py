"""docs/service-keys.md says which scope each route needs of a service key, and so do the routes.

`WRITE_TABLES=1` writes the table that the page should have.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator

from accounts.authentication import InPerson
from accounts.credentials import service_keys
from sessions_app import clock
from sessions_app.api.authentication import InScope
from sessions_app.domain.applications import Scope
from sessions_app.http.applications import AsksFor, scope_of
from tests.docs import pages, principals, routes

PAGE = pages.ROOT / "docs" / "service-keys.md"
HEAD = "| Route | Scope |\n|---|---|\n"
# What everybody may call, and what only a person may, is closed to service keys by having none.
CLOSED = "—"


def views() -> Iterator[tuple[str, str, Any]]:
    """Method, route and view of every route that asks who calls."""
    for path, callback in routes.callbacks(get_resolver().url_patterns, ""):
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
        permissions = getattr(callback, "initkwargs", {}).get(
            "permission_classes", getattr(view, "permission_classes", ())
        )
        if any(issubclass(permission, InScope) for permission in permissions):
            for method in routes.methods(callback):
                yield method.upper(), principals.named(path), view


def is_in_person(view: Any) -> bool:
    return any(issubclass(permission, InPerson) for permission in view.permission_classes)


ROUTES = sorted(views(), key=lambda route: (route[1], route[0]))
SCOPED = [(method, path, view) for method, path, view in ROUTES if not is_in_person(view)]
NAMES = [f"{method} {path}" for method, path, _ in SCOPED]


@pytest.mark.parametrize(("method", "path", "view"), SCOPED, ids=NAMES)
def test_every_route_has_a_scope(method: str, path: str, view: Any):
    scope = scope_of(view, method)
    assert scope in Scope, f"{method} {path}: say in `scopes` of {view.__name__} what it needs"


def test_routes_of_a_person_have_none():
    closed = [(method, view) for method, _, view in ROUTES if is_in_person(view)]
    assert len(closed) > 10
    assert {scope_of(view, method) for method, view in closed} == {None}


def test_no_scope_is_declared_for_a_method_that_there_is_not():
    served: dict[Any, set[str]] = {}
    for method, _, view in ROUTES:
        served.setdefault(view, set()).add(method)
    assert {view: set(view.scopes) for view in served if not is_in_person(view)} == {
        view: methods for view, methods in served.items() if not is_in_person(view)
    }


def test_the_page_shows_the_scope_of_every_route():
    rows = [
        f"| `{method} {path}` | `{scope}` |"
        if (scope := scope_of(view, method))
        else f"| `{method} {path}` | {CLOSED} |"
        for method, path, view in ROUTES
    ]
    text = PAGE.read_text(encoding="utf-8")
    before, head, shown = text.partition(HEAD)
    if os.environ.get("WRITE_TABLES"):
        PAGE.write_text(before + head + "\n".join(rows) + "\n", encoding="utf-8")
    else:
        assert shown.rstrip().splitlines() == rows


def test_the_description_says_what_a_service_key_opens():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    described = {
        (method.upper(), routes.template(path)): operation.get("security")
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    }
    for method, path, view in SCOPED:
        asks_for = getattr(view, "asks_for", AsksFor.AN_END_USER)
        own = [] if asks_for is AsksFor.ITSELF else [{"accessToken": []}]
        assert described[method, routes.template(path)] == [*own, {"serviceKey": []}], path
    assert "X-End-User" in schema["components"]["securitySchemes"]["serviceKey"]["description"]


@pytest.fixture
def callers(db: None, database: Any, settings: Any) -> dict[str, dict[Scope, Any]]:
    """Clients by their scopes: with one alone, and with all but one."""
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES)
    application = service_keys.application_open(name="shop")

    def key(*scopes: Scope) -> str:
        made = service_keys.service_key_make(
            application=application, name="key", scopes=scopes, now=clock.now()
        )
        return made.key

    alone = {scope: key(scope) for scope in Scope}
    without = {scope: key(*(each for each in Scope if each is not scope)) for scope in Scope}
    return {"alone": alone, "without": without}


@pytest.mark.mongod("what routes answer")
def test_a_key_opens_what_its_scopes_say_and_nothing_else(callers: Any):
    for method, path, view in SCOPED:
        scope = scope_of(view, method)
        assert scope is not None
        end_user = None if getattr(view, "asks_for", None) is AsksFor.ITSELF else "someone"
        told = {}
        for kind in ("alone", "without"):
            client = principals.speaking(callers[kind][scope], end_user)
            client.raise_request_exception = False
            # One whom another route has erased could not be asked for.
            filled = path.format_map(_Names(method))
            answer = client.generic(method, filled, "{}", content_type="application/json")
            told[kind] = (answer.status_code, _code(answer))
        assert told["without"] == (403, "scope_missing"), (method, path)
        assert told["alone"][0] != 403, (method, path, told)


@pytest.mark.mongod("what routes answer")
def test_no_service_key_opens_what_is_a_persons(callers: Any):
    client = principals.speaking(callers["without"][Scope.ERASE])
    for method, path, view in ROUTES:
        if is_in_person(view):
            filled = path.format_map(_Names(method))
            answer = client.generic(method, filled, "{}", content_type="application/json")
            assert (answer.status_code, _code(answer)) == (403, "service_key_not_allowed"), path


class _Names(dict[str, str]):
    """Something in place of each name in a path."""

    def __init__(self, method: str) -> None:
        self._method = method

    def __missing__(self, name: str) -> str:
        return f"{name}-{self._method}"


def _code(answer: Any) -> str:
    if answer.status_code < 400 or answer.streaming:
        return ""
    body = json.loads(answer.content)
    return str(body["error"]["code"] if "error" in body else body["errors"][0]["code"])
