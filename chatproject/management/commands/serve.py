"""`manage.py serve`: the whole service in one process tree."""

import os
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from chatproject.mongod.binary import MongodError
from chatproject.service_error import ServiceError
from chatproject.serving import parent_death, supervisor


class Command(BaseCommand):
    """Parses flags and hands over to the supervisor."""

    help = (
        "Serves the API, the chat page and the admin until Ctrl-C or SIGTERM. Starts the embedded "
        "mongod unless MONGODB_URI is set. HOST, PORT, DATA_DIR, WORKERS and THREADS come from "
        "the environment."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Two flags, for `make run` and `make run-llm`."""
        parser.add_argument(
            "--follow-parent",
            action="store_true",
            help="also stop when the process that started this one ends",
        )
        parser.add_argument(
            "--with-model",
            action="store_true",
            help="also run a local model's server, llama.cpp on the CPU, and answer with that",
        )

    def handle(self, *_args: Any, follow_parent: bool, with_model: bool, **_options: Any) -> None:
        """Serve; exit 0 after a signal, 1 with one sentence when something went wrong."""
        if follow_parent:
            parent_death.follow(os.getppid(), signal.SIGTERM)
        try:
            supervisor.run(with_model=with_model)
        except (ServiceError, MongodError) as error:
            self.stderr.write(f"error: {error}")
            sys.exit(1)
