"""Pictures, files and sounds in a request: kept by reference, and passed on where that is one."""

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sessions_app.domain.errors import ProviderError
from sessions_app.services import dialects
from tests.api.bodies import path
from tests.conftest import Create, Person
from tests.model_server import ModelServer, says, sends
from tests.openai_api.calls import assistant, complete, repeat, said, stored, user
from tests.services.turns.scripted import Script, ScriptedModel

URL = "https://example.com/cat.png?size=2"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DATA_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
SHA256 = hashlib.sha256(PNG).hexdigest()
SIZE = len(PNG)
PDF = base64.b64encode(b"%PDF-1.7 of no pages").decode()
TEXT = {"type": "text", "text": "What is this?"}


@pytest.fixture
def session(create: Create) -> Any:
    """One with a title, for which no model is asked."""
    return create(title="Pictures")


def picture(url: str = URL, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


BY_ADDRESS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (picture(), {"type": "image", "url": URL}),
    (picture(detail="low"), {"type": "image", "url": URL, "detail": "low"}),
    ({"type": "image_url", "image_url": URL}, {"type": "image", "url": URL}),
    ({"type": "input_image", "image_url": URL, "detail": "high"},
     {"type": "image", "url": URL, "detail": "high"}),
    ({"type": "input_image", "file_id": "file-1"}, {"type": "image", "file_id": "file-1"}),
    ({"type": "file", "file": {"file_id": "file-1", "filename": "a.pdf"}},
     {"type": "file", "file_id": "file-1", "name": "a.pdf"}),
    ({"type": "input_file", "file_id": "file-1"}, {"type": "file", "file_id": "file-1"}),
    ({"type": "input_file", "file_url": "https://example.com/a.pdf"},
     {"type": "file", "url": "https://example.com/a.pdf"}),
    ({"type": "input_audio", "input_audio": {"data": "https://example.com/a.wav"}},
     {"type": "audio", "url": "https://example.com/a.wav"}),
]  # fmt: skip
AS_BYTES: list[tuple[dict[str, Any], str]] = [
    (picture(DATA_URL), f"[image not kept: image/png, {SIZE} bytes]"),
    ({"type": "input_image", "image_url": DATA_URL},
     f"[image not kept: image/png, {SIZE} bytes]"),
    ({"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}",
                               "filename": "a\tb.pdf"}},
     "[file not kept: application/pdf, 20 bytes, a b.pdf]"),
    ({"type": "input_file", "file_data": PDF, "filename": "x" * 201},
     f"[file not kept: application/octet-stream, 20 bytes, {'x' * 199}…]"),
    ({"type": "input_audio", "input_audio": {"data": PDF, "format": "wav"}},
     "[audio not kept: audio/wav, 20 bytes]"),
    (picture("data:,plain"), "[image not kept: image/*, 5 bytes]"),
    (picture("data:image/png;base64,?"), "[image not kept: image/png, 1 bytes]"),
    (picture("data:text/html\"<script>;base64,AAAA"),
     "[image not kept: application/octet-stream, 3 bytes]"),
]  # fmt: skip


@pytest.mark.parametrize(("part", "kept"), BY_ADDRESS)
def test_what_has_an_address_is_kept_by_it(
    alice: Person, session: Any, model: ScriptedModel, part: Any, kept: Any
):
    assert complete(alice, session, user([TEXT, part])).status_code == 200
    [message, _] = stored(alice, session)
    assert message["content"].splitlines()[0] == "What is this?"
    assert message["parts"] == [TEXT, kept]


@pytest.mark.parametrize(("part", "line"), AS_BYTES)
def test_of_bytes_a_line_says_what_was_there(
    alice: Person, session: Any, server: ModelServer, part: Any, line: str
):
    assert complete(alice, session, user([TEXT, part])).status_code == 200
    [message, _] = stored(alice, session)
    assert message["content"] == f"What is this?\n{line}"
    [_, described] = message["parts"]
    assert described.keys() >= {"type", "media_type", "size", "sha256"}
    assert server.requests[0]["messages"] == [user(f"What is this?\n{line}")]


