"""The notice of a service that is about to stop: it still serves, and is not ready any more.

A file under `DATA_DIR`, which belongs to one service: its workers see it, and those that start
meanwhile, too.
"""

from contextlib import suppress
from pathlib import Path

_NAME = "draining"


def give_notice(data_dir: Path) -> None:
    """From now on, `/readyz` is 503."""
    # On a full disk there is no notice; what follows finds requests refused at the door.
    with suppress(OSError):
        (data_dir / _NAME).touch()


def withdraw(data_dir: Path) -> None:
    """A service that starts is not about to stop, whatever the last one has left."""
    with suppress(OSError):
        (data_dir / _NAME).unlink(missing_ok=True)


def is_announced(data_dir: Path) -> bool:
    """Whether the service is about to stop."""
    return (data_dir / _NAME).exists()
