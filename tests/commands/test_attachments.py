"""Attachments in the commands: exports, imports, erasure and its proof, checks, the sweep."""

import io
import json
import shutil
from contextlib import suppress

import pytest
from django.core.management import CommandError, call_command

from sessions_app.services import attachments, file_texts
from tests import files
from tests.api.bodies import path

pytestmark = pytest.mark.mongod("GridFS")
COLLECTIONS = (
    "attachment_facts",
    "session_attachments",
    "attachment_uploads",
    "attachments.files",
    "attachments.chunks",
)


def run(name, *arguments):
    printed = io.StringIO()
    call_command(name, "--json", *map(str, arguments), stdout=printed)
    return json.loads(printed.getvalue())


def found(*arguments):
    printed = io.StringIO()
    # It exits with 1 where it has found something.
    with suppress(SystemExit):
        call_command("check_integrity", "--json", *arguments, stdout=printed)
    return json.loads(printed.getvalue())["findings"]


@pytest.fixture
def stored(alice, create):
    """A session of Alice's with a picture that has a position, and a text."""
    session = create(title="Pictures")
    parts = []
    for content, kind, name in (
        (files.picture_with_position(), "image", "photo.jpg"),
        (b"so it is", "file", "notes.txt"),
    ):
        made = alice.client.generic(
            "POST", path(session, "attachments") + f"?name={name}", content,
            content_type="application/octet-stream",
        ).json()  # fmt: skip
        parts.append({"type": kind, "attachment_id": made["attachment_id"]})
    response = alice.client.post(path(session, "message"), {"content": "Look", "parts": parts})
    assert response.status_code == 201, response.content
    return session, [part["attachment_id"] for part in parts]


def bytes_of(person, ids):
    return [person.client.get(f"/attachments/{each}").getvalue() for each in ids]


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_an_import_brings_back_what_an_export_had(alice, stored, database, tmp_path, where):
    session, ids = stored
    before = bytes_of(alice, ids)
    messages = alice.client.get(path(session, "messages")).json()
    first, second = tmp_path / "first", tmp_path / "second"
    run("export_sessions", "--output", first, "--attachments", where)
    alice.client.delete(path(session))
    assert [database[name].count_documents({}) for name in COLLECTIONS] == [0] * 5
    assert run("import_sessions", first)["attachments"] == 2
    assert bytes_of(alice, ids) == before
    assert alice.client.get(path(session, "messages")).json() == messages
    run("export_sessions", "--output", second, "--attachments", where)
    assert second.read_bytes() == first.read_bytes()
    assert found() == []
    attachments.attachments_prepare(text_read=file_texts.derive_again)
    assert alice.client.get(f"/attachments/{ids[0]}/thumbnail").status_code == 200


def test_an_import_for_another_person_gives_them_the_files(alice, bob, stored, tmp_path):
    session, ids = stored
    before = bytes_of(alice, ids)
    run("export_sessions", "--output", tmp_path / "export")
    alice.client.delete(path(session))
    run("import_sessions", tmp_path / "export", "--user", bob.id, "--id")
    [message] = bob.client.get(path(session, "messages")).json()["results"]
    theirs = [part["attachment_id"] for part in message["parts"][1:]]
    assert bytes_of(bob, theirs) == before
    assert alice.client.get(f"/attachments/{theirs[0]}").status_code == 404


def test_an_import_without_the_files_beside_it_is_refused(alice, stored, tmp_path):
    run("export_sessions", "--output", tmp_path / "export", "--attachments", "beside")
    alice.client.delete(path(stored[0]))
    shutil.rmtree(tmp_path / "export.files")
    with pytest.raises(CommandError, match="has no file"):
        run("import_sessions", tmp_path / "export")


def test_an_import_refuses_bytes_that_are_others(alice, stored, database, tmp_path):
    export = tmp_path / "export"
    run("export_sessions", "--output", export)
    alice.client.delete(path(stored[0]))
    changed = [json.loads(line) for line in export.read_text().splitlines()]
    for record in changed:
        if record["type"] == "attachment":
            record["data"] = "aGVsbG8="
    export.write_text("".join(json.dumps(record) + "\n" for record in changed))
    with pytest.raises(CommandError, match="are others"):
        run("import_sessions", export)
    assert database.attachment_facts.count_documents({}) == 0


def test_an_export_may_leave_the_bytes_out(stored, tmp_path):
    run("export_sessions", "--output", tmp_path / "export", "--attachments", "none")
    assert '"type":"attachment"' not in (tmp_path / "export").read_text()


@pytest.mark.django_db
def test_an_erased_person_leaves_no_byte(alice, bob, stored, database, tmp_path):
    alice.client.generic("POST", path(stored[0], "attachments"), b"never sent",
                         content_type="text/plain")  # fmt: skip
    attachments.attachments_prepare(text_read=file_texts.derive_again)
    assert run("erase_user", alice.id, "--id")["clean"]
    assert run("erase_user", alice.id, "--id", "--check")["clean"]
    assert [database[name].count_documents({}) for name in COLLECTIONS] == [0] * 5


@pytest.mark.django_db
@pytest.mark.parametrize("left", COLLECTIONS[:1] + COLLECTIONS[3:])
def test_the_proof_finds_whatever_is_left(alice, stored, database, left):
    kept = list(database[left].find())
    run("erase_user", alice.id, "--id")
    database[left].insert_many(kept)
    printed = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("erase_user", "--json", "--id", "--check", alice.id, stdout=printed)
    assert not json.loads(printed.getvalue())["clean"]


def test_a_check_of_what_is_whole_finds_nothing(stored):
    attachments.attachments_prepare(text_read=file_texts.derive_again)
    assert found() == []


def test_a_check_finds_bytes_that_are_missing_cut_or_changed(stored, database):
    database["attachments.files"].delete_one({})
    chunk = database["attachments.chunks"].find_one(
        {"files_id": database["attachments.files"].find_one()["_id"]}
    )
    data = bytes(len(chunk["data"]))
    database["attachments.chunks"].update_one({"_id": chunk["_id"]}, {"$set": {"data": data}})
    kinds = sorted(finding["damage"] for finding in found())
    assert kinds == ["missing_bytes", "missing_bytes", "orphaned_bytes"]


def test_a_check_finds_messages_whose_attachment_is_gone(stored, database):
    session, ids = stored
    database.attachment_facts.delete_one({"_id": ids[0]})
    kinds = {(each["damage"], each["session_id"]) for each in found()}
    assert ("missing_attachment", session["session_id"]) in kinds


def test_a_repair_removes_bytes_that_are_nobodys(alice, stored, database):
    database.attachment_facts.delete_many({})
    alice.client.delete(path(stored[0]))
    found("--repair")
    assert database["attachments.chunks"].count_documents({}) == 0
    assert found() == []


def test_the_sweep_says_what_it_did(alice, stored):
    assert run("sweep_attachments") == {
        "prepared": 1, "attachments": 0, "unfinished": 0, "complete": True
    }  # fmt: skip


def test_markdown_links_to_the_files(alice, stored):
    session, ids = stored
    written = alice.client.get(path(session, "export") + "?format=markdown").getvalue().decode()
    assert f"![photo.jpg](/attachments/{ids[0]})" in written
    assert f"\n[notes.txt](/attachments/{ids[1]})" in written
