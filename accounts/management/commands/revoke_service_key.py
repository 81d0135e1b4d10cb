"""`manage.py revoke_service_key`."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from accounts.credentials import service_keys
from sessions_app import clock
from sessions_app.domain.records.writing import timestamp
from sessions_app.management.operator import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Revoke a service key: it is refused from now on, for good. Other keys of the same "
        "application stay valid. The admin lists all keys with their ids."
    )
    requires_mongodb = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("key_id", metavar="KEY_ID", help="as create_service_key printed it")

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        key = service_keys.service_key_revoke(key_id=options["key_id"], now=clock.now())
        return {
            "key_id": str(key.pk),
            "key_name": key.name,
            "revoked_at": key.revoked_at and timestamp(key.revoked_at),
        }, True

    def describe(self, result: Mapping[str, Any]) -> str:
        return f"{result['key_name']} is revoked since {result['revoked_at']}"
