"""Pictures, files and sounds in a response's input: as in completions and in conversations."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from tests import files
from tests.conftest import Person
from tests.openai_api.responses.calls import ask, asked, get, session_of
from tests.services.turns.scripted import ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")

URL = "https://example.com/a.png"
INLINE = files.data_url(files.picture(), "image/png")
PICTURE = {"type": "image_url", "image_url": {"url": INLINE}}
PDF = files.data_url(files.PDF, "application/pdf")
SOUND = base64.b64encode(files.sound()).decode()
GRIDFS = pytest.mark.mongod("GridFS")
TEXT = {"type": "input_text", "text": "What is it?"}
SENT_TEXT = {"type": "text", "text": "What is it?"}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ({"type": "input_image", "image_url": URL, "detail": "low"},
         {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}),
        ({"type": "image_url", "image_url": {"url": URL}},
         {"type": "image_url", "image_url": {"url": URL}}),
        ({"type": "input_file", "file_id": "file-1"},
         {"type": "file", "file": {"file_id": "file-1"}}),
        ({"type": "file", "file": {"file_id": "file-1"}},
         {"type": "file", "file": {"file_id": "file-1"}}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("store", [True, False])
def test_an_address_is_kept_and_passed_on(
    alice: Person, model: ScriptedModel, part: Any, sent: Any, store: bool
):
    answer = asked(alice, [user(TEXT, part)], store=store)
    assert model.asked[-1] == [{"role": "user", "content": [SENT_TEXT, sent]}]
    if store:
        [item] = get(alice, answer["id"], "input_items").json()["data"]
        assert item["content"] == [TEXT, part]


@GRIDFS
@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ({"type": "input_image", "image_url": INLINE}, PICTURE),
        ({"type": "image_url", "image_url": {"url": INLINE}}, PICTURE),
        ({"type": "input_file", "filename": "a.pdf", "file_data": PDF},
         {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}}),
        ({"type": "file", "file": {"file_data": "MTIz", "filename": "a.txt"}},
         {"type": "text", "text": "[file: a.txt]\n123"}),
        ({"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}},
         {"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}}),
    ],
)  # fmt: skip
def test_bytes_are_kept_and_sent_in_their_place(
    alice: Person, model: ScriptedModel, part: Any, sent: Any
):
    answer = ask(alice, [user(part, TEXT)])
    assert model.asked[-1] == [{"role": "user", "content": [sent, SENT_TEXT]}]
    [item] = get(alice, answer.json()["id"], "input_items").json()["data"]
    assert "base64" not in str(item)
    again = ask(alice, [item, *answer.json()["output"], user(TEXT)])
    assert again.status_code == 200, again.content
    assert model.asked[-1][0] == {"role": "user", "content": [sent, SENT_TEXT]}


@GRIDFS
def test_an_old_picture_makes_no_history_a_refusal(alice: Person, model: ScriptedModel):
    made = io.BytesIO()
    Image.effect_noise((1_000, 1_000), 100).save(made, "PNG")
    large = files.data_url(made.getvalue(), "image/png")
    picture = {"type": "input_image", "image_url": large}
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": [picture]}
    history = [user(picture), call, output, user(TEXT)]
    answer = ask(alice, history)
    assert answer.status_code == 200, answer.content
    again = ask(alice, [*history, *answer.json()["output"], user(TEXT)])
    assert again.status_code == 200, again.content
    said = [message["content"] for message in model.asked[0]]
    # OpenAI's wire has pictures of users alone.
    line = f"[image: image/png, {len(made.getvalue())} bytes]"
    assert said == [[{"type": "image_url", "image_url": {"url": large}}], "", line, "What is it?"]
    listed = alice.client.get(f"/session/{session_of(answer)}/messages").content
    assert len(listed) < 10_000


def test_a_tools_picture_is_told_in_words(alice: Person, model: ScriptedModel):
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    parts = [{"type": "input_image", "image_url": URL, "detail": "auto"}, TEXT]
    output = {"type": "function_call_output", "call_id": "c1", "output": parts}
    answer = asked(alice, [call, output])
    assert model.asked[-1][-1]["content"] == f"[image: {URL}]\nWhat is it?"
    listed = get(alice, answer["id"], "input_items").json()["data"]
    assert listed[0]["output"] == parts
