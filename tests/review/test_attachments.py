"""Pictures and files of a conversation: behind the reason and the log, blurred until asked for."""

import io

import pytest
from PIL import Image

from sessions_app.domain.attachments import Upload
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import attachments, file_texts, messages
from tests import files
from tests.review.conftest import LIST, acts, now, text

pytestmark = pytest.mark.mongod("GridFS")

PICTURE = files.picture(600, 400)


def upload(owner, session_id, content, name):
    kept = attachments.attachment_upload(
        session_id=session_id, user_id=owner.id, upload=Upload(io.BytesIO(content), name), now=now()
    )
    return kept.attachment_id


@pytest.fixture
def say(alice, session_id):
    """Alice says something with an attachment; its id."""

    def append(content, kind, name, **more):
        attachment_id = upload(alice, session_id, content, name)
        part = {"type": kind, "attachment_id": attachment_id, **more}
        draft = MessageDraft(role=Role.USER, content="Look", parts=[part])
        messages.message_append(session_id=session_id, user_id=alice.id, draft=draft, now=now())
        attachments.attachments_prepare(text_read=file_texts.derive_again)
        return attachment_id

    return append


@pytest.fixture
def picture(say):
    return say(PICTURE, "image", "cat.png", alt="A cat on a chair")


def address(session_id, attachment_id, more=""):
    return f"{LIST}{session_id}/attachments/{attachment_id}/{more}"


def test_the_page_shows_a_picture_blurred(carol, opened, session_id, picture):
    page = text(carol.client.get(opened(carol)))
    assert address(session_id, picture, "blurred/") in page
    assert "A cat on a chair" in page
    assert "Show the picture" in page


def test_a_blurred_picture_has_but_a_few_colours(carol, opened, session_id, picture, log):
    opened(carol)
    response = carol.client.get(address(session_id, picture, "blurred/"))
    assert response["Content-Type"] == "image/webp"
    assert "no-store" in response["Cache-Control"]
    assert Image.open(io.BytesIO(response.content)).size == (8, 6)
    assert acts(log(session_id=session_id)) == ["open"]


def test_a_picture_that_is_asked_for_is_in_the_log(carol, opened, session_id, picture, log):
    opened(carol)
    response = carol.client.get(address(session_id, picture))
    assert response.getvalue() == PICTURE
    assert "no-store" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    line = log(session_id=session_id)[-1]
    assert (line.act.value, line.staff.id) == ("attachment", carol.id)
    assert line.about["attachment"] == picture
    assert line.why.detail == "Ticket 4711"


@pytest.mark.parametrize("more", ["", "blurred/"])
def test_without_a_reason_nothing_is_shown(carol, session_id, picture, log, more):
    response = carol.client.get(address(session_id, picture, more))
    assert response.status_code == 302
    assert response["Location"] == f"{LIST}{session_id}/"
    assert log(session_id=session_id) == []


@pytest.mark.parametrize("more", ["", "blurred/"])
def test_without_the_permission_nothing_is_shown(stan, session_id, picture, more):
    assert stan.client.get(address(session_id, picture, more)).status_code == 403


def test_a_reason_for_one_conversation_opens_no_other(
    alice, carol, opened, talk, session_id, picture
):
    other = talk(alice, "Something else")
    opened(carol, other)
    assert carol.client.get(address(other, picture)).status_code == 404
    assert carol.client.get(address(session_id, picture)).status_code == 302


def test_what_was_uploaded_and_never_sent_is_not_shown(alice, carol, opened, session_id):
    attachment_id = upload(alice, session_id, PICTURE, "unsent.png")
    opened(carol)
    assert carol.client.get(address(session_id, attachment_id)).status_code == 404


def test_a_file_is_hidden_as_long_as_text_is_masked(carol, lea, opened, session_id, say, log):
    file = say(b"Call +351 912 345 678", "file", "numbers.txt")
    for reader in (carol, lea):
        opened(reader)
        assert reader.client.get(address(session_id, file)).status_code == 409
    lea.client.post(f"{LIST}{session_id}/unmask/", {"reason": "legal", "detail": "Request 3"})
    response = lea.client.get(address(session_id, file))
    assert response.getvalue() == b"Call +351 912 345 678"
    assert response["Content-Disposition"].startswith("attachment")
    assert acts(log(session_id=session_id)) == ["open", "open", "unmask", "attachment"]


def test_a_name_is_masked_as_text_is(carol, opened, say):
    say(PICTURE, "image", "maria@example.org.png")
    page = text(carol.client.get(opened(carol)))
    assert "maria@example.org" not in page


def test_what_staff_delete_goes_with_its_pictures(act, session_id, picture, database):
    assert act("delete", session_id).status_code == 200
    for name in ("attachment_facts", "session_attachments", "attachments.files"):
        assert database[name].count_documents({}) == 0
    assert database["attachments.chunks"].count_documents({}) == 0
