"""What must be there before `serve` serves: tables, indexes, static files, a staff account."""

import hashlib
import json
import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from pymongo.errors import PyMongoError

from accounts import checks
from chatproject.service_error import ServiceError
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.services import operations

logger = logging.getLogger(__name__)

ADMIN = "admin"


def prepare() -> Path | None:
    """Make all of it; the file with the staff account's password, if this machine has it.

    Raises:
        ServiceError: something cannot be made.
    """
    try:
        ensure_indexes()
        migrate_accounts()
        collect_static()
        return first_staff_account()
    except DatabaseError as error:
        raise ServiceError(
            f"the accounts database cannot be used ({_first_line(error)}); "
            "correct DATABASE_URL, or make DATA_DIR writable"
        ) from error
    except OSError as error:
        raise ServiceError(
            f"{error.filename or settings.DATA_DIR} cannot be written ({error.strerror}); "
            "give this user the right to, or set another DATA_DIR"
        ) from error
    except (PyMongoError, StorageUnavailable) as error:
        raise ServiceError(
            f"the MongoDB indexes cannot be made ({_first_line(error)}); "
            "see what `manage.py ensure_indexes --check` says"
        ) from error


def check_settings() -> None:
    """Raise ServiceError for settings of tokens that cannot work; log those that are unwise."""
    for message in run_checks(tags=[checks.TAG]):
        if message.is_serious():
            raise ServiceError(str(message.msg).removesuffix("."))
        logger.warning("%s %s", message.msg, message.hint)


def _first_line(error: Exception) -> str:
    lines = str(error.__cause__ or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def migrate_accounts() -> None:
    """Bring the accounts database to the newest migration; when it is there, touch nothing."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


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
    operations.ensure_indexes()


def first_staff_account() -> Path | None:
    """See that the account `admin` exists; the file with its password, if there is one.

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
