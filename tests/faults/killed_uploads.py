"""A program: uploads that end with SIGKILL before each of their commands to MongoDB in turn.

Each is made by a process of its own, forked before anything is connected, and brings another file.
Prints how many were killed before one came to its end.
"""

import io
import os
import signal
import sys
from itertools import count
from typing import Any

import django
import mongoengine
from pymongo.monitoring import CommandListener

SIZE = 600_000


class Killer(CommandListener):
    """Ends this process before its command number `position` that writes."""

    def __init__(self, position: int) -> None:
        self._left = position

    def started(self, event: Any) -> None:
        if event.command_name in {"insert", "update", "delete", "findAndModify"}:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event: Any) -> None:
        """Not of interest."""

    def failed(self, event: Any) -> None:
        """Not of interest."""


def upload(position: int, session_id: str, user_id: str) -> None:
    """Upload a file of several pieces, and be killed on the way."""
    from django.conf import settings

    from chatproject.databases import mongo
    from sessions_app import clock
    from sessions_app.domain.attachments import Upload
    from sessions_app.services import attachments

    mongoengine.disconnect()
    mongoengine.connect(
        db=settings.MONGODB_DATABASE,
        host=settings.MONGODB_URI,
        event_listeners=[Killer(position)],
        **mongo.client_options(20_000),
    )
    content = io.BytesIO(f"{position} ".encode() + b"a" * SIZE)
    attachments.attachment_upload(
        session_id=session_id, user_id=user_id, upload=Upload(content), now=clock.now()
    )


def main(session_id: str, user_id: str) -> None:
    """Kill one upload more for each command, until one is not reached."""
    django.setup()
    for position in count(1):
        child = os.fork()
        if child == 0:
            try:
                upload(position, session_id, user_id)
            finally:
                os._exit(int(sys.exc_info()[0] is not None))
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            sys.stdout.write(f"{position - 1}\n")
            sys.stdout.flush()
            sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
