"""`GET /session/{id}/export`."""

import base64
import json

import pytest

from tests import files
from tests.api.bodies import EXPIRED, NO_SESSION, NO_TOKEN, UNKNOWN, invalid, path

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def export(person, session, form=None):
    query = f"export?format={form}" if form else "export"
    return person.client.get(path(session, query))


def text(response):
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


@pytest.mark.parametrize("count", [0, 1, 500])
def test_json_is_the_session_with_all_its_messages(alice, session, fill, count):
    fill(session, count)
    exported = json.loads(text(export(alice, session, "json")))
    read = alice.client.get(path(session, "?limit=500").replace("/?", "?")).json()
    del read["has_more"]
    assert exported == read
    assert len(exported["messages"]) == count


@pytest.mark.parametrize("count", [0, 1, 500])
def test_json_lines_are_the_messages(alice, session, fill, count):
    fill(session, count)
    lines = text(export(alice, session, "jsonl")).splitlines()
    read = alice.client.get(path(session, "messages?limit=500")).json()["results"]
    assert [json.loads(line) for line in lines] == read
    assert len(read) == count


@pytest.mark.parametrize("count", [0, 1, 500])
def test_markdown_has_a_heading_for_each_message(alice, create, fill, count):
    session = create(title="Lisbon")
    fill(session, count)
    lines = text(export(alice, session, "markdown")).splitlines()
    assert lines[0] == "# Lisbon"
    assert lines[2] == f"Session {session['session_id']}, created {session['created_at']}"
    headings = [line.split(", ")[0] for line in lines if line.startswith("## ")]
    assert headings == [f"## {n}. User" for n in range(1, count + 1)]
    assert [line for line in lines if line.startswith("message ")] == [
        f"message {n}" for n in range(1, count + 1)
    ]


def test_markdown_is_readable(alice, session, append):
    append(session, "Hello", name="Alice")
    second = append(session, "", role="assistant", tool_calls=[{"id": "c", "type": "f"}])
    exported = text(export(alice, session, "markdown"))
    assert exported.startswith("# Conversation\n\nSession ")
    assert "\n## 1. User (Alice), 20" in exported
    assert f"\n## 2. Assistant, {second['timestamp']}\n" in exported
    assert exported.endswith('\n```json\n{\n  "id": "c",\n  "type": "f"\n}\n```\n')


def test_without_a_format_it_is_json(alice, session):
    assert text(export(alice, session)) == text(export(alice, session, "json"))


@pytest.mark.parametrize(
    ("form", "content_type", "suffix"),
    [
        ("json", "application/json", "json"),
        ("jsonl", "application/x-ndjson", "jsonl"),
        ("markdown", "text/markdown; charset=utf-8", "md"),
    ],
)
def test_it_is_a_file_to_save(alice, session, form, content_type, suffix):
    response = export(alice, session, form)
    name = f'attachment; filename="{session["session_id"]}.{suffix}"'
    assert (response["Content-Type"], response["Content-Disposition"]) == (content_type, name)
    assert response["ETag"] == '"1"'
    assert response.streaming


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_texts_come_back_as_they_were_sent(alice, session, append, any_text, form):
    append(session, any_text, metadata={any_text: any_text})
    exported = json.loads(text(export(alice, session, form)))
    message = exported["messages"][0] if form == "json" else exported
    assert (message["content"], message["metadata"]) == (any_text, {any_text: any_text})


def test_markdown_keeps_texts_as_they_were_sent(alice, session, append, any_text):
    append(session, any_text)
    assert f"\n\n{any_text}\n" in text(export(alice, session, "markdown"))


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_a_line_break_in_a_message_breaks_no_line(alice, session, append, form):
    append(session, "one\r\ntwo\u2028three")
    assert text(export(alice, session, form)).count("\n") == 1


@pytest.mark.parametrize("form", ["json", "jsonl", "markdown"])
def test_nothing_deleted_is_exported(alice, session, append, fill, form):
    append(session, "secret", role="assistant", metadata={"a": "secret"}, tool_calls=[CALL])
    fill(session, 150)
    append(session, "secret", name="secret")
    for seq in (1, 152):
        alice.client.delete(path(session, "messages", seq))
    exported = text(export(alice, session, form))
    assert "secret" not in exported
    assert exported.count("*deleted*" if form == "markdown" else '"deleted":true') == 2


@pytest.mark.parametrize("form", ["json", "jsonl", "markdown"])
def test_an_archived_session_can_be_exported(alice, session, append, archive, form):
    append(session, "kept")
    archive(session)
    assert "kept" in text(export(alice, session, form))


def test_it_shows_the_session_as_it_was_when_asked(alice, session, append, fill):
    fill(session, 100)
    response = export(alice, session, "jsonl")
    fill(session, 100)
    alice.client.delete(path(session, "messages", 1))
    assert [json.loads(line)["seq"] for line in text(response).splitlines()] == list(range(1, 101))


@pytest.mark.parametrize("accept", ["*/*", "text/markdown", "application/pdf", ""])
def test_what_is_accepted_has_no_say(alice, session, accept):
    response = alice.client.get(path(session, "export"), headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("form", ["xml", "JSON", "api", "../../etc/passwd", "%00"])
def test_other_formats_are_refused(alice, session, form):
    response = export(alice, session, form)
    detail = "Expected one of: json, jsonl, markdown."
    assert (response.status_code, response.json()) == (
        400,
        invalid("format", detail, "invalid_choice"),
    )


def test_an_expired_session_is_gone(alice, session, expire):
    expire(session)
    for form in ("json", "jsonl", "markdown"):
        response = export(alice, session, form)
        assert (response.status_code, response.json()) == (410, EXPIRED)


def test_an_unknown_session_is_not_found(alice):
    response = export(alice, UNKNOWN)
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("get", "export")


def test_it_needs_a_token(anybody, session):
    response = export_without_token(anybody, session)
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def export_without_token(client, session):
    return client.get(path(session, "export"))


@pytest.fixture
def picture(alice, session):
    """A session with a picture; its bytes."""
    content = files.picture()
    url = path(session, "attachments") + "?name=cat.png"
    kept = alice.client.generic("POST", url, content, content_type="image/png").json()
    part = {"type": "image", "attachment_id": kept["attachment_id"], "alt": "A cat"}
    assert alice.client.post(path(session, "message"), {"parts": [part, part]}).status_code == 201
    return content


@pytest.mark.mongod("GridFS")
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_the_bytes_of_pictures_are_inside_where_they_are_wanted(alice, session, picture, form):
    def lines(more=""):
        exported = text(alice.client.get(path(session, f"export?format={form}{more}")))
        if form == "jsonl":
            return [json.loads(line) for line in exported.splitlines()]
        read = json.loads(exported)
        return read["messages"] + read.get("attachments", [])

    [message] = lines()
    first, attached = lines("&attachments=inside")
    assert first == message
    assert attached["attachment_id"] == message["parts"][0]["attachment_id"]
    assert (attached["name"], attached["media_type"]) == ("cat.png", "image/png")
    assert base64.b64decode(attached["data"]) == picture


@pytest.mark.mongod("GridFS")
def test_markdown_has_links_in_place_of_bytes(alice, session, picture):
    assert "![A cat](/attachments/att_" in text(export(alice, session, "markdown"))
    refused = alice.client.get(path(session, "export?format=markdown&attachments=inside"))
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["attr"] == "attachments"
