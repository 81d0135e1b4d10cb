"""The embedded MongoDB: started by its first user, shared, stopped after its last.

Every user (the service, any number of commands) holds a shared lock while it needs the database.
The first one starts a keeper process (`mongod.keeper`), which starts `mongod` and stops it once it
gets that lock exclusively. So no killed process, not even by `kill -9`, takes the database from
the others, and no `mongod` is left running without users.
"""

import errno
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from signal import SIGKILL

import psutil

from chatproject.mongod import binary as mongod_binary
from chatproject.mongod import key as mongod_key
from chatproject.mongod import record as mongod_record
from chatproject.mongod import replica_set as mongod_replica_set
from chatproject.mongod.binary import MongodError
from chatproject.mongod.diagnosis import DISK_FULL
from chatproject.mongod.keeper import STOP_SECONDS
from chatproject.mongod.launch import launch, reap
from chatproject.processes import parent_death
from chatproject.storage import disk, locks

__all__ = ["MongodError", "endpoint", "running", "throwaway"]

# Another process may be starting or stopping it; both are bounded, and together shorter than this.
_WAIT_SECONDS = mongod_replica_set.START_SECONDS + STOP_SECONDS


def endpoint(data_dir: Path) -> str | None:
    """The address of the embedded `mongod` that runs under `data_dir`, or None."""
    data_dir = data_dir.resolve()
    record = mongod_record.read(data_dir)
    if record is None or not record.is_running(data_dir):
        return None
    return mongod_replica_set.uri(record.port, mongod_key.read(data_dir))


@contextmanager
def running(data_dir: Path) -> Iterator[str]:
    """Use the embedded `mongod` under `data_dir`; start it if need be; yield its address.

    Raises:
        MongodError: it cannot run.
    """
    with ExitStack() as stack:
        with _errors_as_sentences(data_dir):
            data_dir = data_dir.resolve()
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            users = mongod_record.users_lock(data_dir)
            using = locks.hold(users, locks.SHARED, seconds=_WAIT_SECONDS)
            stack.callback(_leave, data_dir, stack.enter_context(using))
            address = _find_or_start(data_dir)
        yield address


def restart(data_dir: Path) -> str:
    """Start `mongod` again for a user of it, after it has stopped by itself; its address.

    Raises:
        MongodError: it does not start.
    """
    reap()
    with _errors_as_sentences(data_dir):
        return _find_or_start(data_dir.resolve())


@contextmanager
def _errors_as_sentences(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise MongodError(
            f"another process has been starting or stopping mongod under {data_dir} for too long; "
            "wait for it or end it, and start again"
        ) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise MongodError(DISK_FULL) from error
        raise MongodError(
            f"DATA_DIR {data_dir} cannot be written ({error.strerror}); "
            "set DATA_DIR to a directory that this user may write"
        ) from error


def _find_or_start(data_dir: Path) -> str:
    starting = data_dir / "mongod.start.lock"
    with locks.hold(starting, locks.EXCLUSIVE, seconds=_WAIT_SECONDS):
        address = endpoint(data_dir)
        if address is None:
            _end_leftovers(data_dir)
            # On a full disk mongod may start on what its old journal gives up, and end soon after.
            if disk.is_full(data_dir):
                raise MongodError(DISK_FULL)
            address = launch(data_dir)
    return address


def _end_leftovers(data_dir: Path) -> None:
    """End a `mongod` whose keeper was killed. On Linux the kernel has sent it a signal already."""
    for process in mongod_record.leftovers(data_dir):
        with suppress(psutil.NoSuchProcess):
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)


def _leave(data_dir: Path, descriptor: int) -> None:
    """Release the lock. If this was the last user, wait until `mongod` has stopped."""
    record = mongod_record.read(data_dir)
    deadline = time.monotonic() + STOP_SECONDS
    while record is not None and record.is_running(data_dir) and time.monotonic() < deadline:
        if locks.attempt(descriptor, locks.EXCLUSIVE):
            with suppress(psutil.Error):
                keeper = psutil.Process(record.keeper)
                keeper.terminate()
                keeper.wait(STOP_SECONDS + 5)
            break
        if locks.attempt(descriptor, locks.SHARED):
            break  # others use it: the last of them, or the keeper, stops it
        time.sleep(0.05)  # the keeper has the lock, so it is stopping mongod
    reap()


@contextmanager
def throwaway(directory: Path, *, cache_gb: float = 0.25) -> Iterator[str]:
    """A replica set of one member for tests, in an empty `directory`; it is killed at the end.

    `cache_gb` is WiredTiger's. Test commands are enabled, so `configureFailPoint` can make commands
    fail.
    """
    port = mongod_replica_set.choose_port()
    dbpath = directory.resolve() / "mongo"
    dbpath.mkdir(parents=True, exist_ok=True)
    command = mongod_replica_set.arguments(mongod_binary.find(), dbpath, port, cache_gb=cache_gb)
    with (
        (directory / "mongod.log").open("ab") as log,
        subprocess.Popen(  # noqa: S603 - the command is ours
            [*command, "--setParameter", "enableTestCommands=1"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=parent_death.following(SIGKILL),
        ) as process,
    ):
        try:
            if not mongod_replica_set.make_primary(
                dbpath, port, alive=lambda: process.poll() is None
            ):
                raise MongodError(f"mongod ended while starting; see {directory / 'mongod.log'}")
            yield mongod_replica_set.uri(port)
        finally:
            process.kill()
