"""Requests made up from the API's description, and the answers compared with it.

A few for each operation in `make test`; `make fuzz` sends many, wrong ones among them, and makes
every check that schemathesis has. Both run in this process, over WSGI.
"""

import os
import re

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from accounts.credentials.tokens import AccountRefreshToken
from accounts.models import User
from chatproject.wsgi import application

LONG = os.environ.get("FUZZ_EXAMPLES")
EXAMPLES = int(LONG or 2)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if LONG else (GenerationMode.POSITIVE,)
# Of any request, well-formed or not.
SHORT_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# A request that fits the schema and is refused all the same: for rules that a schema cannot say.
# By code, and where.
BEYOND_THE_SCHEMA = {
    "wrong_password": "the password of the account",
    "unique": "names that are taken",
    "look_alike": "names that look like others",
    "mixed_scripts": "words of several alphabets",
    "invisible": "names that show nothing",
    "password_too_common": "a list of passwords",
    "password_entirely_numeric": "a rule of passwords",
    "password_too_similar": "the name beside it",
    "control_characters": "a tool may send them, others may not; keys of metadata",
    "key_length": "keys of metadata, which OpenAPI 3.0 cannot bound",
    "repeated": "two calls of one id",
    "json": "nesting, numbers beyond 64 bits",
    "idempotency_mismatch": "the key came with another body",
    "attachment_name": "what hides how a name ends: directions, joiners",
    "attachment_not_found": "which attachments there are",
}
BEYOND_IT_AT = {
    ("GET /session", "cursor"): "cursors are ours",
    ("GET /session", "expiring_within"): "archived sessions do not expire",
    ("GET /session/search", "q"): "text that shows nothing",
    ("GET /session/{session_id}/messages", "before"): "after or before, not both",
    ("POST /session/{session_id}/message", "content"): "empty only beside tool_calls",
    ("POST /session/{session_id}/messages", "content"): "empty only beside tool_calls",
    ("POST /session/create", "content"): "empty only beside tool_calls",
    **{
        (f"POST /session/{path}", name): "which role may have it"
        for path in ("{session_id}/message", "{session_id}/messages", "create")
        for name in ("tool_calls", "tool_call_id", "name")
    },
    **{
        (f"POST /session/{path}", "client_id"): "each once, with room for the number of a message"
        for path in ("{session_id}/messages", "create")
    },
    ("POST /session/{session_id}/chat/regenerate", "wait"): "the header says the same",
    ("GET /session/{session_id}/export", "attachments"): "Markdown links to them",
    ("POST /session/create", "external_id"): "two words that are taken",
    ("POST /session/create", "ttl_seconds"): "a temporary session has a timeout",
    ("GET /session", "metadata.KEY"): "expiring_within goes with no other filter",
    ("GET /session/count", "by"): "tag, or metadata and a key",
    **{
        (f"{method} /session{path}", name): "which sessions, said once"
        for method, path in (("DELETE", ""), ("POST", "/delete"), ("POST", "/archive"))
        for name in ("non_field_errors", "tag", "status", "pinned", "temporary", "metadata")
    },
    **{
        ("POST /session/{session_id}/chat", name): "what is new, and who may say it"
        for name in ("content", "role", "replaces", "wait", "tool_calls", "tool_call_id", "name")
    },
    ("POST /auth/register", "username"): "letters and digits of any script",
    ("PATCH /auth/me", "username"): "letters and digits of any script",
    ("POST /auth/logout", "token"): "a token",
}
# OpenAI's own description has the members of these bodies.
DESCRIBED_BY_OPENAI = re.compile(r"(POST|GET) /v1/")
# It would end what the other requests need.
ENDS_THE_ACCOUNT = ["me_erase", "password_change"]

pytestmark = [
    pytest.mark.django_db,
    # What schemathesis does where it makes a wrong form.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
]


@pytest.fixture
def token(database):
    # As Django's own test client does: a request would close the connection of the test.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield from signed_in()
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def signed_in():
    user = User.objects.create_user(username="fuzz", password=None)
    yield str(AccountRefreshToken.for_user(user).access_token)


def checks(case, response):
    load_all_checks()
    label = case.operation.label
    names = set(CHECKS.get_all_names() if LONG else SHORT_CHECKS)
    if response.status_code in {400, 409, 410, 422} and is_beyond_the_schema(label, response):
        names.discard("positive_data_acceptance")
    if is_right_all_the_same(case, response):
        names.discard("negative_data_rejection")
    return [CHECKS.get_one(name) for name in sorted(names)]


def is_right_all_the_same(case, response):
    """Whether a request that was made to be wrong has become a right one on its way.

    Whatever is no bytes is sent as some; and an empty member of a query, such as `limit=`, is none.
    A body that is too large is refused, though schemathesis does not know 413 for a refusal.
    """
    if response.status_code == 413:
        return True
    if case.media_type == "application/octet-stream" and response.status_code in {201, 202}:
        return True
    return response.status_code < 300 and any(value == "" for value in (case.query or {}).values())


def is_beyond_the_schema(label, response):
    """Whether all that is wrong is what only the service can know."""
    if DESCRIBED_BY_OPENAI.match(label):
        return True
    return all(
        problem["code"] in BEYOND_THE_SCHEMA
        or (label, (problem["attr"] or "").rpartition(".")[2]) in BEYOND_IT_AT
        for problem in response.json()["errors"]
    )


def causes(error):
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
    return "\n".join(
        causes(each) if isinstance(each, BaseExceptionGroup) else str(each) for each in inner
    )


def problems(operation, mode, token):
    """What is wrong with answers to requests of this operation; empty where nothing is."""
    answers = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=not LONG,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def every_answer_is_as_described(case):
        headers = {"Authorization": f"Bearer {token}"}
        response = case.call(headers=headers)
        answers.append(response.text[:500])
        # Checks that send a request again have to know which headers are ours.
        case.validate_response(
            response,
            checks=checks(case, response),
            headers=headers,
            transport_kwargs={"headers": headers},
        )

    try:
        every_answer_is_as_described()
    # Of any kind, schemathesis' groups included, which are none of Exception: the other operations
    # are tried as well.
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001
        return [f"{operation.label}, {mode.value}: {causes(error)}\n{answers[-1:]}"]
    return []


def test_every_answer_is_as_described(token):
    described = schemathesis.openapi.from_wsgi("/api/schema", application)
    operations = [
        result.ok()
        for result in described.exclude(operation_id=ENDS_THE_ACCOUNT).get_all_operations()
    ]
    assert len(operations) > 40
    wrong = [
        problem
        for operation in operations
        for mode in MODES
        for problem in problems(operation, mode, token)
    ]
    assert not wrong, "\n\n".join(wrong)
