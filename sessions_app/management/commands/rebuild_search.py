import time
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from sessions_app.management.arguments import add_walk_arguments, walked
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.audits import session_count
from sessions_app.services.search import search_rebuild


class Command(OperatorCommand):
    """Rebuilds the search index, or brings it up to date."""

    help = (
        "Rebuild the search index, session by session. With --only-missing, only what is not "
        "indexed yet: after an import, or regularly, so that a user's first search over very many "
        "messages is fast. Safe beside a live service."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", metavar="ID", help="only the sessions of this user")
        parser.add_argument(
            "--only-missing", action="store_true", help="skip what is indexed already"
        )
        add_walk_arguments(parser)

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        started = time.monotonic()
        walk = self.walk(walked("rebuild_search", options), options)
        earlier = walk.before.counted
        sessions, messages = earlier.get("sessions", 0), earlier.get("messages", 0)
        walk.counts = lambda: {"sessions": sessions, "messages": messages}
        user = options["user"]
        with self.progress("sessions", session_count(user_id=user)) as show:
            show(walk.done)
            for rebuilt in search_rebuild(
                user_id=user,
                only_missing=options["only_missing"],
                progress=show,
                # What has changed since then comes after it in the order of activity.
                now=walk.began_at,
                walk=walk,
            ):
                sessions += rebuilt.sessions
                messages += rebuilt.messages
        walk.end()
        seconds = round(time.monotonic() - started, 3)
        return {"sessions": sessions, "messages": messages, "seconds": seconds}, True

    def describe(self, result: Mapping[str, Any]) -> str:
        return (
            f"{result['sessions']:,} sessions with {result['messages']:,} messages indexed "
            f"in {result['seconds']:,.1f} seconds"
        )
