"""Starts everything that `serve` needs, in order, watches it, and stops it again."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from django.conf import settings

from chatproject import model_server
from chatproject.databases import external_mongodb, mongo
from chatproject.mongod import embedded as mongod
from chatproject.probes import draining
from chatproject.processes import open_files
from chatproject.service_error import ServiceError
from chatproject.serving import interpreter, preparation, scheduler, server
from chatproject.serving.server import Address
from chatproject.serving.watchdog import CRASH_LOOP
from chatproject.storage import disk, locks

_WATCH_SECONDS = 0.25
_ROOM_SECONDS = 1.0
# How often it is looked whether there is room for the reserve again.
_RESERVE_LOOKS = 240
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stop(BaseException):
    """A signal to stop; not an Exception, so that no handler takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run(*, with_model: bool = False) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; when it returns, everything that it started has ended.

    `with_model` also starts a local model, and answers with it.

    Raises:
        ServiceError, MongodError: it cannot start, or cannot continue.
    """
    open_files.raise_limit()
    _stop_on_signals()
    try:
        with ExitStack() as stack:
            _serve(stack, with_model)
    except _Stop:
        _say("Stopped.")


def _serve(stack: ExitStack, with_model: bool) -> None:
    """Start everything and watch it; however this ends, `stack` stops it in reverse order."""
    preparation.check_settings()
    stack.enter_context(_only_service())
    draining.withdraw(settings.DATA_DIR)
    address = server.free_address()
    model = _model(stack) if with_model else None
    database = _database(stack)
    mongo.connect()
    _say("Preparing accounts, indexes and static files …")
    password_file = preparation.prepare()
    process = stack.enter_context(server.serving(address))
    jobs = stack.enter_context(scheduler.scheduling())
    stack.callback(_ignore_signals)
    # Last, so that all of it still serves.
    stack.push(_Notice(process))
    # Here, so that a start that fails prints nothing but its reason.
    sys.stderr.write(interpreter.warning(sys.version_info[:3]) or "")
    _announce(address, password_file)
    for look in count():
        if process.poll() is not None:
            break
        if database and look % _RESERVE_LOOKS == 0:
            disk.keep_reserve(settings.DATA_DIR)
        if database and mongod.endpoint(settings.DATA_DIR) != database:
            _start_again(process, database)
        if jobs:
            jobs.look()
        if model and model.poll() is not None:
            log = settings.DATA_DIR / "llama-server.log"
            raise ServiceError(f"llama-server has ended by itself; see {log}, and start again")
        time.sleep(_WATCH_SECONDS)
    raise ServiceError(_why_ended(process.returncode))


def _start_again(process: "subprocess.Popen[bytes]", database: str) -> None:
    """Start a `mongod` again that a full disk has stopped, as soon as there is room for it.

    Meanwhile the workers answer 503. Raises ServiceError if it was not the disk.
    """
    data_dir: Path = settings.DATA_DIR
    log = data_dir / "mongod.log"
    if not disk.is_full(data_dir):
        raise ServiceError(f"mongod has stopped by itself; see {log}, and start again")
    _say(f"The disk of DATA_DIR {data_dir} is full, and mongod has stopped.")
    disk.give_up_reserve(data_dir)
    while process.poll() is None:
        if not disk.is_full(data_dir):
            try:
                address = mongod.restart(data_dir)
            except mongod.MongodError:
                # It took what room there was: it goes on when there is more.
                if not disk.is_full(data_dir):
                    raise
            else:
                if address != database:
                    raise ServiceError(f"mongod has another port now; see {log}, and start again")
                _say("mongod runs again.")
                return
        time.sleep(_ROOM_SECONDS)


def _why_ended(code: int) -> str:
    if code == CRASH_LOOP:
        return "workers keep ending; see what they printed above, and start again"
    return (
        f"the server has ended by itself (code {code}); see what it printed above, and start again"
    )


@contextmanager
def _only_service() -> Iterator[None]:
    """Hold the lock that makes this the only service under `DATA_DIR`."""
    data_dir: Path = settings.DATA_DIR
    path = data_dir / "serve.lock"
    with ExitStack() as stack:
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = stack.enter_context(locks.hold(path, locks.EXCLUSIVE))
            os.truncate(descriptor, 0)
            os.write(descriptor, json.dumps({"pid": os.getpid(), "port": settings.PORT}).encode())
        except TimeoutError as error:
            raise ServiceError(
                f"a service already runs under DATA_DIR {data_dir} ({_lock_owner(path)}); "
                "stop it, or set another DATA_DIR and PORT"
            ) from error
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise ServiceError(disk.full(data_dir)) from error
            raise ServiceError(
                f"DATA_DIR {data_dir} cannot be written ({error.strerror}); "
                "set DATA_DIR to a directory that this user may write"
            ) from error
        yield


def _lock_owner(path: Path) -> str:
    try:
        owner = json.loads(path.read_text())
        return f"process {owner['pid']}, port {owner['port']}"
    except (OSError, ValueError, KeyError):
        return "which is just starting"


def _database(stack: ExitStack) -> str | None:
    """The address of the embedded `mongod`; None if `MONGODB_URI` names another MongoDB."""
    if settings.MONGODB_URI:
        external_mongodb.check(settings.MONGODB_URI)
        return None
    _say("Starting mongod …")
    return stack.enter_context(mongod.running(settings.DATA_DIR))


def _model(stack: ExitStack) -> "subprocess.Popen[bytes]":
    """The process of the local model, which the settings name from now on."""
    _say("Starting llama-server …")
    process = stack.enter_context(model_server.running(settings.DATA_DIR))
    _say(f"The model {settings.LLM_MODEL} answers at {settings.LLM_BASE_URL}")
    return process


def _announce(address: Address, password_file: Path | None) -> None:
    password = f", password in {password_file}" if password_file else ""
    _say(
        f"Ready at {address.url}\n"
        f"  API            {address.url}/session\n"
        f"  documentation  {address.url}/api/docs\n"
        f"  chat page      {address.url}/\n"
        f"  admin          {address.url}/admin/ (user {preparation.ADMIN}{password})\n"
        "Ctrl-C stops it."
    )


def _stop_on_signals() -> None:
    for number in _SIGNALS:
        # A program under nohup starts with SIGHUP ignored, and must leave it so.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise_stop)


def _raise_stop(number: int, _: object) -> None:
    _ignore_signals()
    raise _Stop(number)


class _Notice:
    """At a SIGTERM, says for a while that the service is about to stop, and lets it serve.

    A Ctrl-C is somebody who waits, and behind whom no balancer sends requests.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def __call__(self, _: object, stop: BaseException | None, __: object) -> None:
        if not isinstance(stop, _Stop) or stop.number != signal.SIGTERM:
            return
        draining.give_notice(settings.DATA_DIR)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(settings.DRAIN_NOTICE_SECONDS)


def _ignore_signals() -> None:
    """While it stops, in bounded steps, a second signal must not interrupt it."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _say(text: str) -> None:
    # The reader of a pipe may have ended, as with `make run | head`; the service goes on.
    with suppress(OSError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
