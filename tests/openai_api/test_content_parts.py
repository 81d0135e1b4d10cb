"""Pictures, files and sounds in a request: kept, referred to, and sent to the model."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sessions_app.domain.errors import ProviderError
from sessions_app.services import dialects
from tests import files
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
SIZE = len(PNG)
PDF = base64.b64encode(files.pdf()).decode()
SOUND = base64.b64encode(files.sound()).decode()
CONTRACT = files.data_url(files.pdf("A contract."), "application/pdf")
GRIDFS = pytest.mark.mongod("GridFS")
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
# A part, what is kept of it, and what the model is sent.
AS_BYTES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (picture(DATA_URL, detail="low"),
     {"type": "image", "media_type": "image/png", "size": SIZE, "width": 1, "height": 1,
      "detail": "low", "tokens": 85},
     picture(DATA_URL, detail="low")),
    ({"type": "input_image", "image_url": DATA_URL},
     {"type": "image", "media_type": "image/png", "size": SIZE, "width": 1, "height": 1,
      "tokens": 255},
     picture(DATA_URL)),
    ({"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}",
                               "filename": "a\tb.pdf"}},
     {"type": "file", "media_type": "application/pdf", "size": len(files.pdf()),
      "name": "a b.pdf", "tokens": 1_000},
     {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}",
                               "filename": "a b.pdf"}}),
    ({"type": "input_file", "file_data": base64.b64encode(b"so it is").decode(),
      "filename": "notes.txt"},
     {"type": "file", "media_type": "text/plain", "size": 8, "name": "notes.txt", "tokens": 3},
     {"type": "text", "text": "[file: notes.txt]\nso it is"}),
    ({"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}},
     {"type": "audio", "media_type": "audio/wav", "size": len(files.sound()), "tokens": 1_000},
     {"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}}),
]  # fmt: skip


@pytest.mark.parametrize(("part", "kept"), BY_ADDRESS)
def test_what_has_an_address_is_kept_by_it(
    alice: Person, session: Any, model: ScriptedModel, part: Any, kept: Any
):
    assert complete(alice, session, user([TEXT, part])).status_code == 200
    [message, _] = stored(alice, session)
    assert message["content"].splitlines()[0] == "What is this?"
    assert message["parts"] == [TEXT, kept]


@GRIDFS
@pytest.mark.parametrize(("part", "kept", "sent"), AS_BYTES)
def test_bytes_are_kept_once_and_sent_in_their_place(
    alice: Person, session: Any, server: ModelServer, database: Any, part: Any, kept: Any, sent: Any
):
    assert complete(alice, session, user([TEXT, part])).status_code == 200
    [message, _] = stored(alice, session)
    assert message["content"] == "What is this?"
    [_, described] = message["parts"]
    assert described.pop("sha256")
    attachment_id = described.pop("attachment_id")
    assert described == kept
    assert server.requests[0]["messages"] == [user([TEXT, sent])]
    assert database.attachment_facts.find_one()["_id"] == attachment_id
    assert "base64" not in str(database.sessions.find_one())


@GRIDFS
def test_the_context_shows_addresses_in_place_of_bytes(
    alice: Person, session: Any, server: ModelServer
):
    complete(alice, session, user([TEXT, picture(DATA_URL)]))
    [message, _] = alice.client.get(path(session, "context")).json()["messages"]
    attachment_id = stored(alice, session)[0]["parts"][1]["attachment_id"]
    [_, shown] = message["content"]
    assert shown["image_url"]["url"] == f"attachment:{attachment_id}?tokens=255"


@GRIDFS
def test_a_request_that_is_not_stored_keeps_no_bytes(
    alice: Person, server: ModelServer, database: Any
):
    body = {"model": "m", "store": False, "input": [
        {"role": "user", "content": [{"type": "input_image", "image_url": DATA_URL}]}
    ]}  # fmt: skip
    assert alice.client.post("/v1/responses", body).status_code == 200
    assert server.requests[0]["messages"] == [user([picture(DATA_URL)])]
    assert database.attachment_facts.count_documents({}) == 0


@GRIDFS
@pytest.mark.parametrize(
    ("part", "code"),
    [
        (picture("data:,plain"), "attachment_type_mismatch"),
        (picture("data:image/png;base64,"), "attachment_empty"),
        (picture("data:text/html\"<script>;base64,AAAA"), "attachment_unsupported"),
        ({"type": "input_audio", "input_audio": {"data": PDF, "format": "wav"}},
         "attachment_type_mismatch"),
        ({"type": "input_file", "file_data": PDF, "filename": "../a.pdf"}, "attachment_name"),
        ({"type": "input_file", "file_id": "file-" + "0" * 32}, "attachment_not_found"),
        ({"type": "input_file", "file_id": "file-1", "filename": "a\u202efdp.exe"},
         "attachment_name"),
        ({"type": "input_file", "file_url": "https://example.com/a", "filename": "../a.pdf"},
         "attachment_name"),
    ],
)  # fmt: skip
def test_bytes_that_are_not_kept_are_refused_and_nothing_is_stored(
    alice: Person, session: Any, server: ModelServer, database: Any, part: Any, code: str
):
    response = complete(alice, session, user([TEXT, part]))
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    assert stored(alice, session) == [] == server.requests
    assert database.attachment_facts.count_documents({}) == 0


def unstored(person: Person, *content: Any) -> Any:
    body = {"model": "m", "store": False, "input": [{"role": "user", "content": list(content)}]}
    return person.client.post("/v1/responses", body)


@GRIDFS
@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"type": "input_image", "image_url": "data:,plain"}, "attachment_type_mismatch"),
        ({"type": "input_image", "image_url": "data:image/png;base64,"}, "attachment_empty"),
        ({"type": "input_image", "image_url": files.data_url(files.bomb(), "image/png")},
         "attachment_unreadable"),
        ({"type": "input_file", "file_data": PDF, "filename": "../a.pdf"}, "attachment_name"),
        ({"type": "input_file", "file_id": "file-" + "0" * 32}, "attachment_not_found"),
    ],
)  # fmt: skip
def test_what_would_not_be_kept_is_not_sent_on_either(
    alice: Person, server: ModelServer, database: Any, part: Any, code: str
):
    response = unstored(alice, part)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    assert server.requests == []
    assert database.attachment_facts.count_documents({}) == 0


@GRIDFS
def test_a_request_that_is_not_stored_may_name_a_file(
    alice: Person, bob: Person, server: ModelServer, database: Any
):
    uploaded = alice.client.post(
        "/v1/files",
        {"file": io.BytesIO(PNG), "purpose": "user_data"},
        format="multipart",
    ).json()
    part = {"type": "input_image", "file_id": uploaded["id"]}
    assert unstored(bob, part).json()["error"]["code"] == "attachment_not_found"
    assert unstored(alice, part).status_code == 200
    assert server.requests[0]["messages"] == [user([picture(DATA_URL)])]
    assert database.session_attachments.count_documents({}) == 0


@GRIDFS
@pytest.mark.parametrize("content", [b"so it is", files.docx("so it is")])
def test_a_text_of_a_request_that_is_not_stored_is_sent_as_text(
    alice: Person, server: ModelServer, content: bytes
):
    data = base64.b64encode(content).decode()
    assert unstored(alice, {"type": "input_file", "file_data": data}).status_code == 200
    [message] = server.requests[0]["messages"]
    assert message["content"].endswith("]\nso it is")


@GRIDFS
def test_an_office_file_is_sent_as_its_text_at_once(
    alice: Person, session: Any, server: ModelServer
):
    text = " ".join(f"Sentence {n} of many." for n in range(300))
    data = base64.b64encode(files.docx(text)).decode()
    complete(
        alice, session, user([{"type": "input_file", "file_data": data, "filename": "a.docx"}])
    )
    [message] = server.requests[0]["messages"]
    assert message["content"] == [{"type": "text", "text": f"[file: a.docx]\n{text}"}]
    [stored_message, _] = stored(alice, session)
    assert stored_message["token_count"] > 1_500


@GRIDFS
def test_a_file_that_no_window_holds_is_cut_and_the_plan_says_so(
    alice: Person, session: Any, server: ModelServer
):
    text = " ".join(f"Sentence {n} of many." for n in range(3_000))
    data = base64.b64encode(text.encode()).decode()
    part = {"type": "input_file", "file_data": data, "filename": "a.txt"}
    assert complete(alice, session, user([TEXT, part])).status_code == 200
    [message] = server.requests[0]["messages"]
    sent = message["content"][1]["text"]
    assert sent.startswith("[file: a.txt]\nSentence 0 of many.")
    assert sent.endswith("Sentence 2999 of many.")
    assert 3_000 < len(sent) < len(text)
    window = alice.client.get(path(session, "context")).json()
    assert window["token_count"] <= window["max_tokens"]
    assert window["plan"][0]["sent_as"] == "cut"


@GRIDFS
def test_a_model_without_eyes_is_told_in_words_by_setting(
    alice: Person, session: Any, server: ModelServer, settings: Any
):
    settings.LLM_ATTACHMENTS = "never"
    complete(alice, session, user([TEXT, picture(DATA_URL)]))
    assert server.requests[0]["messages"] == [user(
        f"What is this?\n[image: image/png, {SIZE} bytes]"
    )]  # fmt: skip
    plan = alice.client.get(path(session, "context")).json()["plan"]
    assert plan[0]["sent_as"] == "placeholder"


@GRIDFS
def test_the_newest_pictures_are_sent_and_the_plan_says_which_are_not(
    alice: Person, session: Any, server: ModelServer, settings: Any
):
    settings.LLM_PICTURES_MAX = 2
    urls = [f"https://example.com/{n}.png" for n in range(4)]
    for url in urls:
        complete(alice, session, user([TEXT, picture(url)]))
    sent = [m["content"] for m in server.requests[-1]["messages"] if m["role"] == "user"]
    assert sent == [
        f"What is this?\n[image: {urls[0]}]", f"What is this?\n[image: {urls[1]}]",
        [TEXT, picture(urls[2])], [TEXT, picture(urls[3])],
    ]  # fmt: skip
    plan = alice.client.get(path(session, "context")).json()["plan"]
    assert [row["seq"] for row in plan if row.get("sent_as") == "placeholder"] == [1, 3]


def test_of_one_message_the_last_pictures_are_sent(
    alice: Person, session: Any, server: ModelServer, settings: Any
):
    settings.LLM_PICTURES_MAX = 2
    urls = [f"https://example.com/{n}.png" for n in range(3)]
    complete(alice, session, user([TEXT, *map(picture, urls)]))
    words = {"type": "text", "text": f"[image: {urls[0]}]"}
    assert server.requests[0]["messages"] == [
        user([TEXT, words, picture(urls[1]), picture(urls[2])])
    ]
    window = alice.client.get(path(session, "context")).json()
    assert window["plan"][0]["sent_as"] == "placeholder"
    assert window["token_count"] < 3 * 765


def test_a_picture_of_a_question_that_was_replaced_takes_no_room(
    alice: Person, session: Any, server: ModelServer, settings: Any
):
    settings.LLM_PICTURES_MAX = 1
    complete(alice, session, user([TEXT, picture()]))
    complete(alice, session, user([TEXT, picture("https://example.com/dog.png")]))
    body = {"content": "And what is this?", "replaces": 3}
    assert alice.client.post(path(session, "chat"), body).status_code == 200
    assert server.requests[-1]["messages"][0] == user([TEXT, picture()])


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


@GRIDFS
@pytest.mark.parametrize("part", [each[0] for each in (*BY_ADDRESS, *AS_BYTES)])
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


@GRIDFS
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


@GRIDFS
@pytest.mark.parametrize(
    ("part", "message", "instead"),
    [
        (picture(), "Only base64 data URLs are supported, not http URLs.",
         {"type": "text", "text": f"[image: {URL}]"}),
        (AS_BYTES[4][0], "Unknown part type: input_audio is not supported",
         {"type": "text", "text": f"[audio: audio/wav, {len(files.sound())} bytes]"}),
        ({"type": "file", "file": {"file_data": CONTRACT}}, "Unknown part type: file",
         {"type": "text", "text": "[file: application/pdf]\nA contract."}),
    ],
)  # fmt: skip
def test_a_server_that_takes_pictures_alone_is_sent_these(
    alice: Person, session: Any, server: ModelServer, part: Any, message: str, instead: Any
):
    dialects.forget()
    server.answers = [
        sends(json.dumps({"error": {"message": message}}).encode(), 400),
        says("Well."),
    ]
    assert complete(alice, session, user([TEXT, picture(DATA_URL), part])).status_code == 200
    assert server.requests[1]["messages"] == [user([TEXT, picture(DATA_URL), instead])]
    dialects.forget()
    complete(alice, session, "And now?")
    assert len(server.requests) == 3
    assert server.requests[2]["messages"][0] == user([TEXT, picture(DATA_URL), instead])
    plan = alice.client.get(path(session, "context")).json()["plan"]
    assert plan[0]["sent_as"] == "placeholder"
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
        (picture("data:image/png;base64,?"), 400, "messages.0.content.0.image_url"),
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


@GRIDFS
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


@GRIDFS
def test_an_export_and_an_import_carry_them(
    alice: Person, session: Any, model: ScriptedModel, tmp_path: Path
):
    complete(alice, session, user([TEXT, picture(), picture(DATA_URL)]))
    before = stored(alice, session)
    written = [tmp_path / name for name in ("first", "second")]
    call_command("export_sessions", "--output", str(written[0]), stdout=io.StringIO())
    alice.client.delete(path(session))
    call_command("import_sessions", str(written[0]), stdout=io.StringIO())
    call_command("export_sessions", "--output", str(written[1]), stdout=io.StringIO())
    assert written[0].read_bytes() == written[1].read_bytes()
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
