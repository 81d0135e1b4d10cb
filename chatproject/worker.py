"""What each worker process of `serve` loads."""

import multiprocessing
import signal
from typing import TYPE_CHECKING

from chatproject import parent_death

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def application() -> "WSGIApplication":
    """The WSGI application, in a process that goes when its server does.

    A worker that outlived a killed server would keep the port, and with it the next start.
    """
    # Forked, it has the server's handlers, which would swallow a stop that comes while it loads.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        parent_death.follow(server.pid, signal.SIGKILL)
    from chatproject import wsgi
    from sessions_app import tokenizer

    # Loads the ranks (a third of a second) now rather than in somebody's first request.
    tokenizer.count_tokens("ready")
    return wsgi.application
