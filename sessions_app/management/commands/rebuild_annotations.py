"""`manage.py rebuild_annotations`."""

import time
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from sessions_app.management.arguments import positive
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.audits import annotations_rebuild, session_count


class Command(OperatorCommand):
    """Makes vectors and topics anew."""

    help = (
        "Make the vectors and topics of stored sessions anew. With --only-missing, only those "
        "that are not complete, or were made by another encoder: also the way to go on after an "
        "interruption. Exit 1, with nothing changed, where the encoder is not available. May run "
        "beside a live service."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which sessions."""
        super().add_arguments(parser)
        parser.add_argument("--user", metavar="ID", help="only the sessions of this user")
        parser.add_argument("--limit", type=positive, metavar="N", help="at most N sessions")
        parser.add_argument(
            "--only-missing", action="store_true", help="pass over what is complete and current"
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Rebuild and count."""
        started = time.monotonic()
        sessions = messages = looked_at = 0

        def advance(done: int) -> None:
            nonlocal looked_at
            looked_at += done
            show(done)

        user = options["user"]
        with self.progress("sessions", session_count(user_id=user)) as show:
            for rebuilt in annotations_rebuild(
                user_id=user,
                limit=options["limit"],
                only_missing=options["only_missing"],
                progress=advance,
            ):
                sessions += 1
                messages += rebuilt.messages
        seconds = round(time.monotonic() - started, 3)
        return {
            "sessions": sessions,
            "messages": messages,
            "passed_over": looked_at - sessions,
            "seconds": seconds,
        }, True

    def describe(self, result: Mapping[str, Any]) -> str:
        """The closing line."""
        return (
            f"{result['sessions']:,} sessions with {result['messages']:,} messages annotated, "
            f"{result['passed_over']:,} passed over, in {result['seconds']:,.1f} seconds"
        )
