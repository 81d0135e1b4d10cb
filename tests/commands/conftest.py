"""Running a command as an operator does: what it prints, and how it exits."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str

    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(database: Any) -> Run:
    def run_command(name: str, *arguments: str) -> Outcome:
        out = io.StringIO()
        try:
            call_command(name, *arguments, stdout=out)
        except SystemExit as stop:
            return Outcome(int(stop.code or 0), out.getvalue())
        return Outcome(0, out.getvalue())

    return run_command
