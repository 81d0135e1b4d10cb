import time
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from sessions_app.management.arguments import add_walk_arguments, positive, walked
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.audits import annotations_rebuild, session_count


class Command(OperatorCommand):
    """Rebuilds vectors and topics."""

    help = (
        "Rebuild the vectors and topics of stored sessions. With --only-missing, only of sessions "
        "that are incomplete or by another encoder, which also continues an interrupted run. Exit "
        "1, with nothing changed, if there is no encoder. Safe beside a live service."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", metavar="ID", help="only the sessions of this user")
        parser.add_argument(
            "--limit", type=positive, metavar="N", help="rebuild at most N sessions"
        )
        parser.add_argument(
            "--only-missing",
            action="store_true",
            help="skip sessions that are complete and current",
        )
        add_walk_arguments(parser)

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        started = time.monotonic()
        walk = self.walk(walked("rebuild_annotations", options), options)
        earlier = walk.before.counted
        sessions, messages = earlier.get("sessions", 0), earlier.get("messages", 0)
        looked_at, before = walk.done, sessions
        walk.counts = lambda: {"sessions": sessions, "messages": messages}

        def advance(done: int) -> None:
            # The difference to the rebuilt sessions is what was skipped.
            nonlocal looked_at
            looked_at += done
            show(done)

        user = options["user"]
        with self.progress("sessions", session_count(user_id=user)) as show:
            show(walk.done)
            for rebuilt in annotations_rebuild(
                user_id=user,
                limit=options["limit"],
                only_missing=options["only_missing"],
                progress=advance,
                walk=walk,
            ):
                sessions += 1
                messages += rebuilt.messages
        limit = options["limit"]
        walk.end(stopped=limit is not None and sessions - before >= limit)
        seconds = round(time.monotonic() - started, 3)
        return {
            "sessions": sessions,
            "messages": messages,
            "passed_over": looked_at - sessions,
            "seconds": seconds,
        }, True

    def describe(self, result: Mapping[str, Any]) -> str:
        return (
            f"{result['sessions']:,} sessions with {result['messages']:,} messages annotated, "
            f"{result['passed_over']:,} passed over, in {result['seconds']:,.1f} seconds"
        )
