"""`/v1/files`: what OpenAI's clients upload once and name in any number of messages."""

import io

import pytest

from tests import files
from tests.conftest import Person
from tests.openai_api.calls import complete, stored, user

pytestmark = pytest.mark.mongod("GridFS")


@pytest.fixture
def session(create):
    return create(title="Files")


def create_file(person: Person, content: bytes = files.PDF, name: str = "a.pdf", **more):
    file = io.BytesIO(content)
    file.name = name
    body = {"file": file, "purpose": "user_data", **more}
    return person.client.post("/v1/files", body, format="multipart")


def code_of(response):
    return response.status_code, response.json()["error"]["code"]


def test_a_file_is_kept_and_described_as_openai_does(alice):
    response = create_file(alice)
    assert response.status_code == 200, response.content
    file = response.json()
    assert file == {
        "id": file["id"], "object": "file", "bytes": len(files.PDF),
        "created_at": file["created_at"], "expires_at": None, "filename": "a.pdf",
        "purpose": "user_data", "status": "processed", "status_details": None,
    }  # fmt: skip
    assert alice.client.get(f"/v1/files/{file['id']}").json() == file
    assert alice.client.get(f"/v1/files/{file['id']}/content").getvalue() == files.PDF
    page = alice.client.get("/v1/files").json()
    assert page == {
        "object": "list", "data": [file], "first_id": file["id"], "last_id": file["id"],
        "has_more": False,
    }  # fmt: skip


def test_files_are_listed_in_pages(alice):
    for n in range(3):
        create_file(alice, f"file {n}".encode(), f"{n}.txt")
    first = alice.client.get("/v1/files?limit=2").json()
    second = alice.client.get(f"/v1/files?limit=2&after={first['last_id']}").json()
    assert (len(first["data"]), first["has_more"]) == (2, True)
    assert (len(second["data"]), second["has_more"]) == (1, False)
    assert alice.client.get("/v1/files?purpose=batch").json()["data"] == []


def test_a_message_that_came_with_bytes_is_known_by_the_id_of_its_file(alice, session, server):
    url = files.data_url(files.picture(), "image/png")
    text = {"type": "text", "text": "What is it?"}
    complete(alice, session, user([text, {"type": "image_url", "image_url": {"url": url}}]))
    [question, reply] = stored(alice, session)
    file_id = question["parts"][1]["attachment_id"].replace("att_", "file-")
    by_id = user([text, {"type": "input_image", "file_id": file_id}])
    answer = {"role": "assistant", "content": reply["content"]}
    assert complete(alice, session, by_id, answer, user("Sure?")).status_code == 200
    assert [each["seq"] for each in stored(alice, session)] == [1, 2, 3, 4]
    assert stored(alice, session)[:1] == [question]


def test_a_message_may_name_a_file(alice, session, server):
    file = create_file(alice, b"so it is", "notes.txt").json()
    part = {"type": "file", "file": {"file_id": file["id"]}}
    question = user([{"type": "text", "text": "Is it?"}, part])
    assert complete(alice, session, question).status_code == 200
    sent = server.requests[0]["messages"][0]["content"]
    assert sent[1] == {"type": "text", "text": "[file: notes.txt]\nso it is"}
    answer = {"role": "assistant", "content": stored(alice, session)[1]["content"]}
    complete(alice, session, question, answer, user("Sure?"))
    assert len(stored(alice, session)) == 4


def test_a_deleted_file_is_gone(alice, database):
    file = create_file(alice).json()
    response = alice.client.delete(f"/v1/files/{file['id']}")
    assert response.json() == {"id": file["id"], "object": "file", "deleted": True}
    for more in ("", "/content"):
        assert code_of(alice.client.get(f"/v1/files/{file['id']}{more}")) == (404, "not_found")
    assert code_of(alice.client.delete(f"/v1/files/{file['id']}"))[0] == 404
    assert database["attachments.chunks"].count_documents({}) == 0


def test_a_deleted_file_stays_with_the_messages_that_refer_to_it(alice, session, server):
    file = create_file(alice, b"so it is", "notes.txt").json()
    part = {"type": "file", "file": {"file_id": file["id"]}}
    complete(alice, session, user([{"type": "text", "text": "Is it?"}, part]))
    alice.client.delete(f"/v1/files/{file['id']}")
    kept = stored(alice, session)[0]["parts"][1]["attachment_id"]
    assert alice.client.get(f"/attachments/{kept}").getvalue() == b"so it is"


def test_for_a_stranger_a_file_does_not_exist(alice, bob, anybody):
    file = create_file(alice).json()
    unknown = "file-" + "0" * 32
    for method, more in (("get", ""), ("get", "/content"), ("delete", "")):
        answers = [
            getattr(bob.client, method)(f"/v1/files/{each}{more}") for each in (file["id"], unknown)
        ]
        assert [each.status_code for each in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
    assert bob.client.get("/v1/files").json()["data"] == []
    assert anybody.get("/v1/files").status_code == 401


def test_a_file_of_a_session_is_read_by_its_id_and_not_listed(alice, session):
    made = alice.client.generic(
        "POST", f"/session/{session['session_id']}/attachments", b"text", content_type="text/plain"
    ).json()
    url = f"/v1/files/{made['file_id']}"
    assert alice.client.get(f"{url}/content").getvalue() == b"text"
    assert alice.client.get(url).status_code == 404
    assert alice.client.get("/v1/files").json()["data"] == []
    assert alice.client.delete(url).status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "more", "code"),
    [
        (b"", "a.txt", {}, "attachment_empty"),
        (b"\x7fELF\x00", "a", {}, "attachment_unsupported"),
        (b"text", "a.pdf", {}, "attachment_type_mismatch"),
        (b"text", "a.txt", {"purpose": ""}, "missing_required_parameter"),
        (b"text", "a.txt", {"purpose": "x" * 65}, "invalid_value"),
    ],
)
def test_bad_input_is_refused(alice, database, content, name, more, code):
    assert code_of(create_file(alice, content, name, **more)) == (400, code)
    assert database.attachment_facts.count_documents({}) == 0


def test_a_request_without_a_file_is_refused(alice):
    response = alice.client.post("/v1/files", {"purpose": "user_data"}, format="multipart")
    assert code_of(response) == (400, "attachment_empty")


def test_a_body_with_pictures_may_be_larger_than_one_of_text(alice, session, server, settings):
    settings.REQUEST_MAX_BYTES = 20_000
    large = files.data_url(files.picture(64, 64, "GIF") + bytes(30_000), "image/gif")
    picture = {"type": "image_url", "image_url": {"url": large}}
    assert complete(alice, session, user([picture])).status_code == 200
    assert complete(alice, session, user("x" * 30_000)).status_code == 413
