"""Running a command as an operator does: what it prints, and how it exits."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command


@dataclass(frozen=True)
class CommandResult:
    code: int
    out: str
    err: str = ""

    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., CommandResult]


@pytest.fixture
def run(database: Any) -> Run:
    def run_command(name: str, *arguments: str) -> CommandResult:
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command(name, *arguments, stdout=out, stderr=err)
        except SystemExit as stop:
            return CommandResult(int(stop.code or 0), out.getvalue(), err.getvalue())
        return CommandResult(0, out.getvalue(), err.getvalue())

    return run_command
