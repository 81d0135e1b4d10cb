"""Pictures, files and sounds in items: addresses are passed on, bytes are kept."""

import base64

import pytest

from tests import files
from tests.api.bodies import path
from tests.openai_api.conversations import calls

URL = "https://example.com/a.png"
BYTES = base64.b64encode(files.picture()).decode()
GRIDFS = pytest.mark.mongod("GridFS")
TEXT = {"type": "input_text", "text": "What is it?"}
PICTURE = {"type": "input_image", "image_url": URL, "detail": "low"}
INLINE = {"type": "input_image", "image_url": f"data:image/png;base64,{BYTES}", "detail": "low"}


def stored(alice, conversation):
    url = path(calls.session_of(conversation), "messages")
    return alice.client.get(url).json()["results"]


def test_an_address_is_a_part_of_the_message(alice):
    conversation = calls.created(alice, calls.user([TEXT, PICTURE]))
    [message] = stored(alice, conversation)
    assert message["content"] == "What is it?"
    assert message["parts"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image", "url": URL, "detail": "low"},
    ]
    [item] = calls.items(alice, conversation)
    assert item["content"] == [TEXT, PICTURE]


@GRIDFS
def test_bytes_are_kept_and_referred_to(alice):
    conversation = calls.created(alice, calls.user([INLINE, TEXT, PICTURE]))
    [message] = stored(alice, conversation)
    assert message["content"] == "What is it?"
    assert message["parts"][0]["attachment_id"].startswith("att_")
    [item] = calls.items(alice, conversation)
    file_id = message["parts"][0]["attachment_id"].replace("att_", "file-")
    assert item["content"] == [
        {"type": "input_image", "detail": "low", "file_id": file_id},
        TEXT,
        PICTURE,
    ]
    content = alice.client.get(f"/v1/files/{file_id}/content").getvalue()
    assert base64.b64encode(content).decode() == BYTES
    assert BYTES not in str(message)


@pytest.mark.parametrize(
    "part",
    [
        PICTURE,
        {"type": "input_image", "file_id": "file_1", "detail": "auto"},
        {"type": "input_file", "file_url": "https://example.com/a.pdf", "filename": "a.pdf"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "computer_screenshot", "image_url": URL},
    ],
)
def test_what_came_back_is_understood_again(alice, part):
    conversation = calls.created(alice, calls.user([TEXT, part]))
    [item] = calls.items(alice, conversation)
    assert item["content"] == [TEXT, part]
    again = calls.created(alice, item)
    assert calls.items(alice, again) == [item]


@GRIDFS
def test_a_picture_that_came_back_by_its_id_is_understood_again(alice):
    [item] = calls.items(alice, calls.created(alice, calls.user([INLINE, TEXT])))
    again = calls.created(alice, item)
    assert calls.items(alice, again) == [item]
    kept = [part.get("attachment_id") for part in stored(alice, again)[0]["parts"]]
    assert kept[0] == item["content"][0]["file_id"].replace("file-", "att_")


@GRIDFS
def test_a_picture_sent_over_rest_comes_back_by_its_id(alice, session):
    made = alice.client.generic(
        "POST", path(session, "attachments"), files.picture(), content_type="image/png"
    ).json()
    part = {"type": "image", "attachment_id": made["attachment_id"], "detail": "low"}
    alice.client.post(path(session, "message"), {"content": "Look", "parts": [part]})
    [item] = alice.client.get(f"/v1/conversations/{session['session_id']}/items").json()["data"]
    [said, picture] = item["content"]
    assert said["text"] == "Look"
    assert picture == {
        "type": "input_image", "detail": "low", "image_url": None, "file_id": made["file_id"],
    }  # fmt: skip


@GRIDFS
def test_a_large_picture_makes_no_history_a_refusal(alice):
    large = base64.b64encode(files.picture(900, 900, "GIF") + bytes(1_000_000)).decode()
    picture = {"type": "input_image", "image_url": f"data:image/gif;base64,{large}"}
    conversation = calls.created(alice, calls.user([TEXT, picture]))
    assert calls.texts(calls.items(alice, conversation)) == ["What is it?"]


def test_a_removed_message_takes_its_pictures_along(alice):
    said = [{"type": "output_text", "text": "This."}, PICTURE]
    conversation = calls.created(alice, calls.assistant(said, id="msg_1"), calls.CALL)
    calls.remove(alice, conversation, "msg_1")
    [message] = stored(alice, conversation)
    assert URL not in str(message)