def test_bytes_are_neither_stored_nor_sent(
    alice: Person, session: Any, server: ModelServer, database: Any
):
    complete(alice, session, user([TEXT, picture(DATA_URL)]))
    [message, _] = stored(alice, session)
    assert message["parts"][1] == {
        "type": "image", "media_type": "image/png", "size": SIZE, "sha256": SHA256,
    }  # fmt: skip
    body = DATA_URL.partition(",")[2]
    assert body not in str(database.sessions.find_one())
    assert body not in json.dumps(server.requests)


def test_an_address_is_passed_on_in_its_place(alice: Person, session: Any, server: ModelServer):
    content = [
        {"type": "text", "text": "First:"}, picture(), {"type": "text", "text": "Second:"},
        picture("https://example.com/2.png", detail="low"),
        {"type": "file", "file": {"file_id": "file-1"}},
    ]  # fmt: skip
    complete(alice, session, user(content))
    complete(alice, session, "And the first?")
    for request in server.requests:
        assert request["messages"][0] == user(content)
    [message, *_] = stored(alice, session)
    assert message["content"] == "First:\nSecond:"


def test_a_picture_alone_says_what_it_is(alice: Person, session: Any, server: ModelServer):
    complete(alice, session, user([picture()]))
    assert said(alice, session)[0] == ("user", f"[image: {URL}]")
    assert server.requests[0]["messages"] == [user([picture()])]


def test_what_the_wire_has_no_form_for_is_told_in_words(
    alice: Person, session: Any, server: ModelServer
):
    part = {"type": "input_file", "file_url": "https://example.com/a.pdf", "filename": "a.pdf"}
    complete(alice, session, user([TEXT, part]))
    [sent] = server.requests[0]["messages"]
    assert sent == user("What is this?\n[file: a.pdf, https://example.com/a.pdf]")


@pytest.mark.parametrize("part", [part for part, _ in BY_ADDRESS] + [part for part, _ in AS_BYTES])
def test_a_history_that_is_sent_again_is_known(
    alice: Person, session: Any, model: ScriptedModel, part: Any
):
    history: list[Any] = [user([TEXT, part])]
    complete(alice, session, *history)
    history += [assistant("Well."), user([{"type": "text", "text": "Sure?"}])]
    complete(alice, session, *history)
    assert [text for _, text in said(alice, session)][1:] == ["Well.", "Sure?", "Well."]
    assert len(stored(alice, session)) == 4


def test_an_address_that_is_signed_anew_is_the_same(
    alice: Person, session: Any, model: ScriptedModel
):
    signed = "https://bucket.example.com/a.png?v=1&X-Amz-Signature={}&X-Amz-Date={}"
    complete(alice, session, user([TEXT, picture(signed.format("a", "1"))]))
    again = user([TEXT, picture(signed.format("b", "2"))])
    complete(alice, session, again, assistant("Well."), "Sure?")
    assert len(stored(alice, session)) == 4


@pytest.mark.parametrize("other", [picture("https://example.com/dog.png"), picture(DATA_URL), TEXT])
def test_another_picture_is_another_message(
    alice: Person, session: Any, model: ScriptedModel, other: Any
):
    model.scripts.append(Script(error=ProviderError()))
    assert complete(alice, session, user([TEXT, picture()])).status_code == 502
    assert complete(alice, session, user([TEXT, other])).status_code == 200
    assert [role for role, _ in said(alice, session)] == ["user", "user", "assistant"]


def test_the_same_question_after_a_failure_is_stored_once(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script(error=ProviderError()))
    for status in (502, 200):
        assert complete(alice, session, user([TEXT, picture()])).status_code == status
    assert [role for role, _ in said(alice, session)] == ["user", "assistant"]


