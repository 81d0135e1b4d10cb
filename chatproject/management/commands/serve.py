"""`manage.py serve`: the whole service in one process tree."""

import os
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from chatproject.mongod.binary import MongodError
from chatproject.processes import parent_death
from chatproject.service_error import ServiceError
from chatproject.serving import supervisor


class Command(BaseCommand):
    help = (
        "Serves the API, the chat page and the admin until Ctrl-C or SIGTERM. Starts the embedded "
        "mongod unless MONGODB_URI is set. HOST, PORT, DATA_DIR, WORKERS and THREADS come from "
        "the environment."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--follow-parent",
            action="store_true",
            help="stop when the process that started this one ends",
        )
        parser.add_argument(
            "--with-model",
            action="store_true",
            help="run a local model (llama.cpp on the CPU) and answer with it",
        )

    def handle(self, *_args: Any, follow_parent: bool, with_model: bool, **_options: Any) -> None:
        """Serve until a signal (exit 0) or an error (exit 1, with a sentence)."""
        if follow_parent:
            parent_death.follow(os.getppid(), signal.SIGTERM)
        try:
            supervisor.run(with_model=with_model)
        except (ServiceError, MongodError) as error:
            self.stderr.write(f"error: {error}")
            sys.exit(1)
