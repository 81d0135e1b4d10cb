"""`manage.py import_sessions`: files with faults that programs are known to write."""

import base64
import gzip
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from accounts.models import User
from tests.commands.conftest import CommandResult, Run

DATA = Path(__file__).parents[1] / "data" / "imports"
ALICE = ("--user", "alice", "--id")


@pytest.fixture
def take(run: Run, tmp_path: Path) -> Any:
    """Imports a fixture, or what is given as text, bytes or JSON."""

    def imported(content: Any, *options: str, name: str = "in.json") -> CommandResult:
        path = DATA / content if isinstance(content, str) else tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif not isinstance(content, str):
            path.write_text(json.dumps(content))
        return run("import_sessions", str(path), *ALICE, *options)

    return imported


def said(database: Any, title: str) -> list[dict[str, Any]]:
    return list(database.sessions.find_one({"title": title})["messages"])


def chat(text: str, **more: Any) -> dict[str, Any]:
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [text]}}
    return {"mapping": {"u": {"id": "u", "parent": None, "message": message}}, **more}


def test_what_is_no_conversation_between_conversations_is_named_and_the_rest_is_taken(
    take: Any, database: Any
) -> None:
    outcome = take("chatgpt_faults.json", "--json")
    result = outcome.json()
    assert (outcome.code, result["sessions"], result["refused_count"]) == (1, 5, 2)
    assert "null" in result["refused"][0]
    assert "a string between" in result["refused"][1]
    assert all("line " in reason for reason in result["refused"])


def test_conversations_without_ids_and_times_are_all_kept_and_only_once(
    take: Any, database: Any
) -> None:
    take("chatgpt_faults.json")
    again = take("chatgpt_faults.json", "--json").json()
    assert (again["sessions"], again["already_there"]) == (0, 5)


def test_citation_markers_become_sources_and_those_without_are_counted(take: Any, database: Any):
    result = take("chatgpt_faults.json", "--json").json()
    [reply] = [
        message["content"]
        for message in database.sessions.find_one({"metadata.v": "cited"})["messages"]
        if message["role"] == "assistant"
    ]
    assert reply == (
        "Yes [The bridge of Porto](https://example.com/bridge), since Monday "
        "[Porto daily](https://example.com/daily). Perhaps."
    )
    assert result["changed"]["citation marker, replaced by its source"] == 2
    assert result["left"]["citation marker without its source"] == 1


def test_a_model_that_no_message_names_is_that_of_the_conversation(take: Any, database: Any):
    take("chatgpt_faults.json")
    stored = database.sessions.find_one({"metadata.v": "cited"})["messages"][-1]
    assert {"k": "model", "v": "gpt-4o"} in stored["metadata"]


def test_a_call_has_one_result_and_ids_and_names_that_servers_take(take: Any, database: Any):
    take("chatgpt_faults.json")
    messages = database.sessions.find_one({"metadata.v": "tools"})["messages"]
    calls = [json.loads(m["tool_calls"])[0] for m in messages if m.get("tool_calls")]
    results = [message for message in messages if message["role"] == "tool"]
    assert [message["tool_call_id"] for message in results] == [call["id"] for call in calls]
    assert all(len(call["id"]) <= 40 for call in calls)
    assert [call["function"]["name"] for call in calls] == ["dalle_text2im", "python"]
    assert results[0]["content"] == "Model set context\n[image not imported: file-cat1]"
    assert results[1]["content"] == "[image not imported: file_00plot]"


def test_calls_without_ids_or_with_one_id_each_have_their_result(take: Any, database: Any):
    take("langchain_faults.jsonl")
    messages = database.sessions.find_one()["messages"]
    calls = [c for m in messages if m.get("tool_calls") for c in json.loads(m["tool_calls"])]
    answers = {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}
    assert [answers[call["id"]] for call in calls] == ["A", "B", "C", "X", "Y", "Z"]
    assert [call["function"]["name"] for call in calls] == ["find", "find", "tool", "x", "y", "z"]
    assert all(isinstance(json.loads(call["function"]["arguments"]), dict) for call in calls)


def test_what_a_retry_has_doubled_is_stored_once(take: Any, database: Any) -> None:
    result = take("agents_faults.json", "--json").json()
    assert result["messages"] == 4
    assert result["changed"] == {"item that a retry had stored twice": 3}


def test_encrypted_items_alone_are_exit_1_and_said_so(take: Any, database: Any) -> None:
    said = r"nothing was imported: .*3 × encrypted item"
    with pytest.raises(CommandError, match=said) as refused:
        take("agents_encrypted.json")
    assert refused.value.returncode == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("object id", 'line 2: .*messageId is {"a": 1}'),
        ("list parent", 'line 3: .*parentMessageId is \\["x"\\]'),
        ("long", "line 4: .*numberLong is 'abc', which is no whole number"),
        ("int", "line 5: .*numberInt is '1.5', which is no whole number"),
    ],
)
def test_a_document_of_another_type_is_refused_with_its_line(
    take: Any, database: Any, name: str, says: str
) -> None:
    outcome = take("librechat_faults.jsonl", "--json")
    assert (outcome.code, outcome.json()["sessions"]) == (1, 1)
    [reason] = [r for r in outcome.json()["refused"] if name in r]
    assert re.search(says, reason)