def test_a_repeat_stores_nothing_twice(alice: Person, session: Any, model: ScriptedModel):
    first = complete(alice, session, user([TEXT, picture()]))
    assert repeat(alice, session, user([TEXT, picture()])).json() == first.json()
    assert len(stored(alice, session)) == 2


def test_an_old_picture_of_an_assistant_or_a_tool_is_told_in_words(
    alice: Person, session: Any, server: ModelServer
):
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    history = [
        user("Look."),
        assistant(None, tool_calls=[call]),
        {"role": "tool", "tool_call_id": "call_1", "content": [picture()]},
    ]
    assert complete(alice, session, *history).status_code == 200
    assert server.requests[0]["messages"][-1]["content"] == f"[image: {URL}]"


@pytest.mark.parametrize(
    ("status", "message", "remembered"),
    [
        (400, "Invalid content type. image_url is only supported by certain models.", True),
        (400, "gulf is not a multimodal model", True),
        (404, "No endpoints found that support image input", True),
        (422, "messages[0].content: unknown variant `image_url`, expected `text`", True),
        (400, "Error while downloading https://example.com/cat.png?size=2.", False),
    ],
)
def test_a_server_that_takes_no_pictures_is_told_of_them_in_words(
    alice: Person, session: Any, server: ModelServer, status: int, message: str, remembered: bool
):
    dialects.forget()
    refusal = sends(json.dumps({"error": {"message": message}}).encode(), status)
    server.answers = [refusal, says("A cat, I hear.")]
    answer = complete(alice, session, user([TEXT, picture()]))
    assert answer.json()["choices"][0]["message"]["content"] == "A cat, I hear."
    words = user(f"What is this?\n[image: {URL}]")
    assert [request["messages"] for request in server.requests] == [
        [user([TEXT, picture()])], [words],
    ]  # fmt: skip
    assert stored(alice, session)[0]["parts"] == [TEXT, {"type": "image", "url": URL}]
    complete(alice, session, "And now?")
    again = server.requests[-1]["messages"][0]
    assert again == (words if remembered else user([TEXT, picture()]))
    dialects.forget()


def test_the_plan_says_that_it_is_sent_in_words(alice: Person, session: Any, settings: Any,
                                                server: ModelServer):  # fmt: skip
    dialects.forget()
    refusal = sends(b'{"error": {"message": "image input is not supported"}}', 500)
    server.answers = [refusal, says("Well.")]
    assert complete(alice, session, user([TEXT, picture()])).status_code == 200
    plan = alice.client.get(path(session, "context")).json()["plan"]
    assert plan[0]["sent_as"] == "placeholder"
    dialects.forget()


def test_neighbours_that_are_joined_keep_their_pictures(
    alice: Person, session: Any, server: ModelServer, settings: Any
):
    settings.LLM_DIALECT = "strict"
    dialects.forget()
    complete(alice, session, user([TEXT, picture()]), user("Look closely."))
    text = {"type": "text", "text": "What is this?\n\nLook closely."}
    assert server.requests[0]["messages"] == [user([text, picture()])]


def test_a_picture_counts_as_tokens_and_fits_the_budget(
    alice: Person, create: Create, server: ModelServer
):
    session = create(title="Pictures", context_policy={"max_tokens": 1_000})
    for n in range(3):
        complete(alice, session, user([TEXT, picture(f"https://example.com/{n}.png")]))
    [first, *_] = stored(alice, session)
    assert first["token_count"] > 765
    window = alice.client.get(path(session, "context")).json()
    assert window["token_count"] <= 1_000
    attached = [m for m in window["messages"] if isinstance(m["content"], list)]
    assert len(attached) == 1


def test_a_picture_that_no_window_holds_is_told_in_words(
    alice: Person, create: Create, server: ModelServer
):
    session = create(title="Pictures", context_policy={"max_tokens": 100})
    complete(alice, session, user([TEXT, picture()]))
    assert server.requests[0]["messages"] == [user(f"What is this?\n[image: {URL}]")]


