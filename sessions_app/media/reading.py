"""Has a file read by a process of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal

_ROOT = Path(__file__).resolve().parents[2]
# Nothing of the service's own environment, where its secrets are.
_ENVIRONMENT = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}

Read = Literal["thumbnail", "without_position", "text"]


class Unreadable(Exception):
    """The process has ended without a result: the file is broken, or takes too much."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the process may take: bytes of memory, seconds; and pixels or characters of the file."""

    memory: int
    seconds: int
    most: int
    side: int = 0


def read(action: Read, content: BinaryIO, limits: Limits) -> IO[bytes]:
    """A file with what has been made of `content`; raises Unreadable."""
    words = {
        "memory": limits.memory,
        "seconds": limits.seconds,
        "most": limits.most,
        "side": limits.side,
    }
    made = tempfile.TemporaryFile()  # noqa: SIM115 - it is the caller's
    try:
        with tempfile.TemporaryFile() as given:
            content.seek(0)
            shutil.copyfileobj(content, given)
            given.seek(0)
            subprocess.run(  # noqa: S603 - this interpreter, and a module of ours
                [sys.executable, "-m", "sessions_app.media.reader", action, json.dumps(words)],
                stdin=given,
                stdout=made,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                env=_ENVIRONMENT,
                # Beside the limit of processor time: it may also wait for something.
                timeout=2 * limits.seconds,
                check=True,
            )
        if made.seek(0, os.SEEK_END) == 0 and action != "text":
            raise Unreadable
    except (subprocess.SubprocessError, OSError) as error:
        made.close()
        raise Unreadable from error
    made.seek(0)
    return made
