"""What must be there before `serve` serves: tables, indexes, static files, a staff account."""

import hashlib
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from chatproject.service_error import ServiceError

ADMIN = "admin"


def migrate_accounts() -> None:
    """Bring the accounts database to the newest migration; when it is there, touch nothing.

    Raises:
        ServiceError: the database cannot be used.
    """
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0)
    except (DatabaseError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ServiceError(
            f"the accounts database cannot be used ({reason}); "
            "correct DATABASE_URL, or make DATA_DIR writable"
        ) from error


def collect_static() -> None:
    """Copy the static files to `STATIC_ROOT`, unless they are what was copied last time."""
    mark = settings.DATA_DIR / "static.sha256"
    state = _static_state()
    with suppress(OSError):
        if mark.read_text() == state and settings.STATIC_ROOT.is_dir():
            return
    mark.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    mark.write_text(state)


def _static_state() -> str:
    """A digest that changes when any source file, or the way they are stored, does."""
    digest = hashlib.sha256(repr((settings.STORAGES, settings.STATIC_ROOT)).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def ensure_indexes() -> None:
    """Create the declared MongoDB indexes that are missing."""
    from sessions_app.services import operations

    operations.ensure_indexes()


def first_staff_account() -> Path | None:
    """See that the account `admin` exists; the file with its password, if this machine has it.

    The password is on disk before the account is made: a run that is killed in between must not
    leave an account that nobody can use.
    """
    kept = settings.DATA_DIR / "admin.json"
    users: Any = get_user_model().objects
    if not users.filter(username__iexact=ADMIN).exists():
        # Another service on the same accounts database may have been faster.
        with suppress(IntegrityError):
            users.create_superuser(username=ADMIN, email="", password=_password(kept))
    return kept if kept.exists() else None


def _password(kept: Path) -> str:
    with suppress(OSError, ValueError, KeyError):
        return str(json.loads(kept.read_text())["password"])
    password = secrets.token_urlsafe(18)
    draft = kept.with_name(f"{kept.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"username": ADMIN, "password": password}, file)
    draft.replace(kept)
    return password
