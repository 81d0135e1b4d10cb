"""`clients/python` against a served instance: what its README promises, sync and async."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_sessions_client import (
    AsyncClient,
    Client,
    Delta,
    Ended,
    InvalidRequest,
    NotFound,
    Planned,
    Replied,
    Retries,
    SessionArchived,
    VersionChanged,
    WrongCredentials,
)
from chat_sessions_client.answers import Part

from tests import files
from tests.clients.conftest import Clients
from tests.clients.cut_connections import AsyncCuttingTransport, CuttingTransport, once
from tests.docs import pages, shell

pytestmark = [
    pytest.mark.mongod("a process of its own"),
    pytest.mark.xdist_group("clients"),
]
QUESTION = "My dog is called Rufus."
QUICK = Retries(first_pause=0.01)
# Where the first connection is cut, and what is then asked for.
CUTS = {
    "before the first event": ([b": stream\n"], ["POST chat", "POST chat"]),
    "within the first event": ([b"event: context\n"], ["POST chat", "POST chat"]),
    "within the first words": ([b"event: delta\ndata:"], ["POST chat", "GET chat/stream"]),
    "behind the reply": ([b"event: message\n"], ["POST chat", "GET chat/stream"]),
    "twice": (
        [b": stream\n", b"event: delta\ndata:"],
        ["POST chat", "POST chat", "GET chat/stream"],
    ),
}


@pytest.fixture(scope="module")
def client(clients: Clients) -> Iterator[Client]:
    with Client(clients.base, api_key=clients.key) as client:
        yield client


@pytest.fixture
def session_id(client: Client) -> str:
    return client.create_session()["session_id"]


def test_it_keeps_a_conversation(client: Client):
    session = client.create_session(title="Dogs", system_prompt="Be brief.")
    appended = client.append_message(session["session_id"], QUESTION)
    client.append_messages(
        session["session_id"],
        [{"role": "assistant", "content": "Noted."}, {"content": "What is he called?"}],
    )

    read = client.get_session(session["session_id"])

    assert appended["seq"] == 2
    assert [message["content"] for message in read["messages"]] == [
        "Be brief.", QUESTION, "Noted.", "What is he called?"
    ]  # fmt: skip
    assert read["title"] == "Dogs"


def test_it_reads_windows_topics_and_search(client: Client, session_id: str):
    client.append_message(session_id, "Axolotls regrow their limbs.")

    window = client.context(session_id, max_tokens=500, strategy="recent")
    hits = client.search("axolotls")
    reset = client.reset_context(session_id)
    undone = client.reset_context(session_id, undo=True)

    assert [message["content"] for message in window["messages"]] == [
        "Axolotls regrow their limbs."
    ]
    assert client.topics(session_id)["results"][0]["start_seq"] == 1
    assert session_id in {hit["session_id"] for hit in hits["results"]}
    assert (reset["context_start"], undone["context_start"]) == (2, 1)


def test_it_changes_archives_forks_and_deletes_a_session(client: Client, session_id: str):
    client.append_message(session_id, QUESTION)
    read = client.get_session(session_id)
    changed = client.update_session(
        session_id, title="Rufus", metadata={"channel": "web"}, etag=read["etag"]
    )
    with pytest.raises(VersionChanged):
        client.update_session(session_id, title="Rex", etag=read["etag"])
    fork = client.fork_session(session_id, up_to_seq=1)
    client.archive_session(session_id)
    with pytest.raises(SessionArchived) as refused:
        client.append_message(session_id, "Hello?")
    client.restore_session(session_id)
    client.erase_message(session_id, 1)
    tombstone = client.get_session(session_id)["messages"][0]
    client.delete_session(session_id)

    assert (changed["title"], changed["metadata"]) == ("Rufus", {"channel": "web"})
    assert fork["message_count"] == 1
    assert (refused.value.status, refused.value.code) == (409, "session_archived")
    assert (tombstone["deleted"], tombstone["content"]) == (True, "")
    with pytest.raises(NotFound):
        client.get_session(session_id)


def test_it_keeps_a_picture_and_reads_it_back(client: Client, session_id: str):
    content = files.picture()
    kept = client.upload_attachment(session_id, content, name="cat.png", media_type="image/png")
    part: Part = {"type": "image", "attachment_id": kept["attachment_id"], "alt": "A cat"}
    appended = client.append_message(session_id, "Who is this?", parts=[part])

    assert (kept["media_type"], kept["width"]) == ("image/png", 64)
    assert appended["parts"][1]["attachment_id"] == kept["attachment_id"]
    assert b"".join(client.attachment(kept["attachment_id"])) == content
    assert client.get_attachment(kept["attachment_id"])["name"] == "cat.png"
    with pytest.raises(InvalidRequest) as refused:
        client.upload_attachment(session_id, b"text", name="cat.png")
    assert refused.value.code == "attachment_type_mismatch"


def test_it_goes_through_all_pages(client: Client, session_id: str):
    texts = [f"Sentence {number}." for number in range(1, 8)]
    client.append_messages(session_id, [{"content": text} for text in texts])
    others = {client.create_session()["session_id"] for _ in range(3)}

    listed = [session["session_id"] for session in client.sessions(page_size=2)]
    forward = [message["content"] for message in client.messages(session_id, page_size=3)]
    back = client.messages(session_id, newest_first=True, page_size=3)
    later = client.messages(session_id, after=5, page_size=1)

    assert forward == texts
    assert [message["content"] for message in back] == texts[::-1]
    assert [message["seq"] for message in later] == [6, 7]
    assert len(listed) == len(set(listed))
    assert others < set(listed)


def test_it_exports_a_session(client: Client, session_id: str):
    client.append_message(session_id, QUESTION)

    whole = json.loads(b"".join(client.export(session_id)))
    markdown = b"".join(client.export(session_id, form="markdown")).decode()

    assert [message["content"] for message in whole["messages"]] == [QUESTION]
    assert QUESTION in markdown


def test_it_opens_a_session_by_an_id_of_ones_own(client: Client):
    first, second = (client.create_session(external_id="ticket:7") for _ in range(2))

    assert first["session_id"] == second["session_id"]


def test_the_same_key_stores_a_message_once(client: Client, session_id: str):
    for _ in range(2):
        client.append_message(session_id, QUESTION, client_id="once")

    assert client.get_session(session_id)["message_count"] == 1


def test_a_turn_streams_its_reply(client: Client, session_id: str):
    events = list(client.stream_chat(session_id, QUESTION))

    [planned] = [event for event in events if isinstance(event, Planned)]
    [replied] = [event for event in events if isinstance(event, Replied)]
    text = "".join(event.text for event in events if isinstance(event, Delta))
    assert planned.context["kept"] == 1
    assert text == replied.message["content"] != ""
    assert events[-1] == Ended("done")


def test_a_turn_is_waited_for(client: Client, session_id: str):
    result = client.chat(session_id, QUESTION)
    again = client.regenerate(session_id)

    assert result.user_message
    assert result.user_message["content"] == QUESTION
    assert result.reply
    assert result.text == result.reply["content"] != ""
    assert again.reply
    assert (again.reply["seq"], again.reply["generation"]["reply_to"]) == (3, 1)
    assert client.cancel_turn(session_id) is None
    assert list(client.stream_turn(session_id)) == []


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


@pytest.mark.parametrize("cut", CUTS)
def test_a_turn_survives_its_connection(clients: Clients, client: Client, cut: str):
    marks, requests = CUTS[cut]
    session_id = client.create_session()["session_id"]
    transport = CuttingTransport(once(*marks))
    with httpx.Client(transport=transport) as http:
        cutting = Client(clients.base, api_key=clients.key, retries=QUICK, http=http)
        events = list(cutting.stream_chat(session_id, QUESTION))

    question, reply = client.get_session(session_id)["messages"]
    assert (question["content"], reply["content"]) == (QUESTION, text_of(events))
    assert [type(event) for event in events].count(Replied) == 1
    assert transport.requests[: len(requests)] == requests


@pytest.mark.parametrize("cut", CUTS)
def test_a_turn_survives_its_connection_on_an_event_loop(clients: Clients, cut: str):
    marks, requests = CUTS[cut]
    transport = AsyncCuttingTransport(once(*marks))

    async def events() -> tuple[list[Any], list[Any]]:
        async with httpx.AsyncClient(transport=transport) as http:
            client = AsyncClient(clients.base, api_key=clients.key, retries=QUICK, http=http)
            session = await client.create_session()
            streamed = [each async for each in client.stream_chat(session["session_id"], QUESTION)]
            stored = await client.get_session(session["session_id"])
            return streamed, [message["content"] for message in stored["messages"]]

    streamed, stored = asyncio.run(events())

    assert stored == [QUESTION, text_of(streamed)]
    assert [type(event) for event in streamed].count(Replied) == 1
    assert [each for each in transport.requests if "chat" in each][: len(requests)] == requests


def test_whoever_leaves_a_stream_finds_the_turn_again(client: Client, session_id: str):
    with closing(client.stream_chat(session_id, QUESTION, client_id="left")) as events:  # type: ignore[type-var]
        next(events)

    result = client.chat(session_id, QUESTION, client_id="left")

    assert [m["content"] for m in client.messages(session_id)] == [QUESTION, result.text]


def test_the_asynchronous_client_has_the_same_methods(clients: Clients):
    async def conversation() -> tuple[str, list[str], int]:
        async with AsyncClient(clients.base, api_key=clients.key) as client:
            session_id = (await client.create_session())["session_id"]
            result = await client.chat(session_id, QUESTION)
            texts = [m["content"] async for m in client.messages(session_id, page_size=1)]
            async with aclosing(client.sessions(page_size=1)) as sessions:  # type: ignore[type-var]
                listed = [await anext(sessions) for _ in range(2)]
            return result.text, texts, len(listed)

    reply, texts, listed = asyncio.run(conversation())

    assert texts == [QUESTION, reply]
    assert listed == 2
    public = {name for name in vars(Client) if not name.startswith("_")}
    assert public == {name for name in vars(AsyncClient) if not name.startswith("_")}


def test_it_signs_in_and_renews_its_tokens(clients: Clients, client: Client):
    account = {"username": "renewing", "password": "a long walk home"}
    client.register(**account)
    pairs: list[Any] = []
    with Client(clients.base, **account, on_tokens=pairs.append) as signed_in:
        session_id = signed_in.create_session()["session_id"]
    # An access token that is not valid any more; the refresh token still is.
    stale = {"access": "x.y.z", "refresh": pairs[0]["refresh"]}
    with Client(clients.base, tokens=stale, on_tokens=pairs.append) as renewing:
        renewing.append_message(session_id, QUESTION)
        key = renewing.create_api_key("mine", account["password"])["key"]
    with Client(clients.base, api_key=key) as by_key:
        read = by_key.get_session(session_id)

    assert len(pairs) == 2
    assert read["messages"][0]["content"] == QUESTION
    with (
        Client(clients.base, username="renewing", password="wrong") as wrong,
        pytest.raises(WrongCredentials),
    ):
        wrong.create_session()


@pytest.mark.parametrize(("position", "printed"), [(0, "[1, 2, 3, 4]\n"), (1, "cat.png\n")])
def test_the_page_shows_a_conversation_and_a_picture(
    clients: Clients,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    position: int,
    printed: str,
):
    blocks = shell.blocks(pages.read("client-library.md"))
    source = [block.text for block in blocks if block.language == "python"][position]
    source = source.replace(shell.SHOWN_BASE, clients.base).replace("sk-chat-...", clients.key)
    (tmp_path / "cat.png").write_bytes(files.picture())
    monkeypatch.chdir(tmp_path)

    exec(source, {})

    assert capsys.readouterr().out.endswith(printed)
