"""An upload that is killed anywhere: nothing half is referred to, and nothing is left for long."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sessions_app.repository import attachments as store
from sessions_app.services import attachments
from sessions_app.services.audits.attachments import check_attachments
from tests.api.bodies import path
from tests.conftest import Create, Person

ROOT = Path(__file__).parents[2]
SECRET = "a key for tests only, 32 characters or more"


def test_killed_before_each_write_it_leaves_nothing_half(
    alice: Person,
    create: Create,
    database: Any,
    mongod_uri: str,
    database_name: str,
    tmp_path: Path,
):
    session = create()
    environment = os.environ | {
        "DATA_DIR": str(tmp_path),
        "MONGODB_URI": mongod_uri,
        "MONGODB_DATABASE": database_name,
        "SECRET_KEY": SECRET,
        "JWT_SIGNING_KEY": SECRET,
        "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.killed_uploads", session["session_id"], alice.id],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    killed = int(done.stdout)
    # The note, the pieces, the file, the facts, and the end of the note.
    assert killed >= 5

    assert list(check_attachments(repair=False)) == []
    whole = [stored["_id"] for stored in database.attachment_facts.find()]
    assert 1 <= len(whole) < killed
    for attachment_id in whole:
        response = alice.client.get(f"/attachments/{attachment_id}")
        assert len(response.getvalue()) > 600_000
        part = {"type": "file", "attachment_id": attachment_id}
        body = {"content": "This one came through", "parts": [part]}
        assert alice.client.post(path(session, "message"), body).status_code == 201

    swept = attachments.attachments_sweep(now=datetime.now(UTC) + timedelta(hours=25))
    assert swept.unfinished >= 3
    assert list(store.auditing.nobodys_bytes()) == []
    assert database.attachment_uploads.count_documents({}) == 0
    assert database["attachments.files"].count_documents({}) == len(whole)
    assert [stored["_id"] for stored in database.attachment_facts.find()] == whole
