"""`clients/js` in Node, against a served instance; and what its types allow."""

import json
import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import NODE_PACKAGES, Clients, needs_node
from tests.docs import pages

LIBRARY = pages.ROOT / "clients" / "js"
PROGRAM = Path(__file__).parent / "node" / "library.mjs"
pytestmark = [
    pytest.mark.mongod("a process of its own"),
    pytest.mark.xdist_group("clients"),
    needs_node,
]
CUTS = {
    "not at all": ([], ["POST chat"]),
    "before the first event": ([": stream\n"], ["POST chat", "POST chat"]),
    "within the first words": (["event: delta\ndata:"], ["POST chat", "GET chat/stream"]),
    "twice": (
        [": stream\n", "event: message\n"],
        ["POST chat", "POST chat", "GET chat/stream"],
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where Node and TypeScript find the module."""
    for name in ("chat-sessions.js", "chat-sessions.d.ts"):
        shutil.copy(LIBRARY / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(NODE_PACKAGES)
    return tmp_path


@pytest.mark.parametrize("cut", CUTS)
def test_a_turn_survives_its_connection_in_node(clients: Clients, folder: Path, cut: str):
    marks, requests = CUTS[cut]
    shutil.copy(PROGRAM, folder)

    seen = json.loads(clients.run("node", "library.mjs", json.dumps(marks), cwd=folder))

    assert seen["requests"][: len(requests)] == requests
    assert seen["messages"] == ["My dog is called Rufus. 🐕", seen["text"]]
    assert seen["types"] == ["context", "delta", "message", "done"]
    assert (seen["message_count"], seen["refused"], seen["gone"]) == (3, "session_archived", 404)
    assert seen["readBack"] == "Rufus is a dog."
    assert (seen["listed"], seen["hits"], seen["exported"], seen["pairs"]) == (True, True, True, 2)


def test_its_types_are_those_of_its_source(clients: Clients, folder: Path):
    shutil.copy(LIBRARY / "tsconfig.json", folder)
    (folder / "chat-sessions.d.ts").unlink()
    clients.run("npx", "tsc", "-p", "tsconfig.json", cwd=folder)

    assert (folder / "chat-sessions.d.ts").read_text() == (
        LIBRARY / "chat-sessions.d.ts"
    ).read_text()


def test_its_types_refuse_what_is_wrong(clients: Clients, folder: Path):
    options = "--strict --noEmit --target es2022 --module nodenext --lib es2022,dom"
    right = """
        import { ChatSessions, type Session } from "./chat-sessions.js";
        const client = new ChatSessions("https://chat.example", { apiKey: "sk" });
        const session: Session = await client.createSession({ title: "Hi" });
        for await (const event of client.streamChat(session.session_id, "Hi"))
          if (event.type === "delta") event.text.toUpperCase();
    """
    (folder / "page.ts").write_text(right)
    clients.run("npx", "tsc", *options.split(), "page.ts", cwd=folder)
    (folder / "page.ts").write_text(right.replace('title: "Hi"', "titel: 5"))
    with pytest.raises(AssertionError, match="titel"):
        clients.run("npx", "tsc", *options.split(), "page.ts", cwd=folder)
