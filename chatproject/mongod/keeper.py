"""The parent process of the embedded `mongod`: stops it once nobody uses it.

The first user of `mongod` runs `python -m chatproject.mongod.keeper USERS_LOCK COMMAND…`. Users
hold a shared lock, which the kernel releases even after `kill -9`; once this process gets it
exclusively, there are no users left. It prints `mongod`'s process id, or why there is none, as one
line of JSON, and exits with `mongod`'s exit code.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from chatproject.processes import open_files, parent_death
from chatproject.storage import locks

INTERVAL_SECONDS = 0.3
STOP_SECONDS = 30.0
CANNOT_RUN = 126


class _Stop(BaseException):
    """SIGTERM: stop."""


def main() -> int:
    """Start the command, watch over it, end with its exit code."""
    open_files.raise_limit()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _raise_stop)
    users, *command = sys.argv[1:]
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            preexec_fn=parent_death.following(signal.SIGTERM),
        )
    except OSError as error:
        _say({"error": error.strerror})
        return CANNOT_RUN
    _say({"pid": process.pid})
    return _watch(process, Path(users))


def _watch(process: subprocess.Popen[bytes], users: Path) -> int:
    descriptor = os.open(users, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Kept until this process ends, so that a new user waits until mongod has stopped.
        while process.poll() is None and not locks.attempt(descriptor, locks.EXCLUSIVE):
            time.sleep(INTERVAL_SECONDS)
    except _Stop:
        pass
    return _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    process.terminate()
    try:
        code = process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    return code if code >= 0 else 128 - code


def _raise_stop(*_: object) -> None:
    raise _Stop


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
