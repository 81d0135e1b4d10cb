"""What docs/guides/operating.md has an operator do, on a service of its own."""

import re
import subprocess
from pathlib import Path

from tests.chatproject.conftest import Service, manage
from tests.docs import pages, shell

GUIDE = pages.read("guides/operating.md")
# Seconds for a start: on a busy machine the copied mongod takes its time to become primary.
PATIENCE = 150


def test_the_commands_of_the_first_day_find_nothing_wrong(tmp_path: Path):
    listed = re.findall(r"manage\.py ([^\n`]+)", pages.section(GUIDE, "The first day"))
    commands = [line.split() for line in listed]
    running = Service(tmp_path / "data").ready(PATIENCE)
    try:
        assert {line[0] for line in commands} >= {"check_integrity", "audit_expiry"}
        for line in commands:
            done = manage(running.data_dir, *line)
            assert done.returncode == 0, (line, done.stdout, done.stderr)
    finally:
        running.end()
        running.kill()


def test_a_copied_folder_serves_what_was_stored(tmp_path: Path):
    body = {"username": "opal", "password": "a long walk home"}
    first = Service(tmp_path / ".data").ready(PATIENCE)
    try:
        token = first.post("/auth/register", body)["access"]
        created = first.post("/session/create", {"title": "Kept"}, token)
        first.end()
    finally:
        first.kill()
    shown = [block.text for block in shell.blocks(pages.section(GUIDE, "Backup"))]
    copy = next(text for text in shown if text.startswith("cp ")).splitlines()[0]
    subprocess.run(["sh", "-eu", "-c", copy], cwd=tmp_path, check=True, timeout=60)

    second = Service(tmp_path / "backup").ready(PATIENCE)
    try:
        token = second.post("/auth/token", body)["access"]
        kept = second.get(f"/session/{created['session_id']}", token)
        assert kept.json()["title"] == "Kept"
        second.end()
    finally:
        second.kill()
