"""What each worker process of `serve` loads."""

import faulthandler
import gc
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chatproject.processes import parent_death
from chatproject.serving import counters
from chatproject.serving.watchdog import WHERE

if TYPE_CHECKING:
    from chatproject.serving.gateway.application import Gateway


SWITCH_SECONDS = 0.001
# For what an import is storing when the process has to end.
IMPORTS_STOP_SECONDS = 5.0
# New objects before the youngest are looked at, and how often those and older ones are between
# looks at the next older ones.
GARBAGE = (10_000, 20, 20)


def application() -> "Gateway":
    """The ASGI application, in a process that goes when its server does."""
    _prepare()
    from chatproject.serving.gateway.application import Gateway
    from chatproject.wsgi import django

    return Gateway(django, started=_started, stopping=_stopping)


def _started() -> None:
    from chatproject.serving import liveness
    from sessions_app.repository import clocks
    from sessions_app.services import turns
    from sessions_app.services.figures import keeper

    clocks.keep()
    liveness.begin()
    keeper.start()
    turns.turns_look_after()


def _stopping() -> None:
    from django.conf import settings

    from chatproject.serving import liveness
    from chatproject.traces import exporting
    from sessions_app.services import imports, turns
    from sessions_app.services.figures import keeper

    liveness.end()
    imports.imports_stop(seconds=IMPORTS_STOP_SECONDS)
    # A turn that takes longer is ended, and asked for again: a restart must not wait for a model.
    turns.turns_shut_down(seconds=settings.DRAIN_TURNS_SECONDS)
    keeper.stop()
    exporting.flush()


def _prepare() -> None:
    """A worker that outlived a killed server would keep the port, and with it the next start."""
    # Forked, it has the server's handlers, which would swallow a stop that comes while it loads.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        parent_death.follow(server.pid, signal.SIGKILL)
    # With many threads at work the event loop has to wait for the interpreter's lock again and
    # again, each time for up to so long; it answers probes and refuses what is too much.
    sys.setswitchinterval(SWITCH_SECONDS)
    # What the watchdog asks of a worker that hangs, before it kills it.
    faulthandler.register(WHERE, all_threads=True)
    _count_together()
    from django.urls import resolve

    from chatproject import wsgi  # noqa: F401 - sets Django up
    from sessions_app import tokenizer

    # The routes, with all views behind them: the event loop would load them with the first request,
    # and do nothing else for seconds on a busy machine.
    resolve("/healthz")
    # Loads the ranks (a third of a second) now rather than in somebody's first request.
    tokenizer.count_tokens("ready")
    _leave_alone()


def _leave_alone() -> None:
    """Have the garbage collector pass over what has been loaded, which is never garbage.

    It looks for cycles after so many new objects. Each request leaves some, and by default it looks
    several times in one, now and then at all objects that there are.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def _count_together() -> None:
    """Before anything makes a metric."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if directory and not counters.count_in(Path(directory)):
        sys.stderr.write("metrics: no set of files is free, so this worker counts for itself\n")
