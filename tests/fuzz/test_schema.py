"""Requests made up from the API's description, and the answers compared with it.

A few for each operation in `make test`; `make fuzz` sends many, wrong ones among them, and makes
every check that schemathesis has. Both run in this process, over WSGI.
"""

import os

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
# It would end what the other requests need.
ENDS_THE_ACCOUNT = ["me_erase", "password_change"]

pytestmark = pytest.mark.django_db


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


def checks():
    load_all_checks()
    return [CHECKS.get_one(name) for name in (CHECKS.get_all_names() if LONG else SHORT_CHECKS)]


def causes(error):
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
    return "\n".join(
        causes(each) if isinstance(each, BaseExceptionGroup) else str(each) for each in inner
    )


def problems(operation, mode, token):
    """What is wrong with answers to requests of this operation; empty where nothing is."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=not LONG,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def every_answer_is_as_described(case):
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks())

    try:
        every_answer_is_as_described()
    # Of any kind, schemathesis' groups included, which are none of Exception: the other operations
    # are tried as well.
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001
        return [f"{operation.label}, {mode.value}: {causes(error)}"]
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
