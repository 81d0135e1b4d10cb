from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from sessions_app import clock
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.audits import session_count
from sessions_app.services.expiry import sessions_retime


class Command(OperatorCommand):
    """Applies a changed default timeout to idle sessions."""

    help = (
        "Let every session without its own timeout expire SESSION_TTL_SECONDS after its last "
        "activity. Without this command, a changed setting applies to a session from its next "
        "activity on. Expired sessions stay expired."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="change nothing; show what a run would do"
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        with self.progress("sessions", session_count()) as show:
            counts = sessions_retime(now=clock.now(), dry_run=options["dry_run"], progress=show)
        return {"dry_run": options["dry_run"], **counts}, True

    def describe(self, result: Mapping[str, Any]) -> str:
        would = "would get" if result["dry_run"] else "got"
        return (
            f"{result['looked_at']:,} sessions follow the default, {result['retimed']:,} {would} "
            f"another timeout, which has passed for {result['expired']:,}"
        )