def test_an_erased_message_has_no_parts(alice: Person, session: Any, model: ScriptedModel):
    complete(alice, session, user([TEXT, picture()]))
    alice.client.delete(path(session, "messages", 1))
    [erased, _] = stored(alice, session)
    assert (erased["content"], "parts" in erased) == ("", False)


def test_a_fork_and_an_export_have_them(alice: Person, session: Any, model: ScriptedModel):
    complete(alice, session, user([TEXT, picture()]))
    fork = alice.client.post(path(session, "fork"), {}).json()
    assert stored(alice, fork)[0]["parts"] == stored(alice, session)[0]["parts"]
    exported = json.loads(alice.client.get(path(session, "export")).getvalue())
    assert exported["messages"][0]["parts"] == stored(alice, session)[0]["parts"]


@pytest.mark.parametrize(
    ("part", "status", "param"),
    [
        (picture("https://x/" + "a" * 8_192), 413, "messages.0.content.0.image_url"),
        (picture("https://x/\x00"), 400, "messages.0.content.0.image_url"),
        ({"type": "file", "file": {}}, 400, "messages.0.content.0.file"),
        ({"type": "input_audio", "input_audio": 5}, 400, "messages.0.content.0.input_audio"),
    ],
)
def test_what_is_no_part_is_refused_and_named(
    alice: Person, session: Any, model: ScriptedModel, part: Any, status: int, param: str
):
    response = complete(alice, session, user([part]))
    assert (response.status_code, response.json()["error"]["param"]) == (status, param)
    assert stored(alice, session) == []


def test_too_many_are_refused(alice: Person, session: Any, model: ScriptedModel):
    assert complete(alice, session, user([picture()] * 257)).status_code == 413
    assert complete(alice, session, user([picture()] * 256)).status_code in {200, 400}


@pytest.mark.parametrize("dialect", ["auto", "strict"])
def test_audits_have_nothing_to_say_of_them(
    alice: Person, session: Any, server: ModelServer, settings: Any, dialect: str
):
    settings.LLM_DIALECT = dialect
    dialects.forget()
    for part in (picture(), picture(DATA_URL), {"type": "input_file", "file_id": "file-1"}):
        complete(alice, session, user([TEXT, part]))
    for command in ("audit_context", "check_integrity"):
        printed = io.StringIO()
        call_command(command, "--json", stdout=printed)
        assert json.loads(printed.getvalue())["findings"] == []


def test_an_export_and_an_import_carry_them(
    alice: Person, session: Any, model: ScriptedModel, tmp_path: Path
):
    complete(alice, session, user([TEXT, picture(), picture(DATA_URL)]))
    before = stored(alice, session)
    files = [tmp_path / name for name in ("first", "second")]
    call_command("export_sessions", "--output", str(files[0]), stdout=io.StringIO())
    alice.client.delete(path(session))
    call_command("import_sessions", str(files[0]), stdout=io.StringIO())
    call_command("export_sessions", "--output", str(files[1]), stdout=io.StringIO())
    assert files[0].read_bytes() == files[1].read_bytes()
    assert [each.get("parts") for each in stored(alice, session)] == [
        each.get("parts") for each in before
    ]


def test_an_import_refuses_what_are_no_parts(
    alice: Person, session: Any, model: ScriptedModel, tmp_path: Path
):
    complete(alice, session, user([TEXT, picture()]))
    file = tmp_path / "export"
    call_command("export_sessions", "--output", str(file), stdout=io.StringIO())
    alice.client.delete(path(session))
    file.write_text(file.read_text().replace('"type":"image"', '"type":"tape"'))
    with pytest.raises(CommandError, match="parts are not those of a message"):
        call_command("import_sessions", str(file), stdout=io.StringIO())
