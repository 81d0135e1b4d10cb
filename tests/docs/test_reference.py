"""docs/reference has what the code has: every setting, route, error code and command."""

import re
from collections.abc import Iterator

import pytest
from rest_framework import exceptions

from accounts.authentication import InPerson
from accounts.errors import InvitationNotValid, RegistrationClosed, TokenReused
from accounts.serializers import SignInSerializer
from sessions_app.api.authentication import TokenNotValid
from sessions_app.domain import errors, limits
from sessions_app.domain.window import WindowBudgetError
from sessions_app.http.statuses import status_of
from sessions_app.openai_api import errors as wire_errors
from tests.docs import pages, reference, routes

SETTINGS = pages.read("reference/settings.md")
ROUTES = pages.read("reference/routes.md")
ERRORS = pages.read("reference/errors.md")
COMMANDS = pages.read("reference/commands.md")
FRAMEWORK = (
    exceptions.ParseError, exceptions.NotAuthenticated, exceptions.PermissionDenied,
    exceptions.NotFound, exceptions.MethodNotAllowed, exceptions.NotAcceptable,
    exceptions.UnsupportedMediaType, exceptions.Throttled, TokenNotValid,
)  # fmt: skip
# Codes that no class of ours or the framework's stands for: a field's own, and Django's handlers.
PLAIN = {"required": 400, "bad_request": 400, "invalid_type": 400, "unknown_url": 404}
SIGN_IN = dict.fromkeys(set(SignInSerializer.default_error_messages) & {"no_active_account"}, 401)


def rows(text: str, head: str) -> list[list[str]]:
    """The rows of all tables of a page that begin with this heading."""
    return [row for name, table in pages.all_tables(text) if name == head for row in table]


def family(kind: type[errors.SessionError]) -> Iterator[type[errors.SessionError]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith(("sessions_app.domain.errors", "accounts")):
            yield child
            yield from family(child)


def statuses_of_the_code() -> dict[str, int]:
    """Every code that an answer can have, with its status."""
    kinds = [*family(errors.SessionError), WindowBudgetError]
    ours = {kind.code: status_of(kind.__new__(kind)) for kind in kinds}
    framework = {kind.default_code: kind.status_code for kind in FRAMEWORK}
    wire = {
        kind.code: 404 if kind is wire_errors.ModelNotFound else 400
        for kind in (
            wire_errors.Unsupported,
            wire_errors.UnknownParameter,
            wire_errors.TooManyItems,
            wire_errors.UnsupportedValue,
            wire_errors.Required,
            wire_errors.SessionRequired,
            wire_errors.ModelNotFound,
        )
    }
    wire.pop(wire_errors.Required.code)  # what `required` is called there
    return PLAIN | SIGN_IN | framework | wire | ours | {
        str(InPerson.code): 403, TokenReused.default_code: 401,
        RegistrationClosed.default_code: 403, InvitationNotValid.default_code: 403,
        "repeated_parameter": 400,
    }  # fmt: skip


def test_every_setting_is_there_with_its_default_and_what_it_takes():
    shown = {pages.code(row[0])[0]: row for row in rows(SETTINGS, "Name")}
    read = reference.settings_read()

    missing = [
        f"| `{s.name}` | {s.default} | {s.takes} | … |"
        for s in read.values()
        if s.name not in shown
    ]
    assert missing == [], "\n".join(["docs/reference/settings.md lacks", *missing])
    assert set(shown) - set(read) == set()
    for name, setting in read.items():
        _, default, takes, meaning = shown[name]
        assert default.strip("`") == setting.default, name
        assert setting.takes in {None, takes}, name
        assert meaning, name


def test_every_route_is_there_and_no_other():
    named = re.findall(r"`([A-Z]+(?:, [A-Z]+)*) (/[^`]*)`", ROUTES)
    shown = {
        (method, routes.template(path)) for methods, path in named for method in methods.split(", ")
    }

    assert routes.served() - shown == set()
    assert shown - routes.served() == {("GET", "/admin")}


@pytest.mark.parametrize(
    ("what", "bound"),
    [
        ("messages in one `POST /session/{id}/messages`", limits.BATCH_MAX_MESSAGES),
        ("messages that seed a new session", limits.SEED_MAX_MESSAGES),
        ("a page of messages or sessions", limits.PAGE_MAX),
        ("a search's `q`", limits.SEARCH_MAX_CHARS),
        ("`client_id`, `Idempotency-Key`", limits.CLIENT_ID_MAX_CHARS),
        ("nesting of `tool_calls`", limits.JSON_MAX_DEPTH),
        ("a request's body", 5),
    ],
)
def test_limits_are_those_of_the_code(what: str, bound: int, settings):
    shown = {row[0]: row[1] for row in rows(ROUTES, "What")}

    assert shown[what].replace(",", "").split()[0] == str(bound)
    assert settings.REQUEST_MAX_BYTES == 5 * 1024 * 1024


def test_every_error_code_is_there_with_its_status_and_no_other():
    shown = {code: int(row[1]) for row in rows(ERRORS, "Code") for code in pages.code(row[0])}

    assert shown == statuses_of_the_code()


def test_the_codes_of_the_openai_wire_are_those_that_it_sends():
    for row in rows(ERRORS, "Code"):
        for code in pages.code(row[0]):
            sent = wire_errors.body(int(row[1]), "", code)["error"]["code"]
            if renamed := pages.code(row[2]):
                assert renamed == [sent]
            elif row[2]:
                assert sent == code


def test_every_command_is_there_with_its_options_and_no_other():
    commands = reference.options()
    shown: dict[str, set[str]] = {name: set() for name in commands}
    for row in rows(COMMANDS, "Option"):
        owners = set(commands) - {"serve"} if row[1] == "all but `serve`" else pages.code(row[1])
        for owner in owners:
            shown[owner] |= set(pages.code(row[0]))

    assert {pages.code(row[0])[0] for row in rows(COMMANDS, "Command")} == set(commands)
    assert shown == commands
