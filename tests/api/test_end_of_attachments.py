"""When what was uploaded goes: with its last message, its session, or because none came."""

from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.services import attachments
from tests import files
from tests.api.bodies import path
from tests.api.test_append_attachments import append
from tests.api.test_upload_attachment import NOTHING, kept, upload

__all__ = ["kept"]
pytestmark = pytest.mark.mongod("GridFS")


def sweep(hours: float = 0):
    return attachments.attachments_sweep(now=datetime.now(UTC) + timedelta(hours=hours))


def test_what_no_message_refers_to_is_swept(alice, session, kept):
    upload(alice, session, files.picture())
    assert sweep(1).attachments == 0
    assert sweep(25).attachments == 1
    assert kept() == NOTHING


def test_what_a_message_refers_to_stays(alice, session, kept):
    stored = upload(alice, session, files.picture()).json()
    append(alice, session, content="x", parts=[
        {"type": "image", "attachment_id": stored["attachment_id"]}
    ])  # fmt: skip
    assert sweep(25).attachments == 0
    assert sweep(1_000).attachments == 0
    assert alice.client.get(f"/attachments/{stored['attachment_id']}").status_code == 200


def test_what_a_killed_upload_has_left_is_swept(alice, session, database, kept):
    upload(alice, session, files.picture())
    # Killed between the last byte and the first reference to it.
    blob = database["attachments.files"].find_one()["_id"]
    database.attachment_uploads.insert_one(
        {"_id": blob, "user_id": alice.id, "started_at": datetime.now(UTC)}
    )
    database.attachment_facts.delete_many({})
    assert sweep(0).unfinished == 0
    assert sweep(2).unfinished == 1
    assert kept()["attachments.chunks"] == kept()["attachments.files"] == 0


def referred(alice, session, content=None):
    stored = upload(alice, session, content or files.picture()).json()
    part = {"type": "image", "attachment_id": stored["attachment_id"]}
    return stored, append(alice, session, content="x", parts=[part]).json()


def test_an_erased_message_takes_its_picture_with_it(alice, session, kept):
    _, message = referred(alice, session)
    alice.client.delete(path(session, "messages", message["seq"]))
    assert kept() == NOTHING


def test_a_picture_stays_while_another_message_refers_to_it(alice, session, kept):
    stored, first = referred(alice, session)
    _, second = referred(alice, session)
    alice.client.delete(path(session, "messages", first["seq"]))
    assert alice.client.get(f"/attachments/{stored['attachment_id']}").status_code == 200
    alice.client.delete(path(session, "messages", second["seq"]))
    assert kept() == NOTHING


def test_a_deleted_session_takes_its_pictures_with_it(alice, session, fill, kept):
    referred(alice, session)
    fill(session, 200)
    upload(alice, session, b"never sent")
    alice.client.delete(path(session))
    assert kept() == NOTHING


def test_a_fork_shares_the_pictures_and_keeps_them(alice, session, kept):
    stored, _ = referred(alice, session)
    fork = alice.client.post(path(session, "fork"), {}).json()
    assert kept()["attachments.files"] == 1
    alice.client.delete(path(session))
    assert sweep(25).attachments == 0
    assert alice.client.get(f"/attachments/{stored['attachment_id']}").status_code == 200
    alice.client.delete(path(fork))
    assert kept() == NOTHING
