"""Why a `mongod` ended while starting, in one sentence that says what to do."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

from chatproject.mongod.binary import ADVICE

ADDRESS_IN_USE = 48  # mongo/util/exit_code.h: EXIT_NET_ERROR
_LOG_BYTES = 200_000
# A start writes a journal and a lock file.
_NEEDED_BYTES = 4 * 1024 * 1024
DISK_FULL = "the disk of DATA_DIR is full, so mongod cannot start; free some space and start again"

_CANNOT_RUN = (
    "GLIBC", "error while loading shared libraries", "symbol lookup error", "Illegal instr",
)  # fmt: skip

# Signs in the log of this start, in this order, and the sentence for each.
_CAUSES = [
    (
        _CANNOT_RUN,
        "{binary} cannot run on this system ({detail}); " + ADVICE,
    ),
    (
        ("DBPathInUse", "Unable to lock the lock file"),
        "another mongod has the files in {dbpath} open; stop it, or set another DATA_DIR",
    ),
    (
        ("No space left on device",),
        DISK_FULL,
    ),
    (
        ("UPGRADE PROBLEM", "featureCompatibilityVersion", "unsupported WiredTiger file version"),
        "{dbpath} was written by another version of MongoDB than {binary}; set MONGOD_BINARY to "
        "the version that wrote it, or set another DATA_DIR",
    ),
    (
        ("WiredTiger error", "corrupt", "Failed to start up WiredTiger", "WT_PANIC", "checksum"),
        "the database files in {dbpath} are damaged; put a backup in their place, or remove "
        "that directory to start empty",
    ),
    (
        ("Permission denied", "Operation not permitted", "Read-only file system"),
        "mongod cannot write {dbpath}; give this user the right to, or set another DATA_DIR",
    ),
]


def explain(*, code: int, binary: Path, dbpath: Path, log: Path, offset: int) -> str:
    """The sentence for exit `code`, from the part of `log` after `offset`."""
    with log.open("rb") as file:
        file.seek(offset)
        text = file.read(_LOG_BYTES).decode(errors="replace")
    detail = _last_words(text)
    # The log lies on the same disk, and may not even say that there was no room.
    if _is_full(dbpath) and not any(sign in text for sign in _CANNOT_RUN):
        return DISK_FULL
    for signs, sentence in _CAUSES:
        if any(sign in text for sign in signs):
            return sentence.format(binary=binary, dbpath=dbpath, detail=detail)
    reason = f" ({detail})" if detail else ""
    return f"{binary} ended with code {code} while starting{reason}; see {log}, or {ADVICE}"


def _is_full(dbpath: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(dbpath).free < _NEEDED_BYTES
    return False


def _last_words(text: str) -> str:
    """The last line that is not routine, shortened."""
    words = ""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            words = line.strip() or words  # from the dynamic linker, or from another program
            continue
        if isinstance(entry, dict) and entry.get("s") in {"E", "F"}:
            error = entry.get("attr", {}).get("error", "")
            words = f"{entry.get('msg', '')} {error}".strip()
    return words[:200]
