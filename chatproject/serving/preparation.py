"""Prepares what `serve` needs: tables, indexes, static files, a staff account."""

import json
import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from pymongo.errors import PyMongoError

from accounts import checks
from chatproject.service_error import ServiceError
from chatproject.static_files import collecting
from chatproject.storage import disk
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.services import operations

logger = logging.getLogger(__name__)

ADMIN = "admin"


def prepare() -> Path | None:
    """Prepare all; return the file with the staff account's password, if there is one.

    Raises:
        ServiceError: a step failed; the message says what to do.
    """
    try:
        ensure_indexes()
        migrate_accounts()
        collecting.collect()
        return first_staff_account()
    except DatabaseError as error:
        if disk.is_full(settings.DATA_DIR):
            raise ServiceError(disk.full(settings.DATA_DIR)) from error
        raise ServiceError(
            f"the accounts database cannot be used ({_first_line(error)}); "
            "correct DATABASE_URL, or make DATA_DIR writable"
        ) from error
    except OSError as error:
        raise ServiceError(disk.sentence(error, settings.DATA_DIR)) from error
    except (PyMongoError, StorageUnavailable) as error:
        raise ServiceError(
            f"the MongoDB indexes cannot be made ({_first_line(error)}); "
            "see what `manage.py ensure_indexes --check` says"
        ) from error
    finally:
        connection.close()


def check_settings() -> None:
    """Raise ServiceError for token settings that cannot work; log warnings for unwise ones."""
    for message in run_checks(tags=[checks.TAG]):
        if message.is_serious():
            raise ServiceError(str(message.msg).removesuffix("."))
        logger.warning("%s %s", message.msg, message.hint)


def _first_line(error: Exception) -> str:
    lines = str(error.__cause__ or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def migrate_accounts() -> None:
    """Migrate the accounts database, unless it is at the newest migration."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def ensure_indexes() -> None:
    """Create the declared MongoDB indexes that are missing."""
    operations.ensure_indexes()


def first_staff_account() -> Path | None:
    """Create the account `admin` if missing; return its password's file, if there is one.

    The password is that of ADMIN_PASSWORD, and then in no file. Without one it is generated, and
    written before the account is created: if the process is killed in between, there is no account
    that nobody can use.
    """
    password_file = settings.DATA_DIR / "admin.json"
    users: Any = get_user_model().objects
    if not users.filter(username__iexact=ADMIN).exists():
        # Another service on the same accounts database may create it at the same time.
        with suppress(IntegrityError):
            password = settings.ADMIN_PASSWORD or _password(password_file)
            users.create_superuser(username=ADMIN, email="", password=password)
    return password_file if password_file.exists() else None


def _password(password_file: Path) -> str:
    with suppress(OSError, ValueError, KeyError):
        return str(json.loads(password_file.read_text())["password"])
    password = secrets.token_urlsafe(18)
    draft = password_file.with_name(f"{password_file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"username": ADMIN, "password": password}, file)
    draft.replace(password_file)
    return password
