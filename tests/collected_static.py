"""Static files for the services of a test run, collected once.

A service collects them at its first start, which takes longer than all the rest of it. Tests of
that give `STATIC_DIR=""`.
"""

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from chatproject.static_files import page_libraries

# Where the processes of a run share them; pytest's first process says it to the others.
VARIABLE = "TESTS_COLLECTED_STATIC"


def share() -> None:
    """Choose a place for the processes that this one starts; it goes when this one ends."""
    if VARIABLE not in os.environ:
        directory = tempfile.mkdtemp(prefix="chat-static-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        os.environ[VARIABLE] = str(Path(directory, "static"))


@functools.cache
def directory() -> Path:
    """Where they are; the first who asks collects them."""
    share()
    collected = Path(os.environ[VARIABLE])
    if not collected.exists():
        page_libraries.install()
        draft = collected.with_name(f"{collected.name}.{os.getpid()}")
        with tempfile.TemporaryDirectory() as data_dir:
            subprocess.run(
                [sys.executable, "manage.py", "collectstatic", "--no-input", "-v", "0"],
                cwd=Path(__file__).parents[1],
                env=os.environ
                | {"DJANGO_SETTINGS_MODULE": "chatproject.settings"}
                | {"DATA_DIR": data_dir, "STATIC_DIR": str(draft)},
                check=True,
                timeout=60,
            )
        with suppress(OSError):  # another process was first
            draft.rename(collected)
    return collected
