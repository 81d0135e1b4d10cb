"""`POST /session/{id}/attachments`."""

import hashlib
import io
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from PIL import Image

from accounts import usage
from accounts.models import User
from sessions_app.domain.attachments import Upload
from sessions_app.domain.errors import AttachmentRefused
from sessions_app.http.uploads import BytesParser
from sessions_app.services import attachments, file_texts
from tests import files
from tests.api.bodies import NO_SESSION, path

pytestmark = pytest.mark.mongod("GridFS")

COLLECTIONS = (
    "attachment_facts",
    "session_attachments",
    "attachment_uploads",
    "attachments.files",
    "attachments.chunks",
)


@pytest.fixture
def kept(database):
    """How many documents there are of each kind."""
    return lambda: {name: database[name].count_documents({}) for name in COLLECTIONS}


NOTHING = dict.fromkeys(COLLECTIONS, 0)


def upload(person, session, content, media_type="application/octet-stream", **query):
    return person.client.generic(
        "POST",
        path(session, "attachments") + ("?" + "&".join(f"{k}={v}" for k, v in query.items())),
        content,
        content_type=media_type,
    )


def code_of(response):
    return response.status_code, response.json()["errors"][0]["code"]


def test_it_keeps_a_picture_and_says_what_it_is(alice, session):
    content = files.picture(1024, 768)
    response = upload(alice, session, content, "image/png", name="cat.png")
    assert response.status_code == 201, response.content
    body = response.json()
    assert body == {
        "attachment_id": body["attachment_id"],
        "file_id": body["attachment_id"].replace("att_", "file-"),
        "media_type": "image/png",
        "size": len(content),
        "name": "cat.png",
        "sha256": hashlib.sha256(content).hexdigest(),
        "width": 1024,
        "height": 768,
        "tokens": 765,
        "thumbnail": False,
        "note": "",
    }


def test_a_photograph_that_lies_on_its_side_has_the_size_that_is_seen(alice, session):
    stored = upload(alice, session, files.picture_on_its_side(64, 48), name="p.jpg").json()
    assert (stored["width"], stored["height"]) == (48, 64)


def test_it_takes_a_form_with_a_file(alice, session):
    file = io.BytesIO(files.picture())
    file.name = "katze.png"
    response = alice.client.post(path(session, "attachments"), {"file": file}, format="multipart")
    assert response.status_code == 201, response.content
    assert response.json()["name"] == "katze.png"


def test_it_keeps_the_same_content_once(alice, session, create, kept):
    first = upload(alice, session, files.picture(), "image/png").json()
    second = upload(alice, create(), files.picture(), name="other.png").json()
    assert second["attachment_id"] == first["attachment_id"]
    assert kept() == NOTHING | {
        "attachment_facts": 1,
        "session_attachments": 2,
        "attachments.files": 1,
        "attachments.chunks": 1,
    }


def test_two_people_have_the_same_content_apart(alice, bob, session, kept):
    theirs = bob.client.post("/session/create", {}).json()
    mine = upload(alice, session, files.picture()).json()
    assert upload(bob, theirs, files.picture()).json()["attachment_id"] != mine["attachment_id"]
    assert kept()["attachments.files"] == 2


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (files.picture(form="JPEG"), "image/jpeg"),
        (files.picture(form="GIF"), "image/gif"),
        (files.picture(form="WEBP"), "image/webp"),
        (files.pdf(), "application/pdf"),
        (files.sound(), "audio/wav"),
        (files.docx("Hello"), "application/vnd.openxmlformats-officedocument."
         "wordprocessingml.document"),
        ("Grüße, 世界\n".encode(), "text/plain"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (files.wide_directory(10), "application/vnd.openxmlformats-officedocument."
         "wordprocessingml.document"),
    ],
)  # fmt: skip
def test_the_type_is_that_of_the_content(alice, session, content, media_type):
    response = upload(alice, session, content, name="whatever")
    assert (response.status_code, response.json()["media_type"]) == (201, media_type)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("types.ts", "video/mp2t"), ("a.svg", "image/svg+xml"), ("a.m3u", "audio/x-mpegurl")],
)
def test_text_that_is_called_otherwise_is_text(alice, session, name, media_type):
    response = upload(alice, session, b"<svg onload=alert(1)>", media_type, name=name)
    assert (response.status_code, response.json()["media_type"]) == (201, "text/plain")
    served = alice.client.get(f"/attachments/{response.json()['attachment_id']}")
    assert served["Content-Type"] == "text/plain; charset=utf-8"
    assert served["Content-Disposition"].startswith("attachment")


