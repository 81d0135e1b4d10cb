"""Pictures, files and sounds in a response's input: as in completions and in conversations."""

import base64
from typing import Any

import pytest

from tests.conftest import Person
from tests.openai_api.responses.calls import ask, asked, get, session_of
from tests.services.turns.scripted import ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")

URL = "https://example.com/a.png"
INLINE = f"data:image/png;base64,{base64.b64encode(b'0123456789').decode()}"
TEXT = {"type": "input_text", "text": "What is it?"}
SENT_TEXT = {"type": "text", "text": "What is it?"}
NOT_KEPT = "[image not kept: image/png, 10 bytes]"


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


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ({"type": "input_image", "image_url": INLINE}, NOT_KEPT),
        ({"type": "image_url", "image_url": {"url": INLINE}}, NOT_KEPT),
        ({"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf,123"},
         "[file not kept: application/pdf, 3 bytes, a.pdf]"),
        ({"type": "file", "file": {"file_data": "MTIz", "filename": "a.txt"}},
         "[file not kept: application/octet-stream, 3 bytes, a.txt]"),
        ({"type": "input_audio", "input_audio": {"data": "MTIz", "format": "wav"}},
         "[audio not kept: audio/wav, 3 bytes]"),
    ],
)  # fmt: skip
def test_of_bytes_a_line_says_what_was_there(
    alice: Person, model: ScriptedModel, part: Any, line: str
):
    answer = ask(alice, [user(part, TEXT)])
    assert model.asked[-1] == [{"role": "user", "content": f"{line}\nWhat is it?"}]
    [item] = get(alice, answer.json()["id"], "input_items").json()["data"]
    again = ask(alice, [item, *answer.json()["output"], user(TEXT)])
    assert again.status_code == 200, again.content


def test_an_old_picture_makes_no_history_a_refusal(alice: Person, model: ScriptedModel):
    large = base64.b64encode(bytes(1_000_000)).decode()
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{large}"}
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": [picture]}
    answer = ask(alice, [user(picture), call, output, user(TEXT)])
    assert answer.status_code == 200, answer.content
    said = [message["content"] for message in model.asked[-1]]
    line = "[image not kept: image/png, 1000000 bytes]"
    assert said == [line, "", line, "What is it?"]
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
