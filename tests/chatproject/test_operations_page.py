"""What docs/operations.md says is so."""

import ast
import re

import pytest

from chatproject.mongod import record as mongod_record
from tests.chatproject.conftest import ROOT, looks_at_the_service

PAGE = (ROOT / "docs" / "operations.md").read_text()


def said_by_the_code() -> str:
    """Every string in the code, joined over lines, with a blank for what is filled in."""
    texts = []
    for path in (ROOT / "chatproject").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                texts.append(
                    "".join(
                        getattr(part, "value", " ")
                        for part in node.values
                        if isinstance(part, ast.Constant)
                    )
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def test_every_message_on_the_page_is_one_of_the_code():
    table = PAGE.split("| It says |")[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    messages = [message for row in rows for message in re.findall(r"`([^`]+)`", row)]
    assert len(messages) > 20
    code = said_by_the_code()
    assert [message for message in messages if message not in code] == []


@looks_at_the_service
def test_the_page_names_the_files_of_a_running_service(service):
    known = {f"`{path.name.rstrip('/')}" for path in service.data_dir.iterdir()}
    shown = PAGE.replace("(`-wal`, `-shm`)", "`accounts.sqlite3-wal` `accounts.sqlite3-shm`")
    assert {name for name in known if name not in shown} == set()
    assert f"`{mongod_record.NAME}`" in PAGE


@pytest.mark.parametrize("target", ["run", "test", "check", "bench", "clean", "help"])
def test_the_makefile_has_the_target(target):
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{target}:.* ## ", makefile, re.MULTILINE)