@pytest.mark.parametrize("depth", [500, 5_000])
def test_a_recursive_export_of_any_depth_is_taken(take: Any, database: Any, depth: int) -> None:
    text = '{"messageId":"end","text":"end","isCreatedByUser":true,"children":[]}'
    for number in range(depth):
        text = f'{{"messageId":"m{number}","text":"{number}","children":[{text}]}}'
    body = f'{{"conversationId":"deep","recursive":true,"messagesTree":[{text}]}}'
    result = take(body.encode(), "--json").json()
    assert (result["sessions"], result["messages"]) == (1, depth + 1)


@pytest.mark.parametrize("claimed", ["openai", "librechat", "langchain", "langgraph", "native"])
@pytest.mark.parametrize(
    ("name", "seen"),
    [("claude.json", "Claude's"), ("open_webui.json", "Open WebUI's"),
     ("agents_mongodb.jsonl", "MongoDB sessions of the OpenAI Agents SDK")],
)  # fmt: skip
def test_importing_nothing_is_exit_1_and_says_what_it_looks_like(
    take: Any, database: Any, claimed: str, name: str, seen: str
) -> None:
    with pytest.raises(CommandError, match=f"it looks like {seen}") as refused:
        take(name, "--format", claimed)
    assert refused.value.returncode == 1


def test_of_a_thousand_conversations_the_bad_one_is_named(take: Any, database: Any) -> None:
    chats = [chat(f"hello {n}", id=f"c-{n}", title=f"Chat {n}") for n in range(1_000)]
    text = ",\n".join(json.dumps(each) for each in chats)
    text = text.replace('"title": "Chat 500"', '"title": "Chat 500" broken')
    outcome = take(f"[\n{text}\n]".encode(), "--json")
    assert (outcome.code, outcome.json()["sessions"]) == (1, 999)
    [reason] = outcome.json()["refused"]
    assert reason.startswith("line 502: not JSON")


PLAIN = json.dumps([chat("héllo", id="c", title="T")], ensure_ascii=False)


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode("utf-16"), PLAIN.encode("utf-16-le"), PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-32"), PLAIN.encode("utf-8-sig"), b"[," + PLAIN[1:-1].encode() + b",,]",
        gzip.compress(PLAIN.encode()), gzip.compress(PLAIN.encode("utf-16")),
        zipped(export__conversations_dot_json=PLAIN.encode("utf-16"), user_dot_json=b"{}"),
    ],
    ids=["utf-16", "utf-16-le", "utf-16-be", "utf-32", "bom", "commas", "gzip", "gzip 16", "zip"],
)  # fmt: skip
def test_a_file_is_taken_however_it_is_packed_and_encoded(
    take: Any, database: Any, content: bytes
) -> None:
    assert take(content, name="export.bin").code == 0
    assert [m["content"] for m in said(database, "T")] == ["héllo"]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"7z\xbc\xaf\x27\x1c000", "7z"), (b"%PDF-1.7", "a PDF"), (b"<!DOCTYPE html>", "HTML"),
     (b"\0" * 257 + b"ustar", "tar"), (b"BZh91AY", "bzip2")],
    ids=["7z", "pdf", "html", "tar", "bzip2"],
)  # fmt: skip
def test_what_is_not_read_is_refused_by_its_kind(
    take: Any, database: Any, content: bytes, says: str
) -> None:
    with pytest.raises(CommandError, match=f"export.bin is .*{says}"):
        take(content, name="export.bin")


def test_pictures_of_the_archive_come_along(take: Any, database: Any) -> None:
    png = (DATA / "open_webui.json").read_text().partition("base64,")[2].partition('"')[0]
    picture = base64.b64decode(png)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(DATA / "chatgpt_faults.json", "conversations.json")
        archive.writestr("dalle-generations/file-cat1-0001.png", picture)
        archive.writestr("file_00plot-sanitized.png", picture)
        archive.writestr("user.json", "{}")
    result = take(packed.getvalue(), "--json", name="export.zip").json()
    messages = database.sessions.find_one({"metadata.v": "tools"})["messages"]
    parts = [json.loads(m["parts"]) for m in messages if m.get("parts")]
    assert [part["type"] for each in parts for part in each if part["type"] != "text"] == [
        "image",
        "image",
    ]
    assert result["attachments"] == 2
    assert database.attachment_facts.count_documents({}) == 1
    assert result["left"]["file of the archive that no conversation names"] == 1


def test_branches_that_are_not_current_become_sessions_when_asked(take: Any, database: Any):
    result = take("open_webui.json", "--json", "--forks").json()
    assert (result["sessions"], result["branches"]) == (2, 1)
    assert said(database, "Weather in Faro (branch 2)")[-1]["content"] == "I do not know."
    assert take("open_webui.json", "--json", "--forks").json()["already_there"] == 2


def test_a_dry_run_shows_a_table(take: Any, database: Any) -> None:
    out = take("chatgpt_faults.json", "--dry-run").out
    for row in ("conversations", "messages", "branches", "attachments", "tool calls", "changed",
                "left out", "refused", "time to import"):  # fmt: skip
        assert f"\n  {row}  " in out
    assert database.sessions.count_documents({}) == 0


@pytest.mark.django_db
def test_a_name_is_that_of_an_account_or_the_import_exits_2(run: Run, database: Any) -> None:
    alice = User.objects.create_user("alice", "alice@example.com", "pw")
    run("import_sessions", str(DATA / "claude.json"), "--user", "Alice")
    assert {each["user_id"] for each in database.sessions.find()} == {str(alice.pk)}
    with pytest.raises(CommandError, match="no account has the name or the id 'nobody'") as refused:
        run("import_sessions", str(DATA / "claude.json"), "--user", "nobody")
    assert refused.value.returncode == 2
