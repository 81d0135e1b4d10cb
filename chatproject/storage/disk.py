"""The disk of DATA_DIR: how full it is, what a full one refuses, and the sentences that name it.

MongoDB's storage engine ends itself when it cannot write a checkpoint. So the service refuses what
would make the store grow while there is still room for MongoDB's own work (`RESERVED_BYTES`), reads
go on, and writes do again by themselves when there is more. A file of that size, the `reserve`, is
kept for the case that another program has taken the rest: it is given up to start MongoDB again.
"""

import errno
import os
import shutil
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from sessions_app.http.error_body import error_body

MIB = 1024 * 1024
RESERVED_BYTES = 64 * MIB
# With less, MongoDB has stopped or is about to.
NEEDED_BYTES = 16 * MIB
RETRY_SECONDS = 5
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Small writes of the accounts database, without which nobody could come and read.
_SIGN_IN = "/auth/token"
_DETAIL = "The disk is full: reads go on, and writes again when there is room."

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def free(directory: Path) -> int:
    """How many bytes are free on the disk of a directory, or of what is to hold it."""
    try:
        return shutil.disk_usage(directory).free
    except (FileNotFoundError, NotADirectoryError):
        return free(directory.parent)


def is_full(directory: Path) -> bool:
    """Whether MongoDB can hardly write any more."""
    return free(directory) < NEEDED_BYTES


def is_short() -> bool:
    """Whether what makes the embedded store grow is refused."""
    return not settings.MONGODB_URI and free(settings.DATA_DIR) < RESERVED_BYTES


def refusing_growth(get_response: GetResponse) -> GetResponse:
    """A middleware: 503 for writes while the disk of the embedded store is full."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        writes = request.method not in _READING and not request.path.startswith(_SIGN_IN)
        if not (writes and is_short()):
            return get_response(request)
        status = HTTPStatus.SERVICE_UNAVAILABLE
        body = error_body(status, "storage_unavailable", _DETAIL)
        return JsonResponse(body, status=status, headers={"Retry-After": str(RETRY_SECONDS)})

    return answer


def sentence(error: OSError, directory: Path) -> str:
    """Why something under `directory` could not be written, and what to do."""
    if error.errno in _FULL:
        return full(directory)
    return (
        f"{error.filename or directory} cannot be written ({error.strerror}); "
        "give this user the right to, or set another DATA_DIR"
    )


def full(directory: Path) -> str:
    """The sentence for a disk without room."""
    return f"the disk of DATA_DIR {directory} is full; free some space and start again"


def keep_reserve(directory: Path) -> None:
    """Write out the reserve, if it is not there and leaves room enough besides."""
    reserve = _reserve(directory)
    if reserve.exists() or free(directory) < 3 * RESERVED_BYTES:
        return
    draft = reserve.with_name(f"{reserve.name}.draft")
    try:
        with draft.open("wb") as file:
            for _ in range(RESERVED_BYTES // MIB):
                file.write(bytes(MIB))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(reserve)
    except OSError:
        pass  # without room there is none, and it is looked again later
    finally:
        # Also when a signal ends the service meanwhile.
        draft.unlink(missing_ok=True)


def give_up_reserve(directory: Path) -> bool:
    """Remove the reserve; whether there was one."""
    try:
        _reserve(directory).unlink()
    except FileNotFoundError:
        return False
    return True


def _reserve(directory: Path) -> Path:
    return directory / "reserve"
