"""`manage.py`: runs a Django command, with the embedded MongoDB if the command needs it."""

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import (
    BaseCommand,
    execute_from_command_line,
    get_commands,
    load_command_class,
)

from chatproject.databases import accounts_database
from chatproject.mongod.binary import MongodError
from chatproject.serving import counters
from chatproject.storage import data_dir

# Commands of these apps use MongoDB, unless a command says `requires_mongodb = False`.
_APPS = {"sessions_app", "accounts"}


def main(argv: list[str]) -> int:
    """Run `manage.py` with `argv`; the exit code."""
    signal.signal(signal.SIGTERM, _exit_on_sigterm)
    # Static files are for everybody; in an image another user serves what its builder collected.
    if "collectstatic" not in argv[1:2]:
        data_dir.private_by_default()
    if argv[1:2] == ["run_jobs"] and "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # Before anything makes a metric.
        counters.count_in(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    try:
        with ExitStack() as stack:
            # The first access evaluates the settings.
            accounts_database.without_limits(settings.DATABASES["default"])
            django.setup()
            command = _command(argv)
            if command is not None:
                _check_usage(command, argv)
                _check_data_dir()
            if command is not None and _needs_embedded_mongodb(command):
                _provide_mongodb(stack)
            execute_from_command_line(argv)
    except (ImproperlyConfigured, MongodError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _command(argv: list[str]) -> BaseCommand | None:
    name = argv[1] if len(argv) > 1 else "help"
    app = get_commands().get(name)
    if not isinstance(app, str) or app not in _APPS | {"chatproject"}:
        return None
    return load_command_class(app, name)


def _needs_embedded_mongodb(command: BaseCommand) -> bool:
    ours = command.__module__.partition(".")[0] in _APPS
    return ours and getattr(command, "requires_mongodb", True) and not settings.MONGODB_URI


def _check_data_dir() -> None:
    """With both databases elsewhere, nothing private is in `DATA_DIR`."""
    if not (settings.MONGODB_URI and settings.DATABASE_URL):
        data_dir.check(settings.DATA_DIR)


def _check_usage(command: BaseCommand, argv: list[str]) -> None:
    """Exit on `--help` and on wrong usage before a database is started for nothing."""
    vars(command)["_called_from_command_line"] = True  # exit, rather than raise
    command.create_parser(argv[0], argv[1]).parse_args(argv[2:])


def _provide_mongodb(stack: ExitStack) -> None:
    from chatproject.databases import mongo
    from chatproject.mongod import embedded as mongod

    stack.enter_context(mongod.running(settings.DATA_DIR))
    mongo.connect()


def _exit_on_sigterm(*_: object) -> None:
    # As an exception, so that context managers release their locks and stop mongod.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)
