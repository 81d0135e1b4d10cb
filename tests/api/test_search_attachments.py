"""Messages are found by what is attached to them: names, alt texts, and the texts of files."""

import pytest

from sessions_app.services import attachments, file_texts, topics
from tests import files
from tests.api.bodies import path

pytestmark = pytest.mark.mongod("GridFS")


def upload(person, session, content, name=""):
    response = person.client.generic(
        "POST",
        path(session, "attachments") + f"?name={name}",
        content,
        content_type="application/octet-stream",
    )
    assert response.status_code == 201, response.content
    return response.json()["attachment_id"]


def say(person, session, content, *parts):
    body = {"content": content, "parts": list(parts)}
    response = person.client.post(path(session, "message"), body)
    assert response.status_code == 201, response.content
    return response.json()["seq"]


def found(person, q):
    response = person.client.get(f"/session/search?q={q}")
    assert response.status_code == 200, response.content
    return [hit["seq"] for hit in response.json()["results"]]


@pytest.fixture
def attached(alice, session):
    """Appends a message with a file of these bytes; its `seq`."""

    def append(content, kind, name="", **described):
        attachment_id = upload(alice, session, content, name)
        part = {"type": kind, "attachment_id": attachment_id, **described}
        return say(alice, session, "Look at this", part)

    return append


def test_a_picture_is_found_by_its_name_and_by_its_alt_text(alice, session, attached):
    seq = attached(files.picture(), "image", "harbour.png", alt="Boats at anchor")
    assert found(alice, "harbour") == [seq]
    assert found(alice, "anchor") == [seq]


def test_a_text_file_is_found_by_what_it_says(alice, session, attached):
    seq = attached(b"Der Vertrag endet im Oktober.", "file", "terms.txt")
    assert found(alice, "oktober") == [seq]
    [hit] = alice.client.get("/session/search?q=oktober").json()["results"]
    assert "Der Vertrag endet im Oktober." in hit["snippet"]


def test_a_text_file_is_found_up_to_a_bound(alice, session, attached, settings):
    settings.ATTACHMENT_TEXT_CHARS = 1_000
    seq = attached(b"nearby " + b"and so on " * 200 + b"faraway", "file", "long.txt")
    assert found(alice, "nearby") == [seq]
    assert found(alice, "faraway") == []


def test_all_files_of_a_message_count_for_the_bound(alice, session, settings):
    settings.ATTACHMENT_TEXT_CHARS = 1_000
    parts = [
        {"type": "file", "attachment_id": upload(alice, session, word + b" etc" * 230)}
        for word in (b"first", b"second")
    ]
    say(alice, session, "Both", *parts)
    assert found(alice, "first") == [1]
    assert found(alice, "second") == [1]
    assert found(alice, "etc") == [1]


def test_an_office_file_is_found_once_its_text_has_been_read(alice, session, attached):
    seq = attached(files.docx("The quarterly budget"), "file", "report.docx")
    # Indexed without the text, which is read in the background.
    assert found(alice, "report") == [seq]
    assert found(alice, "quarterly") == []
    assert attachments.attachments_prepare(text_read=file_texts.derive_again) == 1
    assert found(alice, "quarterly") == [seq]


def test_a_reading_that_ends_before_the_index_is_told_is_repeated(
    alice, session, attached, database
):
    seq = attached(files.docx("The quarterly budget"), "file", "report.docx")
    assert found(alice, "report") == [seq]

    def stops(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attachments.attachments_prepare(text_read=stops)
    assert attachments.attachments_prepare(text_read=file_texts.derive_again) == 1
    assert found(alice, "quarterly") == [seq]


def test_an_erased_message_is_not_found_by_its_file(alice, session, attached, database):
    seq = attached(b"The secret recipe", "file", "recipe.txt")
    assert found(alice, "recipe") == [seq]
    assert alice.client.delete(path(session, "messages", str(seq))).status_code == 204
    assert found(alice, "recipe") == []
    assert "secret" not in str(list(database.search_documents.find()))


def test_nobody_else_finds_a_file(alice, bob, session, attached):
    attached(b"The secret recipe", "file", "recipe.txt")
    assert found(bob, "recipe") == []


def test_a_window_recalls_a_picture_by_its_alt_text(alice, session, attached):
    seq = attached(files.picture(), "image", alt="The lighthouse of Alexandria", detail="low")
    for n in range(30):
        say_plain(alice, session, f"Something about cooking, number {n}")
    say_plain(alice, session, "What about the lighthouse of Alexandria?")
    url = path(session, "context") + "?strategy=relevant&max_tokens=400"
    plan = alice.client.get(url).json()["plan"]
    kept = {each["seq"]: each["reason"] for each in plan if each["kept"]}
    assert kept.get(seq) == "relevant", kept


def say_plain(person, session, content):
    response = person.client.post(path(session, "message"), {"content": content})
    assert response.status_code == 201, response.content


def test_topics_are_told_from_names_and_texts_of_files(alice, session, attached):
    attached(b"Sourdough bread needs flour, water and patience.", "file", "sourdough.txt")
    topics.catch_up(session_id=session["session_id"], user_id=alice.id, seconds=60)
    label = alice.client.get(path(session, "topics")).json()
    assert "sourdough" in str(label).lower()


def test_topics_are_told_anew_once_the_text_of_a_file_is_known(alice, session, attached):
    attached(files.docx("Sourdough bread needs flour, water and patience."), "file")
    topics.catch_up(session_id=session["session_id"], user_id=alice.id, seconds=60)
    assert "sourdough" not in str(alice.client.get(path(session, "topics")).json()).lower()
    assert attachments.attachments_prepare(text_read=file_texts.derive_again) == 1
    assert "sourdough" in str(alice.client.get(path(session, "topics")).json()).lower()
