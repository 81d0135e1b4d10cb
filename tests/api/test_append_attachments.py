"""`parts` of a message that refer to what was uploaded."""

import pytest

from tests import files
from tests.api.bodies import path
from tests.api.test_upload_attachment import NOTHING, code_of, kept, upload

__all__ = ["kept"]
pytestmark = pytest.mark.mongod("GridFS")


def append(person, session, **body):
    return person.client.post(path(session, "message"), body)


def test_a_message_refers_to_what_was_uploaded(alice, session, kept):
    stored = upload(alice, session, files.picture(1024, 1024), name="cat.png").json()
    part = {"type": "image", "attachment_id": stored["attachment_id"], "alt": "a cat"}
    response = append(alice, session, content="Look", parts=[part])
    assert response.status_code == 201, response.content
    message = response.json()
    assert message["content"] == "Look"
    assert message["parts"] == [
        {"type": "text", "text": "Look"},
        {
            "type": "image",
            "attachment_id": stored["attachment_id"],
            "media_type": "image/png",
            "size": stored["size"],
            "sha256": stored["sha256"],
            "tokens": 765,
            "width": 1024,
            "height": 1024,
            "name": "cat.png",
            "alt": "a cat",
        },
    ]
    assert message["token_count"] == 765 + 1
    assert kept()["attachments.files"] == 1


def test_a_message_of_a_picture_alone_says_so_in_its_text(alice, session):
    stored = upload(alice, session, files.picture(), name="cat.png").json()
    part = {"type": "image", "attachment_id": stored["attachment_id"]}
    assert append(alice, session, parts=[part]).json()["content"] == "[image: cat.png]"


@pytest.mark.parametrize(
    ("content", "text"), [("Listen", "Listen"), ("", "[audio: note.wav]")], ids=["text", "alone"]
)
def test_a_message_refers_to_a_sound(alice, session, content, text):
    query = "?name=note.wav"
    stored = alice.client.generic(
        "POST", path(session, "attachments") + query, files.sound(), content_type="audio/wav"
    ).json()
    part = {"type": "audio", "attachment_id": stored["attachment_id"]}
    words = {"content": content} if content else {}
    response = append(alice, session, parts=[part], client_id="k", **words)
    assert response.status_code == 201, response.content
    assert response.json()["content"] == text
    again = append(alice, session, parts=[part], client_id="k", **words)
    assert (again.status_code, again.json()["seq"]) == (200, response.json()["seq"])


def test_an_address_stays_an_address(alice, session, kept):
    part = {"type": "image", "url": "https://example.org/cat.png"}
    message = append(alice, session, content="Look", parts=[part]).json()
    assert message["parts"][1] == part
    assert kept() == NOTHING


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image"},
        {"type": "video", "url": "https://example.org"},
        {"type": "image", "url": "file:///etc/passwd"},
        {"type": "image", "url": "data:image/png;base64,AAAA"},
        {"type": "image", "url": "https://example.org", "attachment_id": "att_0"},
        {"type": "image", "url": "https://example.org", "size": 1},
        {"type": "image", "url": "https://example.org", "detail": "huge"},
        {"type": "image", "attachment_id": 1},
        {"type": "text"},
        "text",
    ],
)
def test_a_part_that_is_none_is_refused(alice, session, part):
    response = append(alice, session, content="Look", parts=[part])
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"].startswith("parts")


def test_a_strangers_attachment_is_as_unknown_as_any(alice, bob, session):
    theirs = bob.client.post("/session/create", {}).json()
    stored = upload(bob, theirs, files.picture()).json()
    unknown = "att_" + "0" * 32
    answers = [
        append(alice, session, content="x", parts=[{"type": "image", "attachment_id": each}])
        for each in (stored["attachment_id"], unknown)
    ]
    assert answers[0].json() == answers[1].json()
    assert code_of(answers[0]) == (400, "attachment_not_found")
    assert alice.client.get(path(session)).json()["message_count"] == 0


@pytest.mark.parametrize(
    "name", ["../a.png", "C:\\a.png", "a\u202egnp.exe", "a\u2066b.png", "a\nb.png", "a" * 201]
)
def test_a_part_with_a_name_that_a_file_may_not_have_is_refused(alice, session, kept, name):
    stored = upload(alice, session, files.picture()).json()
    for named in ({"attachment_id": stored["attachment_id"]}, {"url": "https://example.org/a"}):
        response = append(alice, session, parts=[{"type": "image", "name": name, **named}])
        assert response.status_code == 400
        assert response.json()["errors"][0]["attr"].startswith("parts")
    assert alice.client.get(path(session)).json()["message_count"] == 0


def test_a_message_that_is_refused_leaves_no_link(
    alice, bob, session, create, archive, expire, database
):
    """Alice's own picture, in sessions that take no message of hers."""
    stored = upload(alice, session, files.picture()).json()
    theirs = bob.client.post("/session/create", {}).json()
    archived, expired = create(), create()
    archive(archived)
    expire(expired)
    part = {"type": "image", "attachment_id": stored["attachment_id"]}
    codes = [code_of(append(alice, each, parts=[part])) for each in (theirs, archived, expired)]
    assert codes == [(404, "not_found"), (409, "session_archived"), (410, "session_expired")]
    assert [each["session_id"] for each in database.session_attachments.find()] == [
        session["session_id"]
    ]


def test_a_message_of_more_files_than_allowed_is_refused(alice, session, settings):
    settings.ATTACHMENTS_PER_MESSAGE = 1
    stored = upload(alice, session, files.picture()).json()
    part = {"type": "image", "attachment_id": stored["attachment_id"]}
    assert append(alice, session, content="x", parts=[part, part]).status_code == 413


def test_a_session_may_begin_with_an_attachment_of_another(alice, session, database):
    stored = upload(alice, session, files.picture()).json()
    part = {"type": "image", "attachment_id": stored["attachment_id"]}
    made = alice.client.post("/session/create", {"messages": [{"content": "x", "parts": [part]}]})
    assert made.status_code == 201
    assert database.session_attachments.count_documents({}) == 2


def test_a_repeat_of_a_message_with_a_picture_stores_it_once(alice, session):
    stored = upload(alice, session, files.picture()).json()
    part = {"type": "image", "attachment_id": stored["attachment_id"]}
    first = append(alice, session, content="x", parts=[part], client_id="k")
    second = append(alice, session, content="x", parts=[part], client_id="k")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert append(alice, session, content="x", client_id="k").status_code == 422