def test_a_picture_under_another_pictures_type_is_what_it_is(alice, session):
    response = upload(alice, session, files.picture(form="JPEG"), "image/png", name="a.png")
    assert response.json()["media_type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("content", "media_type", "name", "code"),
    [
        (b"", "image/png", "a.png", "attachment_empty"),
        (b"<html></html>", "image/png", "a", "attachment_type_mismatch"),
        (b"<html></html>", "application/octet-stream", "a.png", "attachment_type_mismatch"),
        (files.picture(), "application/pdf", "a", "attachment_type_mismatch"),
        (files.picture(), "audio/wav", "a", "attachment_type_mismatch"),
        (b"just text", "application/pdf", "a.pdf", "attachment_type_mismatch"),
        (files.picture(), "text/plain", "a", "attachment_type_mismatch"),
        (files.pdf(), "application/octet-stream", "a.txt", "attachment_type_mismatch"),
        (files.wide_directory(4_000), "application/octet-stream", "a", "attachment_unsupported"),
        (b"\x7fELF\x02\x01\x01\x00", "application/octet-stream", "a", "attachment_unsupported"),
        (b"PK\x03\x04 no archive", "application/zip", "a.zip", "attachment_unsupported"),
        (b"GIF89a", "image/gif", "a.gif", "attachment_unreadable"),
        (files.picture()[:20], "image/png", "a.png", "attachment_unreadable"),
        (files.bomb(), "image/png", "a.png", "attachment_unreadable"),
        (files.picture(), "image/png", "../../etc/passwd", "attachment_name"),
        (files.picture(), "image/png", "..%5Ca.png", "attachment_name"),
        (files.picture(), "image/png", "C:a.png", "attachment_name"),
        (files.picture(), "image/png", "a%E2%80%AEgnp.exe", "attachment_name"),
        (files.picture(), "image/png", "a%E2%81%A6b.png", "attachment_name"),
        (files.picture(), "image/png", "a" * 201, "attachment_name"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_stored(
    alice, session, kept, content, media_type, name, code
):
    response = upload(alice, session, content, media_type, name=name)
    assert code_of(response) == (400, code)
    assert kept() == NOTHING


def test_a_path_in_a_forms_file_name_is_refused(alice, session, kept):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + files.picture() + b"\r\n--x--\r\n"
    )
    response = upload(alice, session, body, "multipart/form-data; boundary=x")
    assert code_of(response) == (400, "attachment_name")
    assert kept() == NOTHING


def test_a_file_over_the_limit_is_refused(alice, session, kept, settings):
    settings.ATTACHMENT_MAX_BYTES = 1_000
    assert code_of(upload(alice, session, b"a" * 1_001)) == (413, "too_large")
    assert kept() == NOTHING


def test_a_user_has_no_more_than_their_room(alice, session, kept, settings):
    settings.ATTACHMENTS_PER_USER_BYTES = 100
    assert upload(alice, session, b"a" * 60).status_code == 201
    assert code_of(upload(alice, session, b"b" * 60)) == (429, "quota_attachments")
    assert upload(alice, session, b"a" * 60).status_code == 201
    assert kept()["attachments.files"] == 1


def test_a_user_has_no_more_files_than_they_may_have(alice, session, kept, settings):
    settings.ATTACHMENTS_PER_USER = 1
    assert upload(alice, session, b"a").status_code == 201
    refused = upload(alice, session, b"b")
    assert code_of(refused) == (429, "quota_attachments")
    assert "1 attachments" in refused.json()["errors"][0]["detail"]
    assert upload(alice, session, b"a").status_code == 201
    assert kept()["attachments.files"] == 1


def test_a_name_of_many_marks_is_refused_before_it_is_composed(alice, session, kept):
    name = quote("a" + "\u0323\u0301" * 4_000)
    assert code_of(upload(alice, session, b"a", name=name)) == (400, "attachment_name")
    assert kept() == NOTHING


def test_a_type_that_the_operator_does_not_keep_is_refused(alice, session, kept, settings):
    settings.ATTACHMENT_TYPES = ["image/png"]
    assert code_of(upload(alice, session, files.pdf()))[1] == "attachment_unsupported"
    assert kept() == NOTHING


def test_an_upload_that_is_cut_off_is_refused():
    request = SimpleNamespace(META={"CONTENT_LENGTH": "8"}, headers={})
    with pytest.raises(AttachmentRefused) as refused:
        BytesParser().parse(io.BytesIO(b"half"), "text/plain", {"request": request})
    assert refused.value.code == "attachment_incomplete"


def test_an_archived_session_takes_no_file(alice, session, archive, kept):
    archive(session)
    assert code_of(upload(alice, session, files.picture())) == (409, "session_archived")
    assert kept() == NOTHING


def test_an_expired_session_takes_no_file(alice, session, expire, kept):
    expire(session)
    assert code_of(upload(alice, session, files.picture())) == (410, "session_expired")
    assert kept() == NOTHING


def test_a_strangers_session_takes_no_file(bob, session, kept):
    response = upload(bob, session, files.picture())
    assert (response.status_code, response.json()) == (404, NO_SESSION)
    assert kept() == NOTHING


def test_where_a_picture_was_taken_is_taken_out(alice, session, settings):
    content = files.picture_with_position()
    stored = upload(alice, session, content, name="photo.jpg").json()
    assert stored["sha256"] == hashlib.sha256(content).hexdigest()
    again = upload(alice, session, content, name="photo.jpg").json()
    assert again["attachment_id"] == stored["attachment_id"]
    served = alice.client.get(f"/attachments/{stored['attachment_id']}").getvalue()
    exif = Image.open(io.BytesIO(served)).getexif()
    assert exif[271] == "Camera"
    assert not exif.get_ifd(0x8825)


def test_where_any_picture_of_several_was_taken_is_taken_out(alice, session):
    content = files.pictures_with_position()
    stored = upload(alice, session, content, name="photo.jpg").json()
    served = alice.client.get(f"/attachments/{stored['attachment_id']}").getvalue()
    assert served != content
    with Image.open(io.BytesIO(served)) as kept:
        assert (kept.format, kept.size, getattr(kept, "n_frames", 1)) == ("JPEG", (64, 48), 1)


def test_the_operator_may_keep_where_a_picture_was_taken(alice, session, settings):
    settings.ATTACHMENT_KEEP_POSITION = True
    content = files.picture_with_position()
    stored = upload(alice, session, content).json()
    assert alice.client.get(f"/attachments/{stored['attachment_id']}").getvalue() == content


def test_a_small_picture_is_made_in_the_background(alice, session, kept):
    stored = upload(alice, session, files.picture(2_000, 1_000)).json()
    url = f"/attachments/{stored['attachment_id']}/thumbnail"
    assert alice.client.get(url).status_code == 404
    assert attachments.attachments_prepare(text_read=file_texts.derive_again) == 1
    response = alice.client.get(url)
    assert response["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(response.getvalue())).size == (512, 256)
    assert kept()["attachment_uploads"] == 0


def test_a_broken_picture_is_tried_a_few_times_and_kept(alice, session, database):
    content = files.picture(400, 400)
    cut = content[:60] + bytes(len(content) - 60)
    stored = upload(alice, session, cut, "image/png").json()
    assert attachments.attachments_prepare(text_read=file_texts.derive_again) == 1
    assert database.attachment_facts.find_one()["note"]
    assert alice.client.get(f"/attachments/{stored['attachment_id']}").getvalue() == cut


@pytest.mark.django_db
def test_staff_see_how_much_of_the_quota_is_used(database, settings):
    settings.ATTACHMENTS_PER_USER_BYTES = 1_000
    user, now = User.objects.create_user("anna"), datetime.now(UTC)
    attachments.attachment_store(
        user_id=str(user.pk), upload=Upload(io.BytesIO(b"a" * 60)), now=now
    )
    assert usage.Figure("Bytes of attachments", 60, 1_000) in usage.figures(user, now=now)
