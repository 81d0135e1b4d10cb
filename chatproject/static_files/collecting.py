"""Collects the static files of all apps at the start of `serve`, if any has changed."""

import hashlib
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from chatproject.service_error import ServiceError


def collect() -> None:
    """Copy the static files to `STATIC_ROOT`, unless they have not changed since the last time.

    With STATIC_DIR set they were collected when the image was built, and may be read-only.
    """
    if settings.STATIC_DIR:
        _check_collected(settings.STATIC_ROOT)
        return
    mark = settings.DATA_DIR / "static.sha256"
    state = _static_state()
    with suppress(OSError):
        if mark.read_text() == state and settings.STATIC_ROOT.is_dir():
            return
    mark.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    mark.write_text(state)


def _check_collected(directory: Path) -> None:
    if not (directory / "staticfiles.json").is_file():
        raise ServiceError(
            f"STATIC_DIR {directory} has no collected static files; run `manage.py collectstatic` "
            "with it, or leave it unset"
        )


def _static_state() -> str:
    """A digest that changes with any source file, and with the way in which they are stored."""
    digest = hashlib.sha256(repr((settings.STORAGES, settings.STATIC_ROOT)).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
