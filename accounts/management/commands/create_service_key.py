"""`manage.py create_service_key`."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from accounts.credentials import service_keys
from accounts.models import Application
from sessions_app import clock
from sessions_app.domain.applications import Scope
from sessions_app.domain.records.writing import timestamp
from sessions_app.management.operator import OperatorCommand

_QUOTAS = ("sessions", "messages_a_day", "tokens_a_day", "bytes")
QUOTAS = (*_QUOTAS, *(f"user_{name}" for name in _QUOTAS))
_MOST = 2**63 - 1


def scopes_of(text: str) -> list[Scope]:
    """The scopes of a list with commas."""
    try:
        return [Scope(name.strip()) for name in text.split(",")]
    except ValueError as error:
        raise ArgumentTypeError(f"scopes are {', '.join(Scope)}") from error


def quota_of(text: str) -> tuple[str, int]:
    """NAME=NUMBER."""
    name, _, number = text.partition("=")
    if name not in QUOTAS or not (number.isascii() and number.isdigit()):
        raise ArgumentTypeError(f"expected NAME=NUMBER, with a name of {', '.join(QUOTAS)}")
    if int(number) > _MOST:
        raise ArgumentTypeError("the number is too large")
    return name, int(number)


def days_of(text: str) -> int:
    """A number of days that a key may be good for."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= 3_650):
        raise ArgumentTypeError("expected a number from 1 to 3650")
    return int(text)


def rate_of(text: str) -> int:
    """A number of requests a minute."""
    if not (text.isascii() and text.isdigit() and int(text[:11]) <= 2**31 - 1):
        raise ArgumentTypeError("expected a number")
    return int(text)


class Command(OperatorCommand):
    help = (
        "Make a service key for the application NAME, which is made if there is none: its backend "
        "uses this service for users of its own. The key is printed once. Keys that the "
        "application has stay valid until they are revoked, so one can be replaced without a pause."
    )
    requires_mongodb = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="the application")
        parser.add_argument(
            "--scopes",
            type=scopes_of,
            default=list(Scope),
            metavar="LIST",
            help="with commas between them; all of them if left out: " + ", ".join(Scope),
        )
        parser.add_argument("--key-name", default="", help="what to call the key; today's date")
        parser.add_argument("--expires-in-days", type=days_of, metavar="N", help="1 to 3650")
        parser.add_argument(
            "--require-session",
            action="store_true",
            help="refuse model calls that name no session",
        )
        parser.add_argument(
            "--requests-a-minute",
            type=rate_of,
            metavar="N",
            help="of the whole application; 0 as THROTTLE_APPLICATION says",
        )
        parser.add_argument(
            "--quota",
            type=quota_of,
            action="append",
            default=[],
            metavar="NAME=N",
            help="of the application, or of each user of it; may be repeated; 0 is none: "
            + ", ".join(QUOTAS),
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        now = clock.now()
        application = service_keys.application_open(name=options["name"])
        changes = dict(options["quota"])
        if options["requests_a_minute"] is not None:
            changes["requests_a_minute"] = options["requests_a_minute"]
        if changes:
            Application.objects.filter(pk=application.pk).update(**changes)
        made = service_keys.service_key_make(
            application=application,
            name=options["key_name"] or f"{now:%Y-%m-%d}",
            scopes=options["scopes"],
            require_session=options["require_session"],
            expires_at=service_keys.ends_in(options["expires_in_days"], now=now),
            now=now,
        )
        key = made.stored_key
        return {
            "application": application.name,
            "application_id": str(application.pk),
            "key_id": str(key.pk),
            "key_name": key.name,
            "key": made.key,
            "scopes": key.scopes,
            "require_session": key.require_session,
            "expires_at": key.expires_at and timestamp(key.expires_at),
        }, True

    def describe(self, result: Mapping[str, Any]) -> str:
        return (
            f"{result['key']}\n"
            f"This key of {result['application']} is shown this once. It is good for "
            f"{', '.join(result['scopes'])}; revoke it with "
            f"manage.py revoke_service_key {result['key_id']}"
        )
